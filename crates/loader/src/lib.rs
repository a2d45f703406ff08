//! Rows and cursor become one commit. The loader is the only writer of the collected tables and takes nothing but what
//! the sanitizer let pass.
//!
//! A stream's position is a property of the table that the stream fills, and moves in the same commit as its rows: a
//! run that dies at any instant leaves both or neither. Rows that come again change nothing, so that a page may be
//! read any number of times. Each commit carries the fencing number of the run's lease; a run whose lease was taken
//! over cannot commit any more.

mod check;
mod commit;
mod erase;
mod error;
mod housekeeping;
mod incoming;
mod keys;
mod layout;
mod loader;
mod open;
mod probe;
mod stream;
mod upsert;

pub use check::{Fault, Finding, check, repair_logs, repair_marts};
pub use commit::Committed;
pub use erase::EraseReport;
pub use error::Error;
pub use housekeeping::{HousekeepingBudget, HousekeepingReport};
pub use loader::{Loader, LoaderOptions};
pub use stream::StreamWriter;
