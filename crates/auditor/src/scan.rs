//! The examination of one object: what it needs to know, and where its findings go.

use std::collections::BTreeSet;

use deskmeter_tables::Table;

use crate::canaries::Canaries;
use crate::finding::Findings;
use crate::patterns::{self, Manner};
use crate::{Expectations, Part, Place, Rule};

/// What every examination shares.
#[derive(Debug)]
pub(crate) struct Knowledge {
    pub(crate) expectations: Expectations,
    pub(crate) canaries: Canaries,
    pub(crate) hosts: BTreeSet<String>,
}

/// One object that is examined.
#[derive(Debug)]
pub(crate) struct Scan<'k> {
    pub(crate) knowledge: &'k Knowledge,
    object: String,
    table: Option<String>,
    pub(crate) findings: Findings,
    /// Values that were looked at.
    pub(crate) values: u64,
}

impl<'k> Scan<'k> {
    /// `object` and `table` are names that may be told.
    pub(crate) fn new(knowledge: &'k Knowledge, object: String, table: Option<String>) -> Self {
        Self { knowledge, object, table, findings: Findings::default(), values: 0 }
    }

    /// Whether the object belongs to this collected table.
    pub(crate) fn is_of(&self, table: &Table) -> bool {
        self.table.as_deref() == Some(table.name)
    }

    pub(crate) fn report(&mut self, part: Part, column: Option<&str>, rule: Rule, value: &[u8]) {
        self.report_many(part, column, rule, 1, value);
    }

    fn report_many(&mut self, part: Part, column: Option<&str>, rule: Rule, count: u64, value: &[u8]) {
        let (object, table) = (self.object.clone(), self.table.clone());
        self.findings.add(
            Place { object, table, column: column.map(str::to_owned), part },
            rule,
            count,
            value,
        );
    }

    /// Looks for canaries only: for bytes that are no text.
    pub(crate) fn find_canaries(&mut self, part: Part, column: Option<&str>, bytes: &[u8]) {
        if let Some((count, found)) = self.knowledge.canaries.find(bytes) {
            self.report_many(part, column, Rule::Canary, count, found);
        }
    }

    /// Looks for canaries and for what looks like personal data.
    pub(crate) fn search(&mut self, part: Part, column: Option<&str>, bytes: &[u8], manner: Manner) {
        self.find_canaries(part, column, bytes);
        let knowledge = self.knowledge;
        patterns::search(bytes, manner, &knowledge.hosts, |rule, hit| self.report(part, column, rule, hit));
    }

    /// A text that is not what it should be: that it breaks `rule`, and what it looks like.
    pub(crate) fn refuse(&mut self, part: Part, column: Option<&str>, rule: Rule, text: &[u8]) {
        self.report(part, column, rule, text);
        self.search(part, column, text, Manner::Values);
    }
}
