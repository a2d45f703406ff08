//! One refresh: every model evaluated once, and the marts checked before anyone sees them.

mod checks;
mod keeping;
mod merging;
mod missing;
mod order;
mod plan;
mod report;
mod results;
mod run;
mod since;
mod touched;

pub(crate) use keeping::of_task;
pub(crate) use merging::Replaced;
pub use missing::Untold;
pub(crate) use missing::{missing_in_marts, missing_tables, untold};
pub(crate) use plan::steps;
pub use report::{CheckReport, ModelReport, RefreshReport};
pub(crate) use report::{add_up, has_failed};
pub use results::CheckSummary;
pub(crate) use run::{Made, Refresh, bound_plan, evaluated, held, parameters};
pub(crate) use since::{Day, FirstDays, Since, join};
pub(crate) use touched::{
    Kept, MOVED, OF_TICKETS, Part, TELLING, Tickets, assigned, narrow, narrow_to_ticket, newcomers, parts,
    unsolved,
};

use std::collections::BTreeSet;

/// What a refresh remakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshScope {
    /// Every mart, whole.
    Full,
    /// These tickets and those that move with time alone, and the marts that sum over all.
    Touched(Touched),
}

/// Tickets that changed since the last refresh.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Their ids.
    pub ticket_ids: BTreeSet<i64>,
}
