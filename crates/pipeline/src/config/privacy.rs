//! `[privacy]`: the labels under which the operator allows tags and field options.

use std::collections::{BTreeMap, BTreeSet};

use deskmeter_sanitizer::{AllowList, Allowed, LABELS_MAX};
use deskmeter_tables::{LABEL_BYTES_MAX, Label};
use deskmeter_warehouse::LabelSpec;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Problem;

/// `[privacy]`: what may be stored beyond structure.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacyConfig {
    /// Groups of fewer tickets are neither published nor exported; above 1, nor is what is about a single ticket or
    /// agent.
    pub group_min: u32,
    /// What is allowed, label by label. Nothing is unless it stands here.
    pub labels: BTreeMap<String, LabelConfig>,
}

/// `[privacy.labels.escalated]`: what the label stands for, and what it means.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LabelConfig {
    /// Tags, letter by letter.
    pub tags: Vec<String>,
    /// The custom field whose `options` are meant.
    pub field_id: Option<i64>,
    /// Values of the field, letter by letter; `true` or `false` for a checkbox.
    pub options: Vec<String>,
    /// Whether setting it is an escalation.
    pub is_escalation: bool,
    /// The support tier that a ticket with it is in.
    pub tier: Option<u32>,
}

impl Default for PrivacyConfig {
    fn default() -> Self {
        Self { group_min: 1, labels: BTreeMap::new() }
    }
}

impl LabelConfig {
    /// Everything that the label stands for.
    pub fn allowed(&self) -> impl Iterator<Item = Allowed> {
        let tags = self.tags.iter().cloned().map(Allowed::Tag);
        let option = |field_id| move |option| Allowed::Option { field_id, option };
        let options = self
            .field_id
            .into_iter()
            .flat_map(move |field_id| self.options.iter().cloned().map(option(field_id)));
        tags.chain(options)
    }
}

impl PrivacyConfig {
    /// What the sanitizer lets through. A checked file has one.
    pub(crate) fn allow_list(&self) -> Option<AllowList> {
        let mut entries = Vec::new();
        for (name, config) in &self.labels {
            let label = Label::parse(name)?;
            entries.extend(config.allowed().map(|allowed| (label.clone(), allowed)));
        }
        AllowList::new(entries)
    }

    /// What the labels mean for escalations.
    pub(crate) fn label_specs(&self) -> Vec<LabelSpec> {
        let spec = |(label, config): (&String, &LabelConfig)| LabelSpec {
            label: label.clone(),
            is_escalation: config.is_escalation,
            tier: config.tier,
        };
        self.labels.iter().map(spec).collect()
    }

    /// Everything that is wrong with it.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.labels.len() > LABELS_MAX {
            let what = format!("{} labels; write at most {LABELS_MAX}", self.labels.len());
            problems.push(Problem { at: "privacy.labels".to_owned(), what });
        }
        let mut tags = BTreeSet::new();
        let mut options = BTreeSet::new();
        for (name, config) in &self.labels {
            let mut problem =
                |what: String| problems.push(Problem { at: format!("privacy.labels.{name}"), what });
            if Label::parse(name).is_none() {
                problem(format!(
                    "no label: write a letter, then a-z, 0-9 and _, at most {LABEL_BYTES_MAX} characters"
                ));
            }
            if config.allowed().next().is_none() {
                problem("names nothing: write tags, or field_id with options".to_owned());
            }
            if config.field_id.is_some() == config.options.is_empty() {
                problem("field_id and options go together".to_owned());
            }
            for tag in &config.tags {
                if tag.is_empty() || tag.contains(|c: char| c.is_whitespace() || c == ',') {
                    problem(format!("`{tag}` is no tag: tags hold neither blanks nor commas"));
                }
                if !tags.insert(tag) {
                    problem(format!("the tag `{tag}` has a label already"));
                }
            }
            for option in &config.options {
                if !options.insert((config.field_id, option)) {
                    problem(format!("the option `{option}` of the field has a label already"));
                }
            }
        }
        problems
    }
}
