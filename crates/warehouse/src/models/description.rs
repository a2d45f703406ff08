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
    /// Month column that a mart is partitioned by. With a column `ticket_id` beside it, each row is made from the rows of
    /// its ticket alone, and a refresh can make some tickets anew; any other mart is made anew as a whole each time, or from a
    /// day on.
    pub partition: Option<String>,
    /// The rows are sums by day of marts of tickets: a refresh of some tickets makes those days anew from which on they count
    /// otherwise. Not looked at in a model of the operator's own.
    pub days: Option<SumsByDay>,
    /// How many tickets stand behind a row, as SQL over its columns; `account` where a row is about the whole account.
    /// None where a row is about a single ticket or agent. Groups that are too small are not published.
    pub group_size: Option<String>,
    /// Collected tables without which no row can be told: while one is missing, a mart is empty.
    #[serde(default)]
    pub needs: Vec<String>,
    /// What a reader must know before using the numbers.
    #[serde(default)]
    pub caveats: Vec<String>,
    /// The columns in order.
    #[serde(default)]
    pub columns: Vec<ModelColumn>,
    /// What must hold beyond what the columns say.
    #[serde(default)]
    pub checks: Vec<OwnCheck>,
    /// How numbers of a mart of tickets come about.
    #[serde(default)]
    pub explain: Vec<Explain>,
}

impl Description {
    /// The tables that its rows and columns need.
    pub(crate) fn all_needs(&self) -> impl Iterator<Item = &str> {
        let of_columns = self.columns.iter().flat_map(|column| &column.needs);
        self.needs.iter().chain(of_columns).map(String::as_str)
    }
}

/// `[days]`: what the rows of a mart sum, each of one day or until then.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumsByDay {
    /// The column of the day.
    pub column: String,
    /// Whether it holds the first day of the month instead.
    #[serde(default)]
    pub is_month: bool,
    /// All that is summed.
    pub sums: Vec<Summed>,
}

/// How the rows of a mart of tickets count in a sum by day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summed {
    /// The mart of tickets.
    pub mart: String,
    /// Columns of instants or days: on each of these, by itself, a row counts, and maybe on later days.
    pub at: Vec<String>,
    /// Further columns on which it depends how a row counts.
    pub by: Vec<String>,
}

impl Summed {
    /// Every column that is summed or decides how.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &String> {
        self.at.iter().chain(&self.by)
    }
}

/// `[[explain]]`: the pieces that add up to numbers of a ticket.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// What is explained, without unit and clock: `agent_work`.
    pub metric: String,
    /// Columns of the mart that the pieces add up to: in minutes or seconds, or counts.
    pub columns: Vec<String>,
    /// Further columns that help to read it.
    #[serde(default)]
    pub facts: Vec<String>,
    /// Column that names each row, where a ticket has several.
    pub named_by: Option<String>,
    /// Selects the pieces: the mart's key, `what`, `valid_from`, and for spans `valid_to`, `seconds_calendar`,
    /// `seconds_business` and `schedule`. It may read any model but marts.
    pub sql: String,
}

impl Explain {
    /// Whether a person may mean it by this name.
    pub(crate) fn answers_to(&self, name: &str) -> bool {
        self.metric == name
            || self.columns.iter().any(|column| column == name)
            || self.names().any(|known| known == name)
    }

    /// Names of its rows, where they are known beforehand.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names: &[&str] =
            if self.named_by.as_deref() == Some("policy_metric") { &POLICY_METRICS } else { &[] };
        names.iter().copied()
    }
}

/// Metrics as SLA policies name them.
const POLICY_METRICS: [&str; 8] = [
    "agent_work_time",
    "first_reply_time",
    "group_ownership_time",
    "next_reply_time",
    "pausable_update_time",
    "periodic_update_time",
    "requester_wait_time",
    "total_resolution_time",
];

/// `[[checks]]`: a statement of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnCheck {
    /// What must hold, in words.
    pub name: String,
    /// Selects the rows against it. It may read marts, staging models and what the warehouse gives.
    pub sql: String,
    /// What such a row does.
    #[serde(default)]
    pub severity: Severity,
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
    /// Collected tables without which it cannot be told: while one is missing, it is NULL in a mart.
    #[serde(default)]
    pub needs: Vec<String>,
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
    /// It is reported, and nothing of the refresh is published.
    #[default]
    Fail,
}

impl Severity {
    /// The word in `.toml` files and in `data_checks`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}
