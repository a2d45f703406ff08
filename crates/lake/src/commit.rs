//! One change of a table, as one commit on exactly the version that was read.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake_core::kernel::{Action, Add, Metadata, MetadataExt as _, Remove, Transaction};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTable, DeltaTableError};

use crate::{Error, schema};

/// Application id under which a table remembers the newest fencing number that wrote to it.
pub const FENCE: &str = "deskmeter";

/// What a commit does.
#[derive(Debug, Clone)]
pub struct Change {
    /// Files that join the table.
    pub adds: Vec<Add>,
    /// Files that leave it.
    pub removes: Vec<Remove>,
    /// Properties to set; None takes one away.
    pub configuration: BTreeMap<String, Option<String>>,
    /// A new schema, or None to keep the one it has.
    pub schema: Option<SchemaRef>,
    /// Fencing number of the writer's lease; None where no lease rules.
    pub fence: Option<i64>,
    pub(crate) operation: DeltaOperation,
}

impl Change {
    /// Rows were added or replaced.
    pub fn write() -> Self {
        Self::of(DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None })
    }

    /// Rows were replaced as a whole.
    pub fn overwrite() -> Self {
        Self::of(DeltaOperation::Write { mode: SaveMode::Overwrite, partition_by: None, predicate: None })
    }

    /// Rows were taken away. Which ones is not told: the log would keep it.
    pub fn delete() -> Self {
        Self::of(DeltaOperation::Delete { predicate: None })
    }

    /// The same rows lie in other files.
    pub fn compaction() -> Self {
        Self::of(DeltaOperation::Optimize { predicate: None, target_size: 0 })
    }

    /// Properties or columns changed, no row did.
    pub fn settings() -> Self {
        Self::of(DeltaOperation::SetTableProperties { properties: std::collections::HashMap::new() })
    }

    fn of(operation: DeltaOperation) -> Self {
        Self {
            adds: Vec::new(),
            removes: Vec::new(),
            configuration: BTreeMap::new(),
            schema: None,
            fence: None,
            operation,
        }
    }

    /// Whether committing it would change nothing but the log.
    pub fn is_empty(&self) -> bool {
        self.adds.is_empty()
            && self.removes.is_empty()
            && self.configuration.is_empty()
            && self.schema.is_none()
    }
}

/// Commits the change on top of the version that `table` holds, and moves `table` to the new one. Gives its number.
///
/// Nothing is retried and no conflict is argued away: when anyone has committed since, it ends in
/// [`Error::Conflict`]. After any other error the commit may or may not have taken effect, as with every remote
/// write; reading the table again tells.
pub async fn commit(table: &mut DeltaTable, name: &str, change: Change) -> Result<u64, Error> {
    let failed = |error: &DeltaTableError| Error::table("commit to", name, error);
    let state = table.snapshot().map_err(|error| failed(&error))?.clone();
    let metadata = changed_metadata(state.metadata(), name, &change)?;
    let fence = change.fence.map(|fence| Transaction::new(FENCE, fence));
    let properties = CommitProperties::default()
        .with_max_retries(0)
        .with_create_checkpoint(false)
        .with_cleanup_expired_logs(Some(false))
        .with_application_transactions(fence.into_iter().collect());
    let actions = metadata
        .into_iter()
        .map(Action::Metadata)
        .chain(change.removes.into_iter().map(Action::Remove))
        .chain(change.adds.into_iter().map(Action::Add));
    let committed = CommitBuilder::from(properties)
        .with_actions(actions.collect())
        .build(Some(&state), table.log_store(), change.operation)
        .await;
    match committed {
        Ok(committed) => {
            let version = committed.version();
            table.state = Some(committed.snapshot);
            Ok(version)
        }
        Err(error) if is_conflict(&error) => Err(Error::Conflict { table: name.to_owned() }),
        Err(error) => Err(failed(&error)),
    }
}

/// The newest fencing number that wrote to the table; None when none did.
pub async fn fence(table: &DeltaTable, name: &str) -> Result<Option<i64>, Error> {
    let failed = |error: &DeltaTableError| Error::table("read log of", name, error);
    let state = table.snapshot().map_err(|error| failed(&error))?;
    let version = state.transaction_version(table.log_store().as_ref(), FENCE).await;
    version.map_err(|error| failed(&error))
}

/// Ends in [`Error::Fenced`] when a newer lease than this has written to the table.
pub async fn refuse_fenced(table: &DeltaTable, name: &str, ours: i64) -> Result<(), Error> {
    match fence(table, name).await? {
        Some(newest) if newest > ours => Err(Error::Fenced { table: name.to_owned(), ours, newest }),
        _ => Ok(()),
    }
}

pub(crate) fn is_conflict(error: &DeltaTableError) -> bool {
    matches!(
        error,
        DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::MaxCommitAttempts(_)
                    | TransactionError::VersionAlreadyExists(_)
                    | TransactionError::CommitConflict(_)
            }
    )
}

/// The table's metadata after the change; None when it stays as it is.
fn changed_metadata(metadata: &Metadata, name: &str, change: &Change) -> Result<Option<Metadata>, Error> {
    if change.schema.is_none() && change.configuration.is_empty() {
        return Ok(None);
    }
    let mut changed = metadata.clone();
    if let Some(schema) = &change.schema {
        changed = changed
            .with_schema(&schema::delta_schema(name, schema)?)
            .map_err(|error| Error::table("change schema of", name, &error))?;
    }
    for (key, value) in &change.configuration {
        changed = match value {
            Some(value) => changed.add_config_key(key.clone(), value.clone()),
            None => changed.remove_config_key(key),
        }
        .map_err(|error| Error::table("change properties of", name, &error))?;
    }
    Ok(Some(changed))
}
