//! The models of `sql/`: read, described, ordered.

mod catalogue;
mod check;
mod decisions;
mod description;
mod files;
mod sql;

pub(crate) use catalogue::{CHECK_RESULTS, DATA_CHECKS, OF_EVERY_TICKET, TICKET};
pub use catalogue::{Catalogue, Layer, Model};
pub use check::Check;
pub(crate) use check::Rule;
pub use decisions::{Decision, decisions};
pub use description::{Description, Explain, ModelColumn, OwnCheck, Severity, Summed, SumsByDay};
pub(crate) use sql::{bind, parse_one, references};
