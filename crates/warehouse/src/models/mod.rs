//! The models of `sql/`: read, described, ordered.

mod catalogue;
mod description;
mod files;
mod sql;

pub use catalogue::{Catalogue, Layer, Model};
pub use description::{Description, ModelColumn, Severity};
pub(crate) use sql::{bind, parse_one, references};
