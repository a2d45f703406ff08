//! The warehouse contract: every collected table and column once, with type, unit, sensitivity class, purpose, source
//! and a sentence. `sanitizer` builds batches of these schemas, `loader` keeps them, `sql/staging` reads them, and the
//! privacy manifest is printed from them. What is not declared here cannot be stored. Beside the lake there is the state
//! store, whose files are declared here, too ([`STATE`]).

mod agents;
mod column;
mod domain;
mod label;
mod organizations;
mod privacy_ledger;
mod state;
mod table;
mod ticket_events;
mod ticket_metric_events;
mod ticket_metric_sets;
mod tickets;

pub use agents::AGENTS;
pub use column::{Class, Column, Kind, Purpose};
pub use domain::{
    CHANNEL, CHILD_EVENT_KIND, Domain, EVENT_FIELD, EVENT_VIA, METRIC, METRIC_EVENT_TYPE, OTHER, PRIORITY,
    ROLE, STATUS, STREAM, SUPPORT_TYPE, TICKET_TYPE, VIA_REL,
};
pub use label::{LABEL_BYTES_MAX, Label};
pub use organizations::ORGANIZATIONS;
pub use privacy_ledger::PRIVACY_LEDGER;
pub use state::{Holds, STATE, STATE_STREAMS, StateFile, StateKind, StateValue};
pub use table::{CONTRACT_VERSION, Table, Version};
pub use ticket_events::{EVENT_WORD, TICKET_EVENTS};
pub use ticket_metric_events::TICKET_METRIC_EVENTS;
pub use ticket_metric_sets::TICKET_METRIC_SETS;
pub use tickets::TICKETS;

/// Every collected table.
pub const ALL: [&Table; 7] = [
    &TICKETS,
    &TICKET_METRIC_SETS,
    &TICKET_EVENTS,
    &TICKET_METRIC_EVENTS,
    &AGENTS,
    &ORGANIZATIONS,
    &PRIVACY_LEDGER,
];

/// The table of this name.
pub fn by_name(name: &str) -> Option<&'static Table> {
    ALL.into_iter().find(|table| table.name == name)
}
