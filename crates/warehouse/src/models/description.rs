//! The `.toml` beside a model: what a row is, what the columns mean, what must hold.

use serde::Deserialize;

/// What stands beside a model's SQL.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// What the model says, in a sentence or two.
    pub about: String,
    /// What one row is.
    pub grain: String,
    /// Columns that identify a row; checked to be unique. Empty where rows have no identity of their own.
    #[serde(default)]
    pub key: Vec<String>,
    /// Month column that a mart is partitioned by. Such a mart can be refreshed month by month; one without is made
    /// anew from other marts each time.
    pub partition: Option<String>,
    /// How many tickets stand behind a row, as SQL over its columns; `account` where a row is about the whole account.
    /// None where a row is about a single ticket or agent. Groups that are too small are not published.
    pub group_size: Option<String>,
    /// What a reader must know before using the numbers.
    #[serde(default)]
    pub caveats: Vec<String>,
    /// The columns in order. Marts describe all of theirs.
    #[serde(default)]
    pub columns: Vec<ModelColumn>,
}

/// One column of a model, with what is checked of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelColumn {
    /// Name in SQL.
    pub name: String,
    /// Unit of the values: `minutes`, `seconds`, `tickets`, `ratio`; none where there is no quantity.
    pub unit: Option<String>,
    /// What it means.
    pub about: String,
    /// What NULL means. A column without it is checked to hold no NULL.
    pub null: Option<String>,
    /// Where it comes from, when that is not plain from the model's inputs.
    pub source: Option<String>,
    /// Smallest value that is accepted.
    pub min: Option<f64>,
    /// Greatest value that is accepted.
    pub max: Option<f64>,
    /// `table.column` in which every value must stand.
    pub references: Option<String>,
    /// What a value against these rules does.
    #[serde(default)]
    pub severity: Severity,
}

/// What a failed check does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It is reported.
    Warn,
    /// It is reported, and the refresh counts as failed.
    #[default]
    Fail,
}
