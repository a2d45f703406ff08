//! What must hold of a model's rows, as its description says it.

use super::{Description, Severity};

/// One thing that must hold of a mart's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What must hold, in words: `key is unique`, `status is not null`. Unique within the model.
    pub name: String,
    /// What rows against it do.
    pub severity: Severity,
    pub(crate) rule: Rule,
}

/// How rows against a check are found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rule {
    /// The columns are those described, in that order.
    Columns,
    /// No two rows have the same key.
    Key,
    /// The column holds no NULL.
    NotNull(String),
    /// The column's values lie within these bounds.
    Range(String, f64, f64),
    /// The first column's values are not greater than the second's, where both are known.
    AtMost(String, String),
    /// The column's values stand in `table.column`.
    Relation(String, String, String),
    /// A statement that selects the rows against it.
    Sql(String),
}

impl Description {
    /// Every check of a mart with this description.
    pub fn checks(&self) -> Vec<Check> {
        let of = |name: String, severity, rule| Check { name, severity, rule };
        let mut checks = Vec::new();
        if !self.columns.is_empty() {
            checks.push(of("columns are those described".to_owned(), Severity::Fail, Rule::Columns));
        }
        if !self.key.is_empty() {
            checks.push(of("key is unique".to_owned(), Severity::Fail, Rule::Key));
        }
        for column in &self.columns {
            let name = &column.name;
            if column.null.is_none() {
                checks.push(of(format!("{name} is not null"), column.severity, Rule::NotNull(name.clone())));
            }
            if column.min.is_some() || column.max.is_some() {
                let (min, max) =
                    (column.min.unwrap_or(f64::NEG_INFINITY), column.max.unwrap_or(f64::INFINITY));
                let rule = Rule::Range(name.clone(), min, max);
                checks.push(of(format!("{name} is in range"), column.severity, rule));
            }
            if let Some(calendar) = self.calendar_twin(name) {
                let rule = Rule::AtMost(name.clone(), calendar.to_owned());
                checks.push(of(format!("{name} is at most {calendar}"), Severity::Fail, rule));
            }
            if let Some((table, other)) = column.references.as_deref().and_then(|path| path.split_once('.')) {
                let rule = Rule::Relation(name.clone(), table.to_owned(), other.to_owned());
                checks.push(of(format!("{name} stands in {table}.{other}"), column.severity, rule));
            }
        }
        checks.extend(
            self.checks.iter().map(|own| of(own.name.clone(), own.severity, Rule::Sql(own.sql.clone()))),
        );
        checks
    }

    /// The column that measures in calendar time what this one measures in business time.
    fn calendar_twin(&self, column: &str) -> Option<&str> {
        if !column.contains("_business") || column.starts_with("is_") || column.starts_with("zendesk_") {
            return None;
        }
        let twin = column.replace("_business", "_calendar");
        self.columns.iter().map(|other| other.name.as_str()).find(|other| *other == twin)
    }
}
