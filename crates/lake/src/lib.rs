//! Where the bytes lie: Delta tables of plain Parquet at `<lake url>/<connection>/<table>/`, on local disk, S3, GCS or
//! Azure. `loader` keeps the collected tables and `warehouse` the marts by the same few mechanics: open, write files,
//! commit once, replace, compact, clean up, erase. A commit never waits for another writer: it succeeds on exactly the
//! version it was made for, or ends in [`Error::Conflict`], and the caller reads again and decides anew.

mod among;
mod aws_profile;
mod busy;
mod commit;
mod compact;
mod connection;
mod credentials;
mod durable;
mod encode;
mod error;
mod files;
mod location;
mod log;
mod replace;
mod retention;
mod schema;
mod scratch;
mod staged;
mod verify;
mod writer;

pub use among::Among;
pub use busy::busy;
pub use commit::{Change, FENCE, commit, fence, refuse_fenced};
pub use compact::{Layout, SMALL_FILES_MAX, compact};
pub use connection::{ConnectionLake, Lake, Purged, TableSpec};
pub use credentials::credentials;
pub use encode::{EncodedFile, FILE_BYTES_MAX, FileEncoder, writer_properties};
pub use error::{Cause, Error};
pub use files::{DataFile, FetchedFile, data_files, fetch_file, read_file};
pub use location::object_store;
pub use log::{LogFault, log_faults, repair_log};
pub use replace::{StagedRows, Written};
pub use retention::{Cleaned, Retention, checkpoint_if_due, clean_up, orphans, write_checkpoint};
pub use schema::{CONTRACT, DATA_SKIPPING, conform, storable_schema};
pub use staged::sweep_staged;
pub use verify::{FileFault, verify_file};
pub use writer::{FILE_ROWS_MAX, FileWriter};

pub use deltalake_core::DeltaTable;
pub use deltalake_core::kernel::{Add, Remove};
