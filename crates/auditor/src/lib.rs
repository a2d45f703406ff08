//! The privacy audit: opens everything that really lies in a lake, and in the files beside it, and tells what should
//! not be there. It trusts no writer: what a table may hold is declared ([`Expectations`]), and logs, checkpoints,
//! every Parquet file (referenced or not), their pages, dictionaries, statistics and footers are held against it, and so
//! is every file of the state store.
//!
//! A finding names a place, a rule and the outline of what was found, never the value.

mod audit;
mod bytes_search;
mod canaries;
mod content;
mod delta_grammar;
mod delta_log;
mod error;
mod expectations;
mod finding;
mod listing;
mod local;
mod parquet_file;
mod parquet_pages;
mod patterns;
mod place;
mod rows;
mod scan;
mod state_store;

pub use audit::{AuditOptions, AuditReport, StateStore, audit};
pub use error::Error;
pub use expectations::{Content, Expectations, ExpectedColumn, ExpectedTable};
pub use finding::{Finding, Part, Place, Rule};
