//! The privacy border: the only crate that parses a page. Raw bytes come in; batches of the warehouse contract, the
//! envelope, rejects without content and a ledger of what was dropped go out.
//!
//! A page is read once, by typed layouts that name every key that may be kept ([`streams`]). A key that is not named
//! is skipped without being copied, and counted. What is kept is a number within its range, a time, a boolean, a
//! word of a closed list or a keyed pseudonym; there is no way to write a text of the page into a batch. Tags and
//! options that the operator allows one by one become the operator's own labels ([`AllowList`]). Nothing here knows
//! a clock, a file, a socket or the environment: the same bytes give the same rows.

mod allow_list;
mod batch;
mod civil;
mod context;
mod cursor;
mod envelope;
mod error;
mod json;
mod layout;
mod ledger;
mod page;
mod place;
mod pseudonym;
mod reject;
mod run_id;
mod sanitizer;
mod streams;
mod table_builder;
mod value;
mod via;

pub use allow_list::{AllowList, Allowed, LABELS_MAX};
pub use batch::CleanBatch;
pub use error::Error;
pub use ledger::{Ledger, LedgerRow};
pub use pseudonym::{Pseudonym, PseudonymKey};
pub use reject::{Fault, Reject, Rule};
pub use run_id::RunId;
pub use sanitizer::{CleanPage, Sanitizer, SanitizerOptions};
