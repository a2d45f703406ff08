//! Contested definitions: the entries of `sql/DECISIONS.md` that a model's SQL, or that of a model below it, refers to.

use std::collections::BTreeSet;

use super::{Catalogue, Model};

include!(concat!(env!("OUT_DIR"), "/embedded_decisions.rs"));

/// What marks a reference in a comment of a model.
const REFERENCE: &str = "DECISIONS.md#";

/// One entry: what we do, what others do, an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Its heading, which is its anchor too.
    pub name: &'static str,
    /// Its text, as Markdown.
    pub text: &'static str,
}

/// All entries, in their order.
pub fn decisions() -> Vec<Decision> {
    let entries = DECISIONS.split("\n## ").skip(1);
    let entries = entries.filter_map(|entry| entry.split_once('\n'));
    entries.map(|(name, text)| Decision { name: name.trim(), text: text.trim() }).collect()
}

impl Catalogue {
    /// The entries that the model rests on, in their order: those that its SQL or any model below it refers to.
    pub fn decisions(&self, model: &Model) -> Vec<Decision> {
        let mut names = BTreeSet::new();
        for name in self.upstream_of(model) {
            names.extend(self.get(name).into_iter().flat_map(references));
        }
        names.extend(references(model));
        decisions().into_iter().filter(|decision| names.contains(decision.name)).collect()
    }

    /// Every model and table that the model rests on, however far below.
    pub fn upstream_of<'a>(&'a self, model: &'a Model) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut left: Vec<&str> = model.upstream.iter().map(String::as_str).collect();
        while let Some(name) = left.pop() {
            if found.insert(name) {
                left.extend(
                    self.get(name).iter().flat_map(|model| model.upstream.iter().map(String::as_str)),
                );
            }
        }
        found
    }
}

/// Entries that the comments of a model's SQL name.
fn references(model: &Model) -> impl Iterator<Item = &str> {
    let found = model.sql.split(REFERENCE).skip(1);
    found.filter_map(|rest| rest.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).next())
}
