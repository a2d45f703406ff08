//! The sealed vault: one record a connection, replaced by compare-and-swap.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;

use crate::key::{KeyRing, Place};
use crate::series::Series;
use crate::{ConnectionName, ConnectionRecord, Error, SealingKey};

/// What is sealed here, for errors and for the associated data.
const WHAT: &str = "tokens";

/// Seals and opens the records of all connections.
#[derive(Clone)]
pub struct Vault {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) prefix: Path,
    keys: KeyRing,
}

/// Which version of a record was read or written: what a later write must follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(u64);

/// A record that was opened, and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The record.
    pub record: ConnectionRecord,
    /// For the write that follows.
    pub version: Version,
}

impl Vault {
    /// A vault under `prefix`. The first key seals, all open: to replace a key, put the new one first, call
    /// [`reseal`](Self::reseal) for every connection and [`Deletions::public_key`](crate::Deletions::public_key) once,
    /// and drop the old one.
    ///
    /// # Errors
    /// [`Error::NoKey`] when there is none.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: Path, keys: Vec<SealingKey>) -> Result<Self, Error> {
        Ok(Self { store, prefix, keys: KeyRing::new(keys)? })
    }

    /// The newest record, or none when the connection was never made or is deleted.
    ///
    /// # Errors
    /// [`Error::WrongKey`] and [`Error::Damaged`] when it does not open, [`Error::Storage`].
    pub async fn load(&self, connection: &ConnectionName) -> Result<Option<Sealed>, Error> {
        let Some((number, bytes)) = self.series(connection).newest().await? else { return Ok(None) };
        let plain = self.keys.open(&bytes, place(connection, number))?;
        Ok(Some(Sealed { record: ConnectionRecord::from_bytes(&plain)?, version: Version(number) }))
    }

    /// The newest version, without opening it: what a new connection follows when an old record no longer opens.
    pub async fn version(&self, connection: &ConnectionName) -> Result<Option<Version>, Error> {
        let number = self.series(connection).newest_number().await?;
        Ok((number > 0).then_some(Version(number)))
    }

    /// Writes the record that follows `after`; none means that there is no record yet. When this returns, the record
    /// is durable as far as the store's writes are (on local disk it must sync them).
    ///
    /// # Errors
    /// [`Error::Conflict`] when another version was written since: load again, and decide anew.
    pub async fn save(
        &self,
        connection: &ConnectionName,
        record: &ConnectionRecord,
        after: Option<Version>,
    ) -> Result<Version, Error> {
        let after = after.map_or(0, |version| version.0);
        let plain = record.to_bytes()?;
        let sealed = self.keys.seal(&plain, place(connection, after + 1))?;
        let series = self.series(connection);
        let number = series.append(after, &sealed.into()).await?;
        series.prune().await;
        Ok(Version(number))
    }

    /// Seals the record with the first key if another one sealed it.
    ///
    /// # Errors
    /// [`Error::Conflict`] when another process wrote meanwhile: do it again.
    pub async fn reseal(&self, connection: &ConnectionName) -> Result<(), Error> {
        let Some((_, bytes)) = self.series(connection).newest().await? else { return Ok(()) };
        if self.keys.is_by_first(&bytes) {
            return Ok(());
        }
        let Some(Sealed { record, version }) = self.load(connection).await? else { return Ok(()) };
        self.save(connection, &record, Some(version)).await.map(|_| ())
    }

    fn series(&self, connection: &ConnectionName) -> Series {
        let dir = connection.dir(&self.prefix, "connections").join(WHAT);
        Series::new(Arc::clone(&self.store), dir, WHAT)
    }
}

fn place(connection: &ConnectionName, number: u64) -> Place<'_> {
    Place { what: WHAT, whose: connection.as_str(), number }
}
