//! The dashboards as data: which question each panel asks and how its answer is drawn. A new panel is a file in
//! `queries/` and an entry here.

mod backlog;
mod escalations;
mod overview;
mod privacy;
mod quality;
mod resolution;
mod sla;
mod workload;

use crate::charts::Kind;
use crate::data::sql::Query;
use crate::format::Unit;

/// Every dashboard, in the order of the sidebar.
pub(crate) const ALL: [&Dashboard; 8] = [
    &overview::DASHBOARD,
    &resolution::DASHBOARD,
    &sla::DASHBOARD,
    &escalations::DASHBOARD,
    &workload::DASHBOARD,
    &backlog::DASHBOARD,
    &quality::DASHBOARD,
    &privacy::DASHBOARD,
];

/// A page of headline numbers and panels.
#[derive(Debug)]
pub(crate) struct Dashboard {
    /// Name in URLs.
    pub(crate) slug: &'static str,
    /// Name in the sidebar.
    pub(crate) title: &'static str,
    /// What it answers.
    pub(crate) about: &'static str,
    /// Whether period, group, priority and channel apply.
    pub(crate) has_filters: bool,
    /// What it has beyond numbers, filters and panels.
    pub(crate) extra: Extra,
    /// Headline numbers.
    pub(crate) kpis: Option<Kpis>,
    /// Panels in order.
    pub(crate) panels: &'static [Panel],
}

impl Dashboard {
    /// Every question of the page.
    pub(crate) fn queries(&self) -> impl Iterator<Item = &'static Query> {
        let kpis = self.kpis.iter().flat_map(|kpis| [Some(kpis.query), kpis.trend]).flatten();
        kpis.chain(self.panels.iter().map(|panel| panel.query))
    }
}

/// What only some reports have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extra {
    /// Nothing.
    None,
    /// A choice by what lines are split.
    Split,
    /// A slider for the day that is looked at.
    Instant,
    /// The last audit, and the list of all columns.
    Privacy,
}

/// Headline numbers: one row, asked for the period and for the one before.
#[derive(Debug)]
pub(crate) struct Kpis {
    /// Gives one row.
    pub(crate) query: &'static Query,
    /// Gives a row for each step of time, with columns of the same names; those it lacks have no trend line.
    pub(crate) trend: Option<&'static Query>,
    /// Which columns.
    pub(crate) items: &'static [Kpi],
}

/// One headline number.
#[derive(Debug)]
pub(crate) struct Kpi {
    /// Column of the query.
    pub(crate) column: &'static str,
    /// What it is.
    pub(crate) label: &'static str,
    /// Its unit.
    pub(crate) unit: Unit,
    /// Which way is good.
    pub(crate) good: Good,
    /// The definition in a sentence.
    pub(crate) about: &'static str,
}

/// Which way a number should move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Good {
    /// Higher is better.
    Up,
    /// Lower is better.
    Down,
    /// Neither.
    Neutral,
    /// There is no number of an earlier period.
    Untold,
}

/// A question and how its answer is shown.
#[derive(Debug)]
pub(crate) struct Panel {
    /// The question.
    pub(crate) query: &'static Query,
    /// What it shows.
    pub(crate) title: &'static str,
    /// How to read it: which tickets, which definition.
    pub(crate) about: &'static str,
    /// How it is drawn.
    pub(crate) view: View,
    /// Whether it takes the whole width.
    pub(crate) is_wide: bool,
}

/// How an answer is drawn.
#[derive(Debug)]
pub(crate) enum View {
    /// A chart over time: the first column is the day that a step begins with.
    Time {
        /// Unit of all series.
        unit: Unit,
        /// How they are drawn.
        kind: Kind,
        /// Columns and their names.
        series: &'static [(&'static str, &'static str)],
    },
    /// A chart over time with a line for each part: the first column is the day that a step begins with, `part` the part.
    Split {
        /// Unit of all lines.
        unit: Unit,
        /// Column of the values.
        column: &'static str,
    },
    /// A chart over classes: the first column is the class's label.
    Classes {
        /// Unit of all series.
        unit: Unit,
        /// How they are drawn.
        kind: Kind,
        /// Columns and their names.
        series: &'static [(&'static str, &'static str)],
    },
    /// Bands between tiers, from `from_tier` to `to_tier`, as thick as `n_steps`, with this table behind them.
    Flow(&'static [Column]),
    /// A table; the first column says what a row is about.
    Table(&'static [Column]),
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    /// Column of the query.
    pub(crate) name: &'static str,
    /// Its head.
    pub(crate) label: &'static str,
    /// What its values are.
    pub(crate) content: Content,
}

/// What values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Numbers.
    Number(Unit),
    /// Numbers with a bar; the longest is that of the column's greatest value.
    Bar(Unit),
    /// Words of a closed list.
    Word,
    /// A group's id; NULL is no group.
    Group,
    /// An agent's pseudonym; NULL is unassigned.
    Agent,
    /// An SLA policy's id or key; NULL is none.
    Policy,
    /// A ticket's number.
    Ticket,
    /// Text as it is.
    Text,
    /// The first day of a month.
    Month,
    /// An instant.
    Time,
    /// A number of tickets that decides whether the row is about too few of them for a report that is handed on.
    Cell,
}

/// A column of a table.
const fn column(name: &'static str, label: &'static str, content: Content) -> Column {
    Column { name, label, content }
}

/// The headline numbers of the overview.
pub(crate) fn overview_kpis() -> &'static [Kpi] {
    overview::KPIS
}

/// The dashboard of this name.
pub(crate) fn get(slug: &str) -> Option<&'static Dashboard> {
    ALL.into_iter().find(|dashboard| dashboard.slug == slug)
}
