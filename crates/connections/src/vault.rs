//! The sealed vault: one record a connection, replaced by compare-and-swap.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;

use crate::key::{KeyRing, Place};
use crate::series::Series;
use crate::{ConnectionName, ConnectionRecord, Error, SealingKey, refresh};

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

    /// The newest record, for use with the account at `base_url` and no other.
    ///
    /// # Errors
    /// [`Error::OtherAddress`] when another address granted the tokens, and what [`load`](Self::load) gives.
    pub async fn load_for(
        &self,
        connection: &ConnectionName,
        base_url: &str,
    ) -> Result<Option<Sealed>, Error> {
        let Some(mut sealed) = self.load(connection).await? else { return Ok(None) };
        sealed.record.bind(base_url)?;
        Ok(Some(sealed))
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

    /// Seals the record with the first key if another one sealed it; tells whether it did. `now` in Unix seconds.
    ///
    /// # Errors
    /// [`Error::Leased`] when a refresh of the tokens does not end, [`Error::Conflict`] when somebody connected anew
    /// meanwhile: do it again.
    pub async fn reseal(&self, connection: &ConnectionName, now: i64) -> Result<bool, Error> {
        if self.is_sealed_by_first(connection).await? {
            return Ok(false);
        }
        // A refresh that is under way would find its old tokens under a new number, and drop its new ones for them.
        let store = Arc::clone(&self.store);
        let no_refresh = refresh::exclude(store, &self.prefix, connection, ("reseal", now)).await?;
        let is_sealed = match self.load(connection).await? {
            Some(Sealed { record, version }) if !self.is_sealed_by_first(connection).await? => {
                self.save(connection, &record, Some(version)).await?;
                true
            }
            _ => false,
        };
        no_refresh.release().await?;
        Ok(is_sealed)
    }

    /// Whether the newest record is sealed with the first key, or there is none.
    async fn is_sealed_by_first(&self, connection: &ConnectionName) -> Result<bool, Error> {
        let newest = self.series(connection).newest().await?;
        Ok(newest.is_none_or(|(_, bytes)| self.keys.is_by_first(&bytes)))
    }

    fn series(&self, connection: &ConnectionName) -> Series {
        let dir = connection.dir(&self.prefix, "connections").join(WHAT);
        Series::new(Arc::clone(&self.store), dir, WHAT)
    }
}

fn place(connection: &ConnectionName, number: u64) -> Place<'_> {
    Place { what: WHAT, whose: connection.as_str(), number }
}
