//! Which models a refresh evaluates, how, and how long their rows are held.

use std::collections::{BTreeMap, BTreeSet};

use crate::models::{Catalogue, Layer, Model};

/// How a model becomes available to the ones after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Evaluated where it is read.
    View,
    /// Evaluated once and held in memory until its last reader is done.
    Memory,
    /// Evaluated once, checked and kept.
    Kept,
}

/// One model to evaluate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) model: &'a Model,
    pub(crate) form: Form,
}

/// The marts for which `is_wanted` holds, with all that they need before them. A mart that is not wanted is not made:
/// it is read as it was kept.
pub(crate) fn steps(catalogue: &Catalogue, is_wanted: impl Fn(&Model) -> bool) -> Vec<Step<'_>> {
    let mut needed: BTreeSet<&str> = BTreeSet::new();
    for model in catalogue.models().iter().rev() {
        let is_needed = match model.layer {
            Layer::Mart => is_wanted(model),
            Layer::Staging | Layer::Intermediate => needed.contains(model.name.as_str()),
        };
        if is_needed {
            needed.insert(&model.name);
            needed.extend(model.upstream.iter().map(String::as_str));
        }
    }
    let is_step = |model: &&Model| match model.layer {
        Layer::Mart => is_wanted(model),
        Layer::Staging | Layer::Intermediate => needed.contains(model.name.as_str()),
    };
    let models: Vec<&Model> = catalogue.models().iter().filter(is_step).collect();
    models.iter().map(|model| Step { model, form: form(model, &models) }).collect()
}

/// An intermediate model that several others read is evaluated once; one with a single reader is part of its plan,
/// so that only the columns that it needs are computed.
fn form(model: &Model, models: &[&Model]) -> Form {
    match model.layer {
        Layer::Staging => Form::View,
        Layer::Mart => Form::Kept,
        Layer::Intermediate => {
            let readers = models.iter().filter(|other| other.upstream.contains(&model.name)).count();
            if readers > 1 { Form::Memory } else { Form::View }
        }
    }
}

/// The models whose rows nobody needs after each step, by the step's model. A view passes its need on to its readers.
pub(crate) fn last_use<'a>(steps: &[Step<'a>]) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    let forms: BTreeMap<&str, Form> =
        steps.iter().map(|step| (step.model.name.as_str(), step.form)).collect();
    for step in steps {
        let mut own = BTreeSet::new();
        for name in &step.model.upstream {
            match forms.get(name.as_str()) {
                Some(Form::View) => own.extend(needs.get(name.as_str()).into_iter().flatten().copied()),
                Some(Form::Memory) => {
                    own.insert(name.as_str());
                }
                Some(Form::Kept) | None => {}
            }
        }
        if step.form != Form::View {
            last.extend(own.iter().map(|name| (*name, step.model.name.as_str())));
        }
        needs.insert(&step.model.name, own);
    }
    let mut released: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, at) in last {
        released.entry(at).or_default().push(name);
    }
    released
}
