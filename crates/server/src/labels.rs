//! The operator's own names for groups, agents and SLA policies. They are laid over the numbers when a page or an answer
//! is written and are never stored in the lake.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::error::ArrowError;
use serde::Deserialize;

use crate::Error;

/// Names for groups, agents and SLA policies.
///
/// ```toml
/// [groups]
/// 36000000000002 = "First line"
/// [agents]
/// 5f2a91c04e1b7d33 = "Early shift, desk 4"
/// [policies]
/// 36000000000009 = "Premium"
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    groups: BTreeMap<i64, String>,
    agents: BTreeMap<String, String>,
    policies: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default)]
    groups: BTreeMap<String, String>,
    #[serde(default)]
    agents: BTreeMap<String, String>,
    #[serde(default)]
    policies: BTreeMap<String, String>,
}

/// Finds the name of an id.
type Find = for<'a> fn(&'a Labels, &str) -> Option<&'a String>;

/// How many letters of a pseudonym are shown: enough to tell the agents of an account apart.
const PSEUDONYM_SHOWN: usize = 8;

impl Labels {
    /// Reads a label file.
    ///
    /// # Errors
    /// [`Error::Labels`] with the line, when it is no TOML of this shape or a group is no number.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wire: Wire = toml::from_str(text).map_err(|error| Error::Labels(error.message().to_owned()))?;
        let mut groups = BTreeMap::new();
        for (id, name) in wire.groups {
            let number = id.parse().map_err(|_| Error::Labels(format!("group {id} is no number")))?;
            groups.insert(number, name);
        }
        Ok(Self { groups, agents: wire.agents, policies: wire.policies })
    }

    /// The rows with names in the place of ids: of groups (`group_id`, `from_group_id`), agents (`agent_key`,
    /// `assignee_key`, `first_assignee_key`) and SLA policies (`sla_policy_id`, `group_sla_policy_key`). A column that may
    /// hold a name is text; an id without a name stays. Without any name the rows stay as they are.
    ///
    /// # Errors
    /// When a column of such a name holds what is no text and no number.
    pub fn name_rows(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let named = batch.schema_ref().fields().iter().zip(batch.columns());
        let named = named.map(|(field, column)| self.name_column(field, column));
        let (fields, columns): (Vec<_>, Vec<_>) = named.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows)
    }

    fn name_column(&self, field: &FieldRef, column: &ArrayRef) -> Result<(FieldRef, ArrayRef), ArrowError> {
        let Some(find) = self.names_of(field.name()) else {
            return Ok((Arc::clone(field), Arc::clone(column)));
        };
        let ids = cast(column, &DataType::Utf8)?;
        let name = |id| find(self, id).map_or(id, String::as_str);
        let names: StringArray = ids.as_string::<i32>().iter().map(|id| id.map(name)).collect();
        let field = Field::new(field.name(), DataType::Utf8, field.is_nullable());
        Ok((Arc::new(field), Arc::new(names)))
    }

    /// How the names of a column's ids are found; None where it holds none, or none has a name.
    fn names_of(&self, column: &str) -> Option<Find> {
        let is_of = |word: &str| column == word || column.ends_with(&format!("_{word}"));
        if is_of("group_id") && !self.groups.is_empty() {
            Some(|labels, id| labels.groups.get(&id.parse().ok()?))
        } else if (is_of("agent_key") || is_of("assignee_key")) && !self.agents.is_empty() {
            Some(|labels, key| labels.agents.get(key))
        } else if (is_of("policy_id") || is_of("policy_key")) && !self.policies.is_empty() {
            Some(|labels, key| labels.policies.get(key))
        } else {
            None
        }
    }

    /// Name of a group.
    pub(crate) fn group(&self, id: i64) -> String {
        self.groups.get(&id).cloned().unwrap_or_else(|| format!("Group {id}"))
    }

    /// Name of an SLA policy.
    pub(crate) fn policy(&self, key: &str) -> String {
        self.policies.get(key).cloned().unwrap_or_else(|| format!("Policy {key}"))
    }

    /// Name of an agent, or the beginning of the pseudonym.
    pub(crate) fn agent(&self, key: &str) -> String {
        let short = || format!("Agent {}", key.get(..PSEUDONYM_SHOWN).unwrap_or(key));
        self.agents.get(key).cloned().unwrap_or_else(short)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;

    #[test]
    fn names_stand_for_numbers_and_pseudonyms_only_where_given() {
        let labels = Labels::parse(
            "[groups]\n7 = \"First line\"\n[agents]\nabc = \"Desk 4\"\n[policies]\n9 = \"Gold\"",
        )
        .unwrap();
        assert_eq!(labels.group(7), "First line");
        assert_eq!(labels.group(8), "Group 8");
        assert_eq!(labels.agent("abc"), "Desk 4");
        assert_eq!(labels.agent("0123456789abcdef"), "Agent 01234567");
        assert_eq!((labels.policy("9"), labels.policy("8")), ("Gold".into(), "Policy 8".into()));
        assert!(Labels::parse("[groups]\nx = \"y\"").is_err());
    }

    #[test]
    fn rows_get_names_where_there_are_some_and_stay_otherwise() {
        let groups: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), Some(8), None]));
        let agents: ArrayRef = Arc::new(StringArray::from(vec!["abc", "def", "abc"]));
        let rows = RecordBatch::try_from_iter([("from_group_id", groups), ("assignee_key", agents)]).unwrap();
        let named = Labels::parse("[groups]\n7 = \"First line\"").unwrap().name_rows(&rows).unwrap();
        let groups: Vec<_> = named.column(0).as_string::<i32>().iter().collect();
        assert_eq!(groups, [Some("First line"), Some("8"), None]);
        assert_eq!(named.column(1), rows.column(1));
        assert_eq!(Labels::default().name_rows(&rows).unwrap(), rows);
    }
}
