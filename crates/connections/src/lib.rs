//! The life-cycle of a connection: sealed tokens, leases, status, runs, deletion and its receipt. Everything lives in
//! an object store under one prefix, local disk and bucket alike, and time is handed in as Unix seconds.
//!
//! ```text
//! <prefix>/connections/<name>/tokens/N   sealed: tokens and the pseudonym key      deleted on disconnect
//! <prefix>/connections/<name>/runs/N     plain JSON: the last runs                 deleted on disconnect
//! <prefix>/status/<name>/N               plain JSON: what a person wants to know
//! <prefix>/leases/<name>/N               plain JSON: who works on it; N is the fencing number
//! <prefix>/refreshing/<name>/N           plain JSON: who refreshes its tokens
//! <prefix>/deletions/<name>/N            plain JSON: the deletion job
//! <prefix>/receipts/N                    signed: what was deleted, chained
//! <prefix>/signing-key/N                 sealed: signs receipts
//! ```
//!
//! All of it stands on one primitive that every store has, creating an object that must not exist: state is a series
//! of numbered objects, the newest counts, and creating number N + 1 is the compare-and-swap (`series.rs`).

mod area;
mod deletion;
mod error;
mod key;
mod lease;
mod name;
mod receipt;
mod record;
mod refresh;
mod runs;
mod secret;
mod series;
mod signing;
mod status;
mod totals;
mod vault;
mod versions;

pub use area::StoredArea;
pub use deletion::{DeletedPart, Deletion, DeletionJob, DeletionTarget, Deletions, OldVersions, Revocation};
pub use error::Error;
pub use key::SealingKey;
pub use lease::{Lease, LeaseProof, LeaseRequest, Leases};
pub use name::ConnectionName;
pub use receipt::{Receipt, SignedReceipt};
pub use record::{ConnectionRecord, Role};
pub use refresh::{NewTokens, RefreshError, RefreshGrant, Refresher};
pub use runs::{FailureCause, RunHistory, RunOutcome, RunRecord};
pub use secret::{PseudonymKey, Secret};
pub use status::{Capability, DisconnectCause, Status, StatusBoard, StatusRecord, StreamStatus};
pub use totals::{CheckTotals, StreamTotals, Totals};
pub use vault::{Sealed, Vault, Version};
pub use versions::BucketVersions;
