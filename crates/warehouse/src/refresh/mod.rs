//! One refresh: every model evaluated once, and the marts checked before anyone sees them.

mod checks;
mod keeping;
mod missing;
mod plan;
mod report;
mod results;
mod run;
mod touched;

pub use missing::Untold;
pub(crate) use missing::{missing_tables, untold};
pub(crate) use plan::steps;
pub use report::{CheckReport, ModelReport, RefreshReport};
pub(crate) use report::{add_up, has_failed};
pub use results::CheckSummary;
pub(crate) use run::{Made, Refresh, bound_plan, evaluated, held, parameters};
pub(crate) use touched::{SLA_TARGETS, narrow, narrow_to_ticket, parts, running_months, touched_months};

use std::collections::BTreeSet;

/// What a refresh remakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshScope {
    /// Every mart, whole.
    Full,
    /// The months of creation of these tickets, and the marts that sum over all.
    Touched(Touched),
}

/// Tickets that changed since the last refresh, by themselves or by month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Months of creation, as `2026-11`.
    pub created_months: BTreeSet<String>,
    /// Tickets; their months are looked up.
    pub ticket_ids: BTreeSet<i64>,
}
