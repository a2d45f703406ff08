//! What the operator allows beyond structure: exact tags and exact options of custom fields, each under a label of
//! their own. Nothing is allowed unless it is named, and what is stored is the operator's label, never the text of
//! the page.

use std::collections::{BTreeSet, HashMap};

use deskmeter_tables::Label;

/// Labels that one allow-list can hold.
pub const LABELS_MAX: usize = 64;

/// What a label stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// A tag, letter by letter.
    Tag(String),
    /// An option of a custom field: its value letter by letter, `true` or `false` of a checkbox.
    Option {
        /// The custom field.
        field_id: i64,
        /// The option's value.
        option: String,
    },
}

/// Everything that is allowed, by what it is found as. Empty unless told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList {
    /// In order, each once.
    labels: Vec<Label>,
    tags: HashMap<String, LabelSet>,
    options: HashMap<i64, HashMap<String, LabelSet>>,
}

/// Some labels of one list, as a bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LabelSet(u64);

impl AllowList {
    /// The list of these; None when they are of more than [`LABELS_MAX`] labels. A tag or an option under two labels
    /// gives both.
    pub fn new(entries: impl IntoIterator<Item = (Label, Allowed)>) -> Option<Self> {
        let entries: Vec<_> = entries.into_iter().collect();
        let labels: BTreeSet<_> = entries.iter().map(|(label, _)| label.clone()).collect();
        let mut list = Self { labels: labels.into_iter().collect(), ..Self::default() };
        if list.labels.len() > LABELS_MAX {
            return None;
        }
        for (label, allowed) in entries {
            let set = list.labels.binary_search(&label).map_or(LabelSet(0), |at| LabelSet(1 << at));
            let known = match allowed {
                Allowed::Tag(tag) => list.tags.entry(tag).or_default(),
                Allowed::Option { field_id, option } => {
                    list.options.entry(field_id).or_default().entry(option).or_default()
                }
            };
            *known = known.and(set);
        }
        Some(list)
    }

    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    pub(crate) fn tag(&self, tag: &str) -> LabelSet {
        self.tags.get(tag).copied().unwrap_or_default()
    }

    pub(crate) fn option(&self, field_id: i64, option: &str) -> LabelSet {
        self.options.get(&field_id).and_then(|options| options.get(option)).copied().unwrap_or_default()
    }

    /// The labels of the set with commas between; None when there are none.
    pub(crate) fn text(&self, set: LabelSet) -> Option<String> {
        let is_in = |at: &usize| set.0 >> at & 1 == 1;
        let labels: Vec<_> = self.labels.iter().enumerate().filter(|(at, _)| is_in(at)).collect();
        let labels: Vec<_> = labels.into_iter().map(|(_, label)| label.as_str()).collect();
        (!labels.is_empty()).then(|| labels.join(","))
    }
}

impl LabelSet {
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}
