//! What a person wants to know of a connection, in plain JSON: no token, and nothing that names or counts a
//! customer's customers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::TryStreamExt as _;
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::series::Series;
use crate::{ConnectionName, Error, RunRecord, Totals};

/// How often an update is tried anew after another process was faster.
const UPDATES_MAX: u32 = 20;
/// An authorization that ends within so many seconds (three days) is reported while there is time to connect again.
const EXPIRING_SECONDS: i64 = 3 * 24 * 3_600;
/// The folder below the prefix.
const AREA: &str = "status";

/// Where a connection stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// It was never made.
    #[default]
    NeverConnected,
    /// Authorized.
    Connected,
    /// Authorized, and the refresh token ends within three days.
    Expiring,
    /// The authorization is gone: connect again.
    Disconnected {
        /// Why.
        cause: DisconnectCause,
        /// Since when, in Unix seconds.
        at: i64,
    },
    /// All that was collected is being deleted.
    Deleting,
    /// All that was collected is deleted; the receipt tells what.
    Deleted,
}

/// Why an authorization is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DisconnectCause {
    /// Revoked in Zendesk, or the person who connected lost access.
    Revoked,
    /// The refresh token ended unused.
    Expired,
    /// A refresh was cut off between the server's answer and our disk.
    RefreshCutOff,
    /// The operator disconnected.
    ByOperator,
}

/// Whether a stream can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Capability {
    /// It was read.
    Available,
    /// The token lacks the scope.
    MissingScope,
    /// The token lacks the scope for the export, and the plain list was read in its place.
    ListOnly,
    /// The person who connected is no administrator.
    NotAdmin,
    /// The account's plan does not include it.
    NotOnPlan,
    /// It is allowed, and its last reading failed all the same: asked for again by the next run.
    Failing,
}

/// Where one stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamStatus {
    /// Whether it can be read.
    pub capability: Capability,
    /// Everything up to then is in the lake, in Unix seconds; none before it was read to its end once.
    pub complete_until: Option<i64>,
    /// Time of the newest row that was seen, in Unix seconds; none while there was no row.
    #[serde(default)]
    pub newest: Option<i64>,
}

/// The whole of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StatusRecord {
    /// Where the connection stands.
    pub status: Status,
    /// When it was first made, in Unix seconds.
    #[serde(default)]
    pub connected_at: Option<i64>,
    /// When the authorization ends unless a run renews it, in Unix seconds; none when it does not end.
    #[serde(default)]
    pub authorization_ends_at: Option<i64>,
    /// Requests that the next run is expected to need, by the stream's name: for its progress.
    #[serde(default)]
    pub planned_requests: BTreeMap<String, u64>,
    /// The last run that ended.
    #[serde(default)]
    pub last_run: Option<RunRecord>,
    /// By the stream's name.
    #[serde(default)]
    pub streams: BTreeMap<String, StreamStatus>,
    /// Digest of the models and settings that the marts were made by; none while they were never made, or when their
    /// last checks failed.
    #[serde(default)]
    pub marts_made_by: Option<String>,
    /// What all runs did together.
    #[serde(default)]
    pub totals: Totals,
    /// URL of every lake that was collected into: a disconnect empties them all.
    #[serde(default)]
    pub lakes: BTreeSet<String>,
    /// Server and name of every database that was published into, without role and password: a disconnect takes the
    /// tables out of them all.
    #[serde(default)]
    pub databases: BTreeSet<String>,
}

impl StatusRecord {
    /// Where the connection stands at `now`: an authorization ends by itself, without anybody writing it down.
    pub fn status_at(&self, now: i64) -> Status {
        match (&self.status, self.authorization_ends_at) {
            (Status::Connected, Some(end)) if end <= now => {
                Status::Disconnected { cause: DisconnectCause::Expired, at: end }
            }
            (Status::Connected, Some(end)) if end - now <= EXPIRING_SECONDS => Status::Expiring,
            (status, _) => status.clone(),
        }
    }
}

/// The status records of all connections.
#[derive(Clone)]
pub struct StatusBoard {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl StatusBoard {
    /// Records under `prefix`.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        Self { store, prefix }
    }

    /// The newest record; that of a connection that was never made is empty.
    pub async fn read(&self, connection: &ConnectionName) -> Result<StatusRecord, Error> {
        Ok(self.series(connection).newest_json().await?.map(|(_, record)| record).unwrap_or_default())
    }

    /// Changes the record; the change is made anew on what another process wrote meanwhile.
    pub async fn update(
        &self,
        connection: &ConnectionName,
        change: impl Fn(&mut StatusRecord),
    ) -> Result<StatusRecord, Error> {
        let series = self.series(connection);
        let mut tries = 0;
        loop {
            let (number, mut record) = match series.newest_json::<StatusRecord>().await {
                Ok(newest) => newest.unwrap_or_default(),
                // What cannot be read is replaced: everything in it comes again with the next run.
                Err(Error::Damaged { .. }) => (series.newest_number().await?, StatusRecord::default()),
                Err(error) => return Err(error),
            };
            change(&mut record);
            match series.append_json(number, &record).await {
                Ok(_) => {
                    series.prune().await;
                    return Ok(record);
                }
                Err(Error::Conflict { .. }) if tries < UPDATES_MAX => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Every connection that has a record.
    pub async fn connections(&self) -> Result<Vec<ConnectionName>, Error> {
        let dir = self.prefix.clone().join(AREA);
        let depth = dir.parts().count();
        let listed = self.store.list(Some(&dir)).try_collect::<Vec<_>>().await;
        let mut names: Vec<ConnectionName> = listed
            .map_err(Error::storage("list connections"))?
            .iter()
            .filter_map(|object| ConnectionName::new(object.location.parts().nth(depth)?.as_ref()).ok())
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn series(&self, connection: &ConnectionName) -> Series {
        Series::new(Arc::clone(&self.store), connection.dir(&self.prefix, AREA), "status")
    }
}
