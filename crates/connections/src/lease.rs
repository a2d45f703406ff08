//! Who may work on a connection: one at a time, until a time, with a number that only grows.
//!
//! A lease is the newest object of a series. Taking, renewing and releasing it are compare-and-swaps, so that of two
//! that try at once one wins. Whoever holds it and dies loses it when its time is over; whoever sleeps past its end and
//! wakes is told by the next renewal. Clocks of different machines may differ by less than the time to live.

use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use tokio::time::{self, Instant};

use crate::series::Series;
use crate::{ConnectionName, Error};

/// The pauses between looks at a lease that another holds: doubled from the first to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// The leases of all connections.
#[derive(Clone)]
pub struct Leases {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct LeaseRequest<'a> {
    /// Who asks, for example a host name and process id: shown to others.
    pub owner: &'a str,
    /// The present, in Unix seconds.
    pub now: i64,
    /// Seconds until the lease ends unless it is renewed.
    pub ttl: i64,
    /// How long to wait for another holder.
    pub wait: Duration,
}

/// A lease that is held. Dropped without [`release`](Self::release), it ends by itself when its time is over.
#[derive(Debug)]
pub struct Lease {
    connection: ConnectionName,
    series: Series,
    held: Held,
    number: u64,
    fence: u64,
    ttl: i64,
    took_over: bool,
    may_be_held: bool,
}

/// What a lease said when it was asked: whose it is and until when it is held at least. For work that runs while
/// somebody else renews the lease.
#[derive(Debug, Clone)]
pub struct LeaseProof {
    pub(crate) connection: ConnectionName,
    pub(crate) until: i64,
}

/// A lease as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Held {
    owner: String,
    until: i64,
    end: Option<End>,
}

/// How a holder gave a lease back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// Done.
    Finished,
    /// Not done: whoever comes next is told.
    CutOff,
}

impl Leases {
    /// Leases under `prefix`.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        Self { store, prefix }
    }

    /// Takes the lease of a connection.
    ///
    /// # Errors
    /// [`Error::Leased`] when another holds it longer than `wait`.
    pub async fn acquire(
        &self,
        connection: &ConnectionName,
        request: LeaseRequest<'_>,
    ) -> Result<Lease, Error> {
        acquire(self.series(connection), connection, request).await
    }

    /// Who holds it, and until when in Unix seconds.
    pub async fn holder(
        &self,
        connection: &ConnectionName,
        now: i64,
    ) -> Result<Option<(String, i64)>, Error> {
        let newest = newest(&self.series(connection)).await?.1;
        Ok(newest.filter(|held| held.is_held(now)).map(|held| (held.owner, held.until)))
    }

    fn series(&self, connection: &ConnectionName) -> Series {
        Series::new(Arc::clone(&self.store), connection.dir(&self.prefix, "leases"), "lease")
    }
}

impl Held {
    fn is_held(&self, now: i64) -> bool {
        self.end.is_none() && self.until > now
    }
}

impl Lease {
    /// The connection it is for.
    pub fn connection(&self) -> &ConnectionName {
        &self.connection
    }

    /// The fencing number: higher than that of any lease on the connection before.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// When it ends unless it is renewed, in Unix seconds.
    pub fn until(&self) -> i64 {
        self.held.until
    }

    /// What it says now.
    pub fn proof(&self) -> LeaseProof {
        LeaseProof { connection: self.connection.clone(), until: self.held.until }
    }

    /// Whether the holder before did not finish: it died, or said so.
    pub fn took_over(&self) -> bool {
        self.took_over
    }

    /// Whether the holder before never gave it back: it died, or it sleeps and takes itself for the holder still.
    pub fn may_be_held(&self) -> bool {
        self.may_be_held
    }

    /// Holds it for another time to live from `now` on. Do so every third of it.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] when another took it: stop writing.
    pub async fn renew(&mut self, now: i64) -> Result<(), Error> {
        let held = Held { until: now + self.ttl, ..self.held.clone() };
        self.number = self.series.append_json(self.number, &held).await.map_err(lost)?;
        self.held = held;
        self.series.prune().await;
        Ok(())
    }

    /// Gives it back.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] when another had taken it.
    pub async fn release(self) -> Result<(), Error> {
        self.end(End::Finished).await
    }

    /// Gives it back with work left undone: whoever comes next is told by [`took_over`](Self::took_over).
    ///
    /// # Errors
    /// [`Error::LeaseLost`] when another had taken it.
    pub async fn release_unfinished(self) -> Result<(), Error> {
        self.end(End::CutOff).await
    }

    pub(crate) async fn end(self, end: End) -> Result<(), Error> {
        let held = Held { end: Some(end), ..self.held };
        self.series.append_json(self.number, &held).await.map_err(lost)?;
        Ok(())
    }
}

fn lost(error: Error) -> Error {
    match error {
        Error::Conflict { .. } => Error::LeaseLost,
        other => other,
    }
}

/// Takes the lease whose series this is, waiting for another holder as long as the request allows.
pub(crate) async fn acquire(
    series: Series,
    connection: &ConnectionName,
    request: LeaseRequest<'_>,
) -> Result<Lease, Error> {
    let started = Instant::now();
    let mut pause = PAUSE_FIRST;
    loop {
        let now = request.now + started.elapsed().as_secs() as i64;
        match try_acquire(&series, connection, LeaseRequest { now, ..request }).await {
            Err(Error::Leased { .. }) if started.elapsed() + pause <= request.wait => {}
            // Another was faster: the next look shows what it wrote.
            Err(Error::Conflict { .. }) => continue,
            outcome => return outcome,
        }
        time::sleep(pause).await;
        pause = PAUSE_MAX.min(pause * 2);
    }
}

async fn try_acquire(
    series: &Series,
    connection: &ConnectionName,
    request: LeaseRequest<'_>,
) -> Result<Lease, Error> {
    let (number, before) = newest(series).await?;
    if let Some(Held { until, .. }) = before.as_ref().filter(|held| held.is_held(request.now)) {
        return Err(Error::Leased { until: *until });
    }
    let held = Held { owner: request.owner.to_owned(), until: request.now + request.ttl, end: None };
    let fence = series.append_json(number, &held).await?;
    series.prune().await;
    Ok(Lease {
        connection: connection.clone(),
        series: series.clone(),
        held,
        number: fence,
        fence,
        ttl: request.ttl,
        took_over: before.as_ref().is_some_and(|before| before.end != Some(End::Finished)),
        may_be_held: before.is_some_and(|before| before.end.is_none()),
    })
}

/// The newest lease and its number. One that cannot be read holds nothing: stores write objects whole, so it is what a
/// power cut left of a holder that is gone.
async fn newest(series: &Series) -> Result<(u64, Option<Held>), Error> {
    match series.newest_json().await {
        Ok(newest) => Ok(newest.map_or((0, None), |(number, held)| (number, Some(held)))),
        Err(Error::Damaged { .. }) => Ok((series.newest_number().await?, None)),
        Err(error) => Err(error),
    }
}
