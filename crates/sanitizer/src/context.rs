//! What the rows of one page share while they are read.

use std::collections::HashSet;

use deskmeter_tables::Table;
use deskmeter_zendesk::UnixSeconds;

use crate::allow_list::AllowList;
use crate::ledger::Tally;
use crate::place::Place;
use crate::pseudonym::{Pseudonym, PseudonymKey, Pseudonyms};
use crate::reject::{Fault, Reject, Rule};

/// The state of a page that is being read. Nothing of it is kept if the page is refused.
pub(crate) struct Context<'s> {
    pub(crate) pseudonyms: Pseudonyms<'s>,
    pub(crate) allow: &'s AllowList,
    known_agents: &'s HashSet<Pseudonym>,
    pub(crate) new_agents: HashSet<Pseudonym>,
    pub(crate) tally: Tally,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) newest: Option<UnixSeconds>,
    pub(crate) rows: u64,
}

impl<'s> Context<'s> {
    pub(crate) fn new(
        key: &'s PseudonymKey,
        allow: &'s AllowList,
        known_agents: &'s HashSet<Pseudonym>,
    ) -> Self {
        Self {
            pseudonyms: Pseudonyms::new(key),
            allow,
            known_agents,
            new_agents: HashSet::new(),
            tally: Tally::default(),
            rejects: Vec::new(),
            newest: None,
            rows: 0,
        }
    }

    /// Notes the version of a row, whatever becomes of the row.
    pub(crate) fn saw(&mut self, version: Result<Option<UnixSeconds>, Rule>) {
        self.newest = self.newest.max(version.ok().flatten());
    }

    pub(crate) fn reject(&mut self, table: &'static Table, record_id: Option<i64>, rule: Rule) {
        self.tally.reject(rule);
        self.rejects.push(Reject { table: table.name, record_id, rule });
    }

    /// Refuses what stands where a row should.
    pub(crate) fn reject_non_object(&mut self, table: &'static Table, place: Place) {
        self.reject(table, None, Rule { place, index: place.whole(), fault: Fault::WrongType });
    }

    pub(crate) fn is_agent(&self, key: Pseudonym) -> bool {
        self.known_agents.contains(&key) || self.new_agents.contains(&key)
    }
}
