//! Which models a refresh evaluates, and how.

use std::collections::BTreeSet;

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
