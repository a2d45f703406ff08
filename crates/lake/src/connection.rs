//! A lake, one connection's part of it, and the tables there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use deltalake_core::kernel::transaction::CommitProperties;
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::{DeltaTable, DeltaTableError};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use url::Url;

use crate::commit::is_conflict;
use crate::replace::ATTEMPTS_MAX;
use crate::{Change, Error, commit, location, refuse_fenced, schema, staged};

/// Logs that are listed at once.
const LISTS_AT_ONCE: usize = 8;

/// A place that holds the tables of any number of connections.
#[derive(Debug, Clone)]
pub struct Lake {
    store: Arc<dyn ObjectStore>,
    url: Url,
    root: Path,
}

impl Lake {
    /// Opens the lake at the URL; see [`object_store`](crate::object_store) for schemes and options.
    pub fn open(url: &str, options: &BTreeMap<String, String>) -> Result<Self, Error> {
        let url = location::parse(url)?;
        let (store, root) = location::open(&url, options)?;
        Ok(Self { store, url, root })
    }

    /// The lake at the URL, over a store that the caller has made (and may count, slow or fail in a test). The store
    /// is rooted as [`object_store`](crate::object_store) roots it.
    pub fn over(url: &str, store: Arc<dyn ObjectStore>) -> Result<Self, Error> {
        let url = location::parse(url)?;
        let root =
            Path::from_url_path(url.path()).map_err(|error| Error::Url { reason: error.to_string() })?;
        Ok(Self { store, url, root })
    }

    /// The same lake, with what `door` makes of its store in the store's place.
    #[must_use]
    pub fn behind(self, door: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>) -> Self {
        Self { store: door(self.store), ..self }
    }

    /// The part of one connection.
    pub fn connection(&self, name: &str) -> ConnectionLake {
        ConnectionLake {
            store: Arc::clone(&self.store),
            url: below(&self.url, name),
            prefix: self.root.clone().join(name),
            fence: None,
            opened: None,
        }
    }

    /// The object store, and the lake's path in it.
    pub fn store(&self) -> (Arc<dyn ObjectStore>, Path) {
        (Arc::clone(&self.store), self.root.clone())
    }
}

/// The URL of a folder below another; the name becomes one path segment whatever it holds.
fn below(url: &Url, name: &str) -> Url {
    let mut url = url.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(name).push("");
    }
    url
}

/// What a new table is.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// Columns, the partition column included. Field metadata under `comment` becomes the column's comment.
    pub schema: SchemaRef,
    /// The column whose values are folders.
    pub partition: Option<String>,
    /// Columns whose minimum and maximum may stand in the log; integers, dates and timestamps only.
    pub data_skipping: Vec<String>,
    /// What one row is.
    pub description: String,
    /// Further properties of the table.
    pub configuration: BTreeMap<String, String>,
}

/// One connection's tables.
#[derive(Debug, Clone)]
pub struct ConnectionLake {
    store: Arc<dyn ObjectStore>,
    url: Url,
    prefix: Path,
    pub(crate) fence: Option<i64>,
    /// Tables that were opened, by name; none where each is opened whenever it is asked for.
    opened: Option<Arc<Mutex<BTreeMap<String, DeltaTable>>>>,
}

/// What [`ConnectionLake::purge`] deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Objects deleted.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl ConnectionLake {
    /// The same tables for a run whose lease has this fencing number: what it publishes carries the number, and when a
    /// newer lease has published, it cannot.
    #[must_use]
    pub fn under_lease(self, fence: i64) -> Self {
        Self { fence: Some(fence), ..self }
    }

    /// The same tables, each opened once: who reads one again, in this or a clone, reads the same version of it, until
    /// [`let_go`](Self::let_go). What is written goes on top of the newest version in any case.
    #[must_use]
    pub fn opened_once(self) -> Self {
        Self { opened: Some(Arc::default()), ..self }
    }

    /// Lets go of the tables that are open: they are read at their newest versions from now on.
    pub fn let_go(&self) {
        self.with_opened(BTreeMap::clear);
    }

    fn with_opened<T>(&self, what: impl FnOnce(&mut BTreeMap<String, DeltaTable>) -> T) -> Option<T> {
        let opened = self.opened.as_ref()?;
        Some(what(&mut opened.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Writes the lease's fencing number into every table, so that a holder before it, who may sleep and take itself for
    /// the holder still, cannot commit to any of them. Ends in [`Error::Fenced`] when a newer lease was there.
    pub async fn close_to_others(&self) -> Result<(), Error> {
        let Some(fence) = self.fence else { return Ok(()) };
        for name in self.table_names().await? {
            self.close_table(&name, fence).await?;
        }
        Ok(())
    }

    async fn close_table(&self, name: &str, fence: i64) -> Result<(), Error> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(mut table) = self.newest(name).await? else { return Ok(()) };
            refuse_fenced(&table, name, fence).await?;
            let change = Change { fence: Some(fence), ..Change::settings() };
            match commit(&mut table, name, change).await {
                Err(Error::Conflict { .. }) => {}
                committed => return committed.map(drop),
            }
        }
        Err(Error::Conflict { table: name.to_owned() })
    }

    /// The table at its newest version, or where tables are [`opened_once`](Self::opened_once) at the version that was the
    /// newest then; None when it does not exist. A table of a newer contract is refused.
    pub async fn table(&self, name: &str) -> Result<Option<DeltaTable>, Error> {
        if let Some(opened) = self.with_opened(|opened| opened.get(name).cloned()).flatten() {
            return Ok(Some(opened));
        }
        let table = self.newest(name).await?;
        if let Some(table) = &table {
            self.with_opened(|opened| opened.insert(name.to_owned(), table.clone()));
        }
        Ok(table)
    }

    /// The table at its newest version: what is open already needs only what was logged since.
    async fn newest(&self, name: &str) -> Result<Option<DeltaTable>, Error> {
        let opened = self.with_opened(|opened| opened.get(name).cloned()).flatten();
        let mut table = if let Some(opened) = opened {
            opened
        } else {
            let log_store = self.log_store(name);
            let exists = log_store.is_delta_table_location().await;
            if !exists.map_err(|error| Error::storage("list", self.table_location(name), &error))? {
                return Ok(None);
            }
            DeltaTable::new(log_store)
        };
        table.update_state().await.map_err(|error| Error::table("read log of", name, &error))?;
        schema::refuse_newer_contract(&table, name)?;
        Ok(Some(table))
    }

    /// Creates the table, empty. Ends in [`Error::Conflict`] when another writer created it first.
    pub async fn create(&self, name: &str, spec: &TableSpec) -> Result<DeltaTable, Error> {
        let columns = schema::delta_columns(name, &spec.schema)?;
        let created = CreateBuilder::new()
            .with_log_store(self.log_store(name))
            .with_table_name(name)
            .with_comment(&spec.description)
            .with_columns(columns)
            .with_partition_columns(spec.partition.iter().cloned())
            .with_configuration(schema::configuration(spec))
            .with_raise_if_key_not_exists(false)
            // With retries, a creation that lost the race would be put on top of the winner's table.
            .with_commit_properties(CommitProperties::default().with_max_retries(0))
            .await;
        created.map_err(|error| match error {
            error if is_conflict(&error) || already_exists(&error) => {
                Error::Conflict { table: name.to_owned() }
            }
            error => Error::table("create", name, &error),
        })
    }

    /// The table at its newest version, created first when it does not exist.
    pub async fn open_or_create(&self, name: &str, spec: &TableSpec) -> Result<DeltaTable, Error> {
        if let Some(table) = self.newest(name).await? {
            return Ok(table);
        }
        match self.create(name, spec).await {
            Err(Error::Conflict { table }) => self.newest(name).await?.ok_or(Error::Conflict { table }),
            created => created,
        }
    }

    /// Names of the connection's tables, sorted.
    pub async fn table_names(&self) -> Result<Vec<String>, Error> {
        let listing = self.store.list_with_delimiter(Some(&self.prefix)).await;
        let folders = listing.map_err(|error| Error::storage("list", &self.url, &error))?.common_prefixes;
        let names: BTreeSet<_> = folders.iter().filter_map(|folder| folder.filename()).collect();
        let mut tables = Vec::new();
        for name in names {
            let exists = self.log_store(name).is_delta_table_location().await;
            if exists.map_err(|error| Error::storage("list", self.table_location(name), &error))? {
                tables.push(name.to_owned());
            }
        }
        Ok(tables)
    }

    /// The newest entry of every table's log, by the table's name. As long as nothing is written, it stays the same.
    pub async fn newest_entries(&self) -> Result<BTreeMap<String, String>, Error> {
        let failed = |error| Error::storage("list", &self.url, &error);
        let folders = self.store.list_with_delimiter(Some(&self.prefix)).await.map_err(failed)?;
        let newest = folders.common_prefixes.into_iter().map(|folder| async move {
            let log = self.store.list_with_delimiter(Some(&folder.clone().join("_delta_log"))).await?;
            let entries = log.objects.iter().filter(|object| object.location.extension() == Some("json"));
            let newest = entries.filter_map(|entry| entry.location.filename()).max().map(str::to_owned);
            Ok(folder.filename().map(str::to_owned).zip(newest))
        });
        let newest: Vec<_> =
            stream::iter(newest).buffer_unordered(LISTS_AT_ONCE).try_collect().await.map_err(failed)?;
        Ok(newest.into_iter().flatten().collect())
    }

    /// The table's folder.
    pub fn table_location(&self, name: &str) -> Url {
        below(&self.url, name)
    }

    /// The object store that holds the tables.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// The connection's path in the store.
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// The connection's folder.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Deletes everything below the connection's folder: tables, logs, leftovers of dead writers; then lists again.
    /// It needs the connection's lease: what a running writer puts meanwhile makes the proof fail, which is an error.
    pub async fn purge(&self) -> Result<Purged, Error> {
        self.delete_below(&self.prefix, &self.url).await
    }

    /// Deletes one table with its log and all versions. It needs the connection's lease.
    pub async fn remove_table(&self, name: &str) -> Result<Purged, Error> {
        self.delete_below(&self.prefix.clone().join(name), &self.table_location(name)).await
    }

    async fn delete_below(&self, prefix: &Path, url: &Url) -> Result<Purged, Error> {
        let failed = |error: object_store::Error| Error::storage("delete", url, &error);
        let objects: Vec<_> = self.store.list(Some(prefix)).try_collect().await.map_err(failed)?;
        let mut purged = Purged::default();
        for object in &objects {
            purged.objects += 1;
            purged.bytes += object.size;
        }
        let locations = futures::stream::iter(objects.into_iter().map(|object| Ok(object.location)));
        let deleted = self.store.delete_stream(Box::pin(locations));
        deleted.try_for_each(|_| std::future::ready(Ok(()))).await.map_err(failed)?;
        purged.objects += staged::remove_folder(url)?;
        let left = self.store.list(Some(prefix)).try_next().await.map_err(failed)?;
        if left.is_some() {
            let error = std::io::Error::other("objects are still listed after the deletion");
            return Err(Error::storage("delete", url, &error));
        }
        Ok(purged)
    }

    /// The store, beginning at the table's folder.
    pub(crate) fn table_store(&self, name: &str) -> Arc<dyn ObjectStore> {
        Arc::new(PrefixStore::new(Arc::clone(&self.store), self.prefix.clone().join(name)))
    }

    fn log_store(&self, name: &str) -> LogStoreRef {
        default_logstore(
            self.table_store(name),
            Arc::clone(&self.store),
            &self.table_location(name),
            &StorageConfig::default(),
        )
    }
}

fn already_exists(error: &DeltaTableError) -> bool {
    error.to_string().contains("already exists")
}
