//! What runs the plans: this process, or a cluster. All that differs between the two is here.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use deskmeter_lake::ConnectionLake;
use url::Url;

use crate::error::external;
use crate::group_windows::GroupWindows;

#[cfg(feature = "ballista")]
use crate::cluster;
#[cfg(feature = "ballista")]
use crate::snapshot::Snapshot;

/// What runs the plans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Engine {
    /// This process.
    #[default]
    Embedded,
    /// A Ballista cluster, by `HOST:PORT` of its scheduler.
    #[cfg(feature = "ballista")]
    Ballista(String),
}

impl FromStr for Engine {
    type Err = String;

    /// `embedded`, or `ballista://HOST:PORT` in a build with the feature `ballista`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "embedded" {
            return Ok(Self::Embedded);
        }
        let address = text.strip_prefix("ballista://").filter(|address| {
            let parts = address.rsplit_once(':');
            parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        });
        match address {
            #[cfg(feature = "ballista")]
            Some(address) => Ok(Self::Ballista(address.to_owned())),
            #[cfg(not(feature = "ballista"))]
            Some(_) => Err("this build has no cluster engine; build with --features ballista".to_owned()),
            None => Err("write \"embedded\" or \"ballista://HOST:PORT\"".to_owned()),
        }
    }
}

impl Engine {
    /// A context whose plans this engine runs.
    #[cfg_attr(
        not(feature = "ballista"),
        expect(clippy::unnecessary_wraps, reason = "only a cluster's settings can be refused")
    )]
    pub(crate) fn context(&self, config: SessionConfig, runtime: &Arc<RuntimeEnv>) -> Result<SessionContext> {
        match self {
            Self::Embedded => {
                let state = SessionStateBuilder::new_with_default_features()
                    .with_config(config)
                    .with_runtime_env(Arc::clone(runtime))
                    .with_physical_optimizer_rule(Arc::new(GroupWindows));
                Ok(SessionContext::new_with_state(state.build()))
            }
            #[cfg(feature = "ballista")]
            Self::Ballista(scheduler) => cluster::context(scheduler, config, runtime),
        }
    }

    /// The URL under which plans find the object store of a lake.
    pub(crate) fn store_url(&self, lake: &ConnectionLake, context: &SessionContext) -> Result<String> {
        match self {
            // By its connection: two lakes of one union may have different credentials for one bucket.
            Self::Embedded => {
                let mut hasher = DefaultHasher::new();
                lake.url().hash(&mut hasher);
                let url = format!("lake://{:016x}", hasher.finish());
                context.register_object_store(&Url::parse(&url).map_err(external)?, lake.store());
                Ok(url)
            }
            #[cfg(feature = "ballista")]
            Self::Ballista(_) => Ok(cluster::root(lake.url())),
        }
    }

    /// Rows that the next models of a refresh read: in memory, or in the store where the executors find them.
    #[cfg_attr(
        not(feature = "ballista"),
        expect(unused_variables, clippy::unused_async, reason = "only a cluster has to write them")
    )]
    pub(crate) async fn hold(
        &self,
        lake: Option<&ConnectionLake>,
        name: &str,
        schema: SchemaRef,
        partitions: Vec<Vec<RecordBatch>>,
    ) -> Result<Arc<dyn TableProvider>> {
        match (self, lake) {
            #[cfg(feature = "ballista")]
            (Self::Ballista(_), Some(lake)) => {
                let store = cluster::root(lake.url());
                Ok(Arc::new(Snapshot::of_scratch(lake, name, store, schema, &partitions).await?))
            }
            _ => Ok(Arc::new(MemTable::try_new(schema, partitions)?)),
        }
    }

    /// Lets go of all that [`hold`](Self::hold) wrote, in this refresh or in one that was killed.
    #[cfg_attr(
        not(feature = "ballista"),
        expect(clippy::unused_async, reason = "only a cluster has written them")
    )]
    pub(crate) async fn release(&self, lake: Option<&ConnectionLake>) -> Result<()> {
        match (self, lake) {
            #[cfg(feature = "ballista")]
            (Self::Ballista(_), Some(lake)) => lake.clear_scratch().await.map_err(external),
            _ => Ok(()),
        }
    }
}
