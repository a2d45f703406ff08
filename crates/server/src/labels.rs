//! The operator's own names for groups, agents and SLA policies. They are laid over the numbers when a page is written and are never
//! stored in the lake.

use std::collections::BTreeMap;

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
}
