//! Disconnecting deletes everything that was collected within a day, and leaves a receipt.
//!
//! A deletion is a durable job. Every step can be repeated: count what there is, delete it, look that nothing is left,
//! sign the receipt, close the job. A crash between any two steps is healed by running the job again; the counts were
//! written down before the first object went, so that the receipt tells them all. Tokens and the pseudonym key go
//! first: from then on, whatever is left for a moment is linked to nobody.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::key::KeyRing;
use crate::receipt::digest_of;
use crate::series::Series;
use crate::signing::{SigningKeys, SigningStore};
use crate::{
    ConnectionName, Error, LeaseProof, Receipt, SealingKey, SignedReceipt, Status, StatusBoard, StoredArea,
    refresh,
};

/// The published promise: a day.
const DEADLINE_SECONDS: i64 = 24 * 3_600;
/// How often a receipt is signed anew after another process was faster.
const RECEIPTS_MAX: u32 = 20;
/// The folder of jobs below the prefix.
const AREA: &str = "deletions";

/// What a deletion deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeletionTarget {
    /// The sealed tokens, the pseudonym key and the history of runs.
    Connection,
    /// All tables of the lake, with their logs and old versions.
    Lake,
    /// The tables that were published into the operator's database; objects are tables, bytes are not counted.
    Published,
}

/// One target and what was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedPart {
    /// Which.
    pub target: DeletionTarget,
    /// Objects that were counted before the first was deleted.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When nothing was left, in Unix seconds; none as long as it is not done.
    pub deleted_at: Option<i64>,
    /// Whether the store keeps what was deleted.
    #[serde(default)]
    pub old_versions: OldVersions,
    /// Old versions and deletion marks that were deleted too.
    #[serde(default)]
    pub versions_deleted: u64,
    /// Old versions and deletion marks that the credentials may list and not delete, as far as they were tried; none
    /// where they may not be listed, or the store lists none.
    #[serde(default)]
    pub versions_left: Option<u64>,
}

/// Whether a bucket keeps old versions of objects that are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OldVersions {
    /// Not found out: there was no object to look at, or the store does not tell.
    #[default]
    Unknown,
    /// An object that was deleted can no longer be read by its version, or the store has none.
    NotKept,
    /// The bucket kept old versions, and they were deleted too: a list of versions shows none.
    Deleted,
    /// What was deleted can still be read by its version: only the bucket's own lifecycle rule ends it, or who may delete
    /// versions.
    Kept,
}

/// Whether the access was given back at Zendesk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Revocation {
    /// It was tried without an answer that proves it, or not tried yet.
    #[default]
    NotProven,
    /// The tokens could not be opened, so that Zendesk was never asked: the access stands until somebody revokes it there.
    NotRevoked,
    /// Zendesk refuses the token.
    Proven,
}

/// A deletion that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionJob {
    /// Whose data.
    pub connection: ConnectionName,
    /// When it was asked for, in Unix seconds.
    pub requested_at: i64,
    /// Until when it must be done, in Unix seconds: a day later.
    pub deadline: i64,
    /// Whether the access was given back.
    pub revocation: Revocation,
    /// What is to be deleted and what already is; empty until it was counted.
    pub parts: Vec<DeletedPart>,
    /// When the receipt was written, in Unix seconds.
    pub completed_at: Option<i64>,
}

/// One run of a job.
#[derive(Debug, Clone, Copy)]
pub struct Deletion<'a> {
    /// The connection's folder in every lake that it was collected into; its last part is the connection's name.
    pub lakes: &'a [StoredArea],
    /// Proof of the connection's lease, which is renewed while this works: nothing else may write meanwhile.
    pub lease: &'a LeaseProof,
    /// Whether the access was given back.
    pub revocation: Revocation,
    /// Tables that were dropped from the operator's database before; none where nothing is published.
    pub published: Option<u64>,
    /// The present, in Unix seconds.
    pub now: i64,
}

/// The deletion jobs of all connections, and their receipts.
#[derive(Clone)]
pub struct Deletions {
    state: StoredArea,
    keys: KeyRing,
}

impl Deletions {
    /// Jobs and receipts beside the state they delete.
    ///
    /// # Errors
    /// [`Error::NoKey`] when there is no key for the signing key.
    pub fn new(state: StoredArea, keys: Vec<SealingKey>) -> Result<Self, Error> {
        Ok(Self { state, keys: KeyRing::new(keys)? })
    }

    /// Asks for a deletion. One that was asked for and is not done is returned with its first deadline.
    pub async fn request(&self, connection: &ConnectionName, now: i64) -> Result<DeletionJob, Error> {
        let job = loop {
            match self.find_or_create(connection, now).await {
                Err(Error::Conflict { .. }) => {}
                outcome => break outcome?,
            }
        };
        self.board().update(connection, |record| record.status = Status::Deleting).await?;
        Ok(job)
    }

    async fn find_or_create(&self, connection: &ConnectionName, now: i64) -> Result<DeletionJob, Error> {
        let series = self.jobs(connection);
        let newest = series.newest_json::<DeletionJob>().await?;
        let number = newest.as_ref().map_or(0, |(number, _)| *number);
        if let Some((_, job)) = newest.filter(|(_, job)| job.completed_at.is_none()) {
            return Ok(job);
        }
        let job = DeletionJob {
            connection: connection.clone(),
            requested_at: now,
            deadline: now + DEADLINE_SECONDS,
            revocation: Revocation::NotProven,
            parts: Vec::new(),
            completed_at: None,
        };
        series.append_json(number, &job).await?;
        Ok(job)
    }

    /// The job that is not done, if there is one.
    pub async fn pending(&self, connection: &ConnectionName) -> Result<Option<DeletionJob>, Error> {
        let newest = self.jobs(connection).newest_json::<DeletionJob>().await?;
        Ok(newest.map(|(_, job)| job).filter(|job| job.completed_at.is_none()))
    }

    /// Carries the job out from where it stands.
    ///
    /// # Errors
    /// [`Error::NoDeletion`] when none was asked for, [`Error::LeaseLost`] when the lease is another connection's or
    /// has ended, [`Error::NotEmpty`] when something is left and [`Error::Leased`] when a refresh of tokens does not
    /// end; run it again then.
    pub async fn run(&self, connection: &ConnectionName, run: Deletion<'_>) -> Result<SignedReceipt, Error> {
        if run.lease.connection != *connection || run.lease.until <= run.now {
            return Err(Error::LeaseLost);
        }
        if run.lakes.iter().any(|lake| lake.prefix.filename() != Some(connection.as_str())) {
            return Err(Error::Name);
        }
        let mut job = self.pending(connection).await?.ok_or(Error::NoDeletion)?;
        // A refresh that is under way would write its tokens into what was just deleted.
        let store = Arc::clone(&self.state.store);
        let no_refresh =
            refresh::exclude(store, &self.state.prefix, connection, ("deletion", run.now)).await?;
        let own = self.state.below(&connection.dir(&self.state.prefix, "connections"));
        let lakes = run.lakes.iter().map(|lake| (DeletionTarget::Lake, lake.clone()));
        let targets: Vec<_> = [(DeletionTarget::Connection, own)].into_iter().chain(lakes).collect();
        if job.parts.is_empty() {
            job.revocation = run.revocation;
            for (target, area) in &targets {
                job.parts.push(count(area, *target).await?);
            }
            job.parts.extend(run.published.map(|tables| DeletedPart {
                target: DeletionTarget::Published,
                objects: tables,
                bytes: 0,
                deleted_at: Some(run.now),
                old_versions: OldVersions::NotKept,
                versions_deleted: 0,
                versions_left: None,
            }));
            self.save(&job).await?;
        }
        // The parts were counted in the order of the targets.
        for (position, (target, area)) in targets.iter().enumerate() {
            let sample = area.sample().await?;
            area.delete().await?;
            if let Some(part) = job.parts.get_mut(position).filter(|part| part.target == *target) {
                part.deleted_at.get_or_insert(run.now);
                area.forget(sample.as_ref(), part).await;
            }
            self.save(&job).await?;
        }
        let receipt = self.sign(&job, run.now).await?;
        no_refresh.release().await?;
        // The last few records stay beside the newest: each of them is one that tells nothing.
        for _ in 0..crate::series::KEPT {
            self.board().update(connection, |record| *record = deleted()).await?;
        }
        // Closing the job comes last: as long as it is open, all before it is done again.
        job.completed_at = Some(receipt.receipt().completed_at);
        self.save(&job).await?;
        Ok(receipt)
    }

    /// Every receipt, checked one by one and as a chain.
    ///
    /// # Errors
    /// [`Error::Receipt`] when one was changed, taken out or added.
    pub async fn receipts(&self) -> Result<Vec<SignedReceipt>, Error> {
        self.receipts_of(&self.signing().load().await?).await
    }

    async fn receipts_of(&self, keys: &SigningKeys) -> Result<Vec<SignedReceipt>, Error> {
        let receipts = self.chain().await?;
        let is_ours = |signed: &SignedReceipt| keys.know(&STANDARD.encode(signed.public_key().as_bytes()));
        if receipts.iter().all(is_ours) {
            Ok(receipts)
        } else {
            Err(Error::Receipt { reason: "it is signed with another key" })
        }
    }

    /// Every receipt, whoever signed it: none was changed, and each follows the one before.
    async fn chain(&self) -> Result<Vec<SignedReceipt>, Error> {
        let series = self.receipt_series();
        let mut receipts: Vec<SignedReceipt> = Vec::new();
        for number in series.numbers().await? {
            let text = series.read(number).await?.ok_or(Error::Receipt { reason: "it is gone" })?;
            let receipt = SignedReceipt::read(&text)?;
            let follows = receipt.receipt().previous == digest_of(receipts.last());
            if !follows || receipt.receipt().number != number || number != receipts.len() as u64 + 1 {
                return Err(Error::Receipt { reason: "it does not follow the one before" });
            }
            receipts.push(receipt);
        }
        Ok(receipts)
    }

    /// The public key, as base64, by which anybody can check receipts.
    pub async fn public_key(&self) -> Result<String, Error> {
        Ok(self.signing().load().await?.public_key())
    }

    /// Signs the job's receipt at the end of the chain. A crash after it finds it there and signs none again.
    async fn sign(&self, job: &DeletionJob, now: i64) -> Result<SignedReceipt, Error> {
        let keys = self.signing_keys_or_new().await?;
        let series = self.receipt_series();
        let mut tries = 0;
        loop {
            let receipts = self.receipts_of(&keys).await?;
            let is_ours = |signed: &&SignedReceipt| {
                let receipt = signed.receipt();
                receipt.connection == job.connection && receipt.requested_at == job.requested_at
            };
            if let Some(signed) = receipts.iter().find(is_ours) {
                return Ok(signed.clone());
            }
            let after = receipts.len() as u64;
            let receipt = Receipt {
                number: after + 1,
                connection: job.connection.clone(),
                requested_at: job.requested_at,
                deadline: job.deadline,
                completed_at: now,
                revocation: job.revocation,
                parts: job.parts.clone(),
                previous: digest_of(receipts.last()),
            };
            let signed = SignedReceipt::sign(receipt, &keys.own)?;
            match series.append(after, &signed.text().to_vec().into()).await {
                Ok(_) => return Ok(signed),
                Err(Error::Conflict { .. }) if tries < RECEIPTS_MAX => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    async fn save(&self, job: &DeletionJob) -> Result<(), Error> {
        let series = self.jobs(&job.connection);
        series.append_json(series.newest_number().await?, job).await?;
        series.prune().await;
        Ok(())
    }

    /// The keys that sign receipts. Where the sealing key is lost, so is the key that signed: a new one goes on, since a
    /// deletion that cannot be proven would stay open for ever.
    async fn signing_keys_or_new(&self) -> Result<SigningKeys, Error> {
        let signing = self.signing();
        match signing.load().await {
            Err(Error::WrongKey { .. }) => {
                tracing::warn!(
                    "no sealing key at hand opens the key that signed receipts: a new one signs from now on"
                );
                let mut former: Vec<_> =
                    self.chain().await?.iter().map(|signed| *signed.public_key()).collect();
                former.dedup();
                signing.replace(&former).await?;
                signing.load().await
            }
            keys => keys,
        }
    }

    fn signing(&self) -> SigningStore<'_> {
        SigningStore::new(Arc::clone(&self.state.store), &self.state.prefix, &self.keys)
    }

    fn jobs(&self, connection: &ConnectionName) -> Series {
        let dir = connection.dir(&self.state.prefix, AREA);
        Series::new(Arc::clone(&self.state.store), dir, "deletion job")
    }

    fn receipt_series(&self) -> Series {
        Series::new(Arc::clone(&self.state.store), self.state.prefix.clone().join("receipts"), "receipt")
    }

    fn board(&self) -> StatusBoard {
        StatusBoard::new(Arc::clone(&self.state.store), self.state.prefix.clone())
    }
}

async fn count(area: &StoredArea, target: DeletionTarget) -> Result<DeletedPart, Error> {
    let (objects, bytes) = area.count().await?;
    let old_versions = OldVersions::Unknown;
    Ok(DeletedPart {
        target,
        objects,
        bytes,
        deleted_at: None,
        old_versions,
        versions_deleted: 0,
        versions_left: None,
    })
}

/// A deleted connection keeps no history.
fn deleted() -> crate::StatusRecord {
    crate::StatusRecord { status: Status::Deleted, ..Default::default() }
}

impl DeletionJob {
    /// Whether it should have been done.
    pub fn is_overdue(&self, now: i64) -> bool {
        self.completed_at.is_none() && now > self.deadline
    }
}
