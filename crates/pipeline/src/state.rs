//! The state store of a pipeline file: vault, leases, status, run history, deletions, all of one connection.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use deskmeter_auditor::StateStore;
use deskmeter_connections::{
    BucketVersions, ConnectionName, Deletions, Error as StateError, Leases, RunHistory, SealingKey,
    StatusBoard, StatusRecord, StoredArea, Vault,
};
use object_store::ObjectStore;
use object_store::path::Path;

use crate::error::{Error, ErrorKind};
use crate::open::{bucket_versions, open_store};
use crate::{Context, PipelineFile};

/// Runs that the history holds.
const RUNS_KEPT: usize = 500;

/// Where places of one kind are noted.
type Places = fn(&mut StatusRecord) -> &mut BTreeSet<String>;

/// What is kept of a connection outside the lake.
#[derive(Clone)]
pub(crate) struct State {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    local_root: Option<PathBuf>,
    versions: Option<Arc<BucketVersions>>,
    /// Whose state.
    pub(crate) connection: ConnectionName,
}

impl State {
    /// Opens the place; nothing is read yet.
    pub(crate) fn open(pipeline: &PipelineFile, context: &Context) -> Result<Self, Error> {
        let connection = ConnectionName::new(&pipeline.connection.name)
            .map_err(|error| Error::new(ErrorKind::Config, "read connection.name").because(error))?;
        let url = pipeline.state_url();
        let (store, prefix) = open_store(&url, context, "open the state store")?;
        let local_root = url.starts_with("file:").then(|| PathBuf::from("/"));
        let versions = bucket_versions(&url, context)?;
        Ok(Self { store: (context.storage)(store), prefix, local_root, versions, connection })
    }

    /// Where it lies.
    pub(crate) fn store(&self) -> &dyn ObjectStore {
        self.store.as_ref()
    }

    /// The folder in the store.
    pub(crate) fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// All of it, for the audit.
    pub(crate) fn audited(&self) -> StateStore {
        StateStore {
            store: Arc::clone(&self.store),
            prefix: self.prefix.clone(),
            folder: self.local_folder(&self.prefix),
        }
    }

    /// Lets go of what dead writers left half-written about the connection on local disk before `cutoff`, in seconds
    /// since the epoch.
    pub(crate) fn sweep(&self, cutoff: i64) -> Result<(), Error> {
        let Some(folder) = self.local_folder(&self.connection_dir()) else { return Ok(()) };
        let swept = deskmeter_lake::sweep_staged(&folder, cutoff);
        swept
            .map(drop)
            .map_err(|error| Error::new(ErrorKind::Storage, "tidy the state store up").because(error))
    }

    fn local_folder(&self, path: &Path) -> Option<PathBuf> {
        let root = self.local_root.clone()?;
        Some(path.parts().fold(root, |dir, part| dir.join(part.as_ref())))
    }

    fn connection_dir(&self) -> Path {
        self.prefix.clone().join("connections").join(self.connection.as_str())
    }

    pub(crate) fn vault(&self, keys: Vec<SealingKey>) -> Result<Vault, Error> {
        Vault::new(self.store.clone(), self.prefix.clone(), keys)
            .map_err(|error| of_state("open the vault", error))
    }

    pub(crate) fn leases(&self) -> Leases {
        Leases::new(self.store.clone(), self.prefix.clone())
    }

    pub(crate) fn board(&self) -> StatusBoard {
        StatusBoard::new(self.store.clone(), self.prefix.clone())
    }

    /// Notes a place to which something of the connection goes; tells whether it was not noted before.
    pub(crate) async fn note(&self, places: Places, place: &str) -> Result<bool, Error> {
        let failed = |error| of_state("write down where the rows go", error);
        let board = self.board();
        let mut record = board.read(&self.connection).await.map_err(failed)?;
        let is_new = places(&mut record).insert(place.to_owned());
        if is_new {
            let noted = board.update(&self.connection, |record| {
                places(record).insert(place.to_owned());
            });
            noted.await.map_err(failed)?;
        }
        Ok(is_new)
    }

    /// Takes a place out to which nothing went in the end.
    pub(crate) async fn forget(&self, places: Places, place: &str) -> Result<(), Error> {
        let board = self.board();
        let forgotten = board.update(&self.connection, |record| {
            places(record).remove(place);
        });
        forgotten.await.map(drop).map_err(|error| of_state("write down where the rows go", error))
    }

    pub(crate) fn history(&self) -> RunHistory {
        RunHistory::new(self.store.clone(), self.prefix.clone(), RUNS_KEPT)
    }

    /// Where the last audit is kept: beside the runs, with which it is deleted.
    pub(crate) fn last_audit(&self) -> (Arc<dyn ObjectStore>, Path) {
        (Arc::clone(&self.store), self.connection_dir().join("last-audit.json"))
    }

    pub(crate) fn deletions(&self, keys: Vec<SealingKey>) -> Result<Deletions, Error> {
        let area = StoredArea {
            store: self.store.clone(),
            prefix: self.prefix.clone(),
            local_root: self.local_root.clone(),
            versions: self.versions.clone(),
        };
        Deletions::new(area, keys).map_err(|error| of_state("open the deletion jobs", error))
    }
}

/// What helps where the pipeline file names another account than the one that was connected.
pub(crate) const OTHER_ADDRESS: &str = "put that address back as [connection] base_url, or run `deskmeter connect` to connect to the one that stands there";

/// A failure of the state store in the pipeline's words.
pub(crate) fn of_state(what: &str, error: StateError) -> Error {
    let (kind, next) = match error {
        StateError::KeyText | StateError::NoKey | StateError::Name => (ErrorKind::Config, None),
        StateError::WrongKey { .. } => {
            (ErrorKind::Config, Some("the variable of key_env must hold the key that sealed it"))
        }
        StateError::OtherAddress { .. } => (ErrorKind::Config, Some(OTHER_ADDRESS)),
        StateError::Leased { .. } => {
            (ErrorKind::Leased, Some("wait for the other run, or let this one wait with --wait-secs"))
        }
        StateError::LeaseLost => {
            (ErrorKind::Leased, Some("another run took over; nothing was committed twice"))
        }
        _ => (ErrorKind::Storage, None),
    };
    let error = Error::new(kind, what.to_owned()).because(error);
    match next {
        Some(next) => error.next(next),
        None => error,
    }
}
