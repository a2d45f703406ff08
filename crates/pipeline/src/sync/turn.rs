//! A run's turn on its connection: the lease, held and renewed while it works.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deskmeter_connections::{Error as StateError, Lease, LeaseRequest};
use deskmeter_lake::ConnectionLake;
use tracing::warn;

use crate::error::Error;
use crate::open::{of_lake, open_lake};
use crate::state::{State, of_state};
use crate::tokens::owner;
use crate::{Context, PipelineFile};

/// How long a lease lasts that is not renewed: a killed run blocks the next one this long at most.
const LEASE_SECONDS: i64 = 120;

/// What a run knows of its turn.
#[derive(Debug)]
pub(crate) struct Turn {
    fence: i64,
    marts_behind: AtomicBool,
    /// Whether the holder before may take itself for the holder still.
    may_be_held: bool,
}

impl Turn {
    /// The number that every commit of this turn carries.
    pub(crate) const fn fence(&self) -> i64 {
        self.fence
    }

    /// The lake for this turn. Where the holder before never gave the lease back, its tables are closed to it first.
    pub(crate) async fn lake(
        &self,
        pipeline: &PipelineFile,
        context: &Context,
    ) -> Result<ConnectionLake, Error> {
        let lake = open_lake(pipeline, context)?.under_lease(self.fence);
        if self.may_be_held {
            lake.close_to_others().await.map_err(|error| of_lake("take over the tables", error))?;
        }
        Ok(lake)
    }

    /// Whether rows were committed that the marts do not show yet, in this turn or in one before it that was cut off.
    /// A turn that ends so tells the next one.
    pub(crate) fn are_marts_behind(&self) -> bool {
        self.marts_behind.load(Ordering::Relaxed)
    }

    /// Notes it.
    pub(crate) fn set_marts_behind(&self, behind: bool) {
        self.marts_behind.store(behind, Ordering::Relaxed);
    }
}

/// Takes the connection's lease.
pub(crate) async fn acquire(state: &State, context: &Context, wait: Duration) -> Result<Lease, Error> {
    let owner = owner();
    let request = LeaseRequest { owner: &owner, now: context.now().0, ttl: LEASE_SECONDS, wait };
    state
        .leases()
        .acquire(&state.connection, request)
        .await
        .map_err(|error| of_state("take the lease", error))
}

/// Does the work under the lease, renewing it, and gives it back. Work whose lease is lost is stopped where it stands.
pub(crate) async fn while_renewing<T, F: Future<Output = Result<T, Error>>>(
    mut lease: Lease,
    context: &Context,
    work: impl FnOnce(Arc<Turn>) -> F,
) -> Result<T, Error> {
    let turn = Arc::new(Turn {
        fence: i64::try_from(lease.fence()).unwrap_or(i64::MAX),
        marts_behind: AtomicBool::new(lease.took_over()),
        may_be_held: lease.may_be_held(),
    });
    let mut work = Box::pin(work(Arc::clone(&turn)));
    let third = Duration::from_secs(LEASE_SECONDS as u64 / 3);
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            () = tokio::time::sleep(third) => renew(&mut lease, context).await?,
        }
    };
    let released =
        if turn.are_marts_behind() { lease.release_unfinished().await } else { lease.release().await };
    // The work's own failure is what a person must read.
    let value = result?;
    released.map_err(|error| of_state("give the lease back", error))?;
    Ok(value)
}

/// A store that fails for a moment does not end the turn while the lease still runs.
async fn renew(lease: &mut Lease, context: &Context) -> Result<(), Error> {
    match lease.renew(context.now().0).await {
        Err(StateError::Storage { .. }) if context.now().0 < lease.until() => {
            warn!("the lease could not be renewed; trying again");
            Ok(())
        }
        renewed => renewed.map_err(|error| of_state("renew the lease", error)),
    }
}
