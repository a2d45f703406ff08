//! What the prompt knows while somebody types: where a statement ends, and what a word may become.

use std::collections::{BTreeMap, BTreeSet};

use deskmeter_warehouse::Catalogue;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Result};

use super::commands;

/// Words of SQL that are worth completing.
const KEYWORDS: &[&str] = &[
    "and",
    "approx_percentile_cont",
    "as",
    "asc",
    "avg",
    "between",
    "by",
    "case",
    "cast",
    "coalesce",
    "count",
    "date_trunc",
    "desc",
    "distinct",
    "else",
    "end",
    "explain",
    "filter",
    "from",
    "group",
    "having",
    "in",
    "inner",
    "interval",
    "is",
    "join",
    "left",
    "like",
    "limit",
    "max",
    "median",
    "min",
    "not",
    "null",
    "on",
    "or",
    "order",
    "over",
    "partition",
    "select",
    "sum",
    "where",
];
/// Commands that are worth completing.
const COMMANDS: &[&str] = &["\\?", "\\d", "\\format", "\\q"];

/// Names of tables and their columns.
pub(super) struct Helper {
    tables: BTreeMap<String, Vec<String>>,
}

impl Helper {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let marts = catalogue.marts().map(|mart| {
            (mart.name.clone(), mart.description.columns.iter().map(|column| column.name.clone()).collect())
        });
        let collected = deskmeter_tables::ALL.iter().map(|table| {
            (table.name.to_owned(), table.columns.iter().map(|column| column.name.to_owned()).collect())
        });
        Self { tables: marts.chain(collected).collect() }
    }

    /// What the word that ends at `pos` may become, and where it starts. Behind `from`, `join` and `\d` stand tables;
    /// elsewhere columns of the tables that the statement names come before everything else's.
    fn candidates(&self, line: &str, pos: usize) -> (usize, Vec<String>) {
        let before = line.get(..pos).unwrap_or(line);
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '\\';
        let start = before.char_indices().rev().take_while(|(_, c)| is_part(*c)).last();
        let start = start.map_or(pos, |(at, _)| at);
        let (head, word) = before.split_at(start);
        let word = word.to_lowercase();
        let previous = head.split_whitespace().next_back().unwrap_or_default().to_lowercase();
        let names: Vec<&str> = if word.starts_with('\\') {
            COMMANDS.to_vec()
        } else if matches!(previous.as_str(), "from" | "join" | "\\d") {
            self.tables.keys().map(String::as_str).collect()
        } else {
            self.columns(line)
                .into_iter()
                .chain(KEYWORDS.iter().copied())
                .chain(self.tables.keys().map(String::as_str))
                .collect()
        };
        let found: BTreeSet<String> =
            names.into_iter().filter(|name| name.starts_with(&word)).map(str::to_owned).collect();
        (start, found.into_iter().collect())
    }

    /// Columns of the tables that stand in the statement; of all tables when none does.
    fn columns(&self, line: &str) -> Vec<&str> {
        let words: BTreeSet<&str> = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        let is_named = self.tables.keys().any(|table| words.contains(table.as_str()));
        let tables = self.tables.iter().filter(|(table, _)| !is_named || words.contains(table.as_str()));
        tables.flat_map(|(_, columns)| columns.iter().map(String::as_str)).collect()
    }
}

impl Completer for Helper {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<String>)> {
        Ok(self.candidates(line, pos))
    }
}

impl Validator for Helper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        Ok(if is_whole(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

impl Hinter for Helper {
    type Hint = String;
}

impl Highlighter for Helper {}

impl rustyline::Helper for Helper {}

/// Whether what was typed can be run: a command, nothing at all, or SQL that a `;` ends outside of quotes and comments.
fn is_whole(text: &str) -> bool {
    if text.trim().is_empty() || commands::parse(text).is_some() {
        return true;
    }
    let mut quote = None;
    let mut is_ended = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some('-'), '\n') => quote = None,
            (Some(open), letter) if open == letter && open != '-' => quote = None,
            (Some(_), _) => {}
            (None, '-') if letters.peek() == Some(&'-') => quote = Some('-'),
            (None, '\'' | '"') => (quote, is_ended) = (Some(letter), false),
            (None, ';') => is_ended = true,
            (None, letter) => is_ended &= letter.is_whitespace(),
        }
    }
    is_ended && !matches!(quote, Some('\'' | '"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn helper() -> Helper {
        let table = |name: &str, columns: &[&str]| {
            (name.to_owned(), columns.iter().map(|column| (*column).to_owned()).collect())
        };
        let tables = [table("tickets", &["ticket_id", "status"]), table("kpis", &["kpi", "value"])];
        Helper { tables: tables.into() }
    }

    fn check(line: &str, expected: (usize, &[&str])) {
        let (start, found) = helper().candidates(line, line.len());
        assert_eq!(
            (start, found.iter().map(String::as_str).collect::<Vec<_>>().as_slice()),
            expected,
            "{line}"
        );
    }

    #[test]
    fn completes_tables_columns_and_words_where_each_may_stand() {
        check("select * from ti", (14, &["tickets"]));
        check("select * from ", (14, &["kpis", "tickets"]));
        check("\\d k", (3, &["kpis"]));
        check("\\f", (0, &["\\format"]));
        check("SEL", (0, &["select"]));
        check("select * from tickets where ti", (28, &["ticket_id", "tickets"]));
        check("select * from kpis where ti", (25, &["tickets"]));
        check("select kpi.v", (11, &["value"]));
    }

    #[test]
    fn a_statement_ends_with_a_semicolon_outside_of_quotes_and_comments() {
        for whole in ["", "\\d", "select 1;", "select ';';", "select 1; -- done", "select\n1\n;  "] {
            assert!(is_whole(whole), "{whole}");
        }
        for part in ["select 1", "select ';", "select 1 -- ;", "select \"a;\"", "select 1; select 2"] {
            assert!(!is_whole(part), "{part}");
        }
    }
}
