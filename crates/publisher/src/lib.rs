//! Marts for tools that cannot read the lake: tables of a PostgreSQL database, or plain Parquet and CSV files.
//!
//! A publish is one transaction: readers see all of the former one or all of the new one. The database schema belongs
//! to one connection, says so in its comment, and one that does not is left alone.

mod columns;
mod copy;
mod database;
mod error;
mod export;
mod layout;
mod names;
mod options;
mod ownership;
mod publish;
mod reader_role;
mod relation;
mod report;
mod state;
mod table;
mod tls;
mod unpublish;
mod url;

pub use error::{Error, ServerError};
pub use export::{ExportFormat, export};
pub use options::PublishOptions;
pub use publish::{check, publish};
pub use report::{ExportReport, ExportedFile, PublishReport, Replaced, TableReport, Unpublished};
pub use unpublish::unpublish;
pub use url::DatabaseUrl;
