//! The tables of a connection at one moment, and the answers over them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;
use deskmeter_pipeline::{Context, PipelineFile};
use deskmeter_warehouse::{Catalogue, Warehouse};
use futures::TryStreamExt as _;

use crate::Error;
use crate::data::answers::{Answers, Key};
use crate::data::filters::Filters;
use crate::data::held::Held;
use crate::data::rows::Rows;
use crate::data::sql::{self, Parameters, Query};
use crate::pages::dashboard;
use crate::visitors::Visitors;

/// Most rows that one answer may have; what lies beyond is cut off and said so.
pub(crate) const ROWS_MAX: usize = 200_000;
/// A question waits this long for others at most.
const WAIT_TIMEOUT: Duration = Duration::from_mins(1);
/// From then on it must be answered within this time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    /// The tables do not tell.
    #[error("ask the warehouse")]
    Warehouse(#[source] deskmeter_warehouse::Error),
    /// It took too long.
    #[error("no answer within {} seconds: choose a shorter period or try again later", ANSWER_TIMEOUT.as_secs())]
    Late,
    /// Too many others asked before.
    #[error("too many questions at once: try again in a minute")]
    Busy,
    /// The console stops.
    #[error("the console stops")]
    Stopped,
}

/// The tables of a connection at one moment.
pub(crate) struct Snapshot {
    warehouse: Arc<Warehouse>,
    version: blake3::Hash,
    as_of: Option<i64>,
    answers: Arc<Answers>,
    held: Arc<Held>,
    is_prepared: AtomicBool,
}

impl Snapshot {
    /// Opens the tables as they are. `version` names this state of them.
    pub(crate) async fn open(
        file: &PipelineFile,
        context: &Context,
        version: blake3::Hash,
        answers: Arc<Answers>,
    ) -> Result<Arc<Self>, Error> {
        let asked = sql::ALL.iter().map(|query| query.text);
        let opened = deskmeter_pipeline::open_warehouse_for(file, context, asked).await;
        let warehouse = opened.map_err(Error::pipeline("open the warehouse"))?;
        let mut snapshot = Self::of(warehouse, version, answers);
        let parameters = Parameters::new(&Filters::standard(), Filters::standard().span(0), 0);
        let rows = snapshot.ask(&sql::AS_OF.filled(&parameters)).await.ok();
        snapshot.as_of = rows.and_then(|rows| rows.first("as_of").integer());
        Ok(Arc::new(snapshot))
    }

    fn of(warehouse: Warehouse, version: blake3::Hash, answers: Arc<Answers>) -> Self {
        let (held, is_prepared) = (Arc::new(Held::none(warehouse.catalogue())), AtomicBool::new(false));
        Self { warehouse: Arc::new(warehouse), version, as_of: None, answers, held, is_prepared }
    }

    /// A warehouse as if its newest data were of this second.
    #[cfg(test)]
    pub(crate) fn over(warehouse: Warehouse, as_of: i64, answers: Arc<Answers>) -> Self {
        Self { as_of: Some(as_of), ..Self::of(warehouse, blake3::hash(b"a test"), answers) }
    }

    /// Names the state of the tables: as long as it is the same, all answers are.
    pub(crate) fn version(&self) -> blake3::Hash {
        self.version
    }

    /// The second of the newest data, if there is any.
    pub(crate) fn as_of(&self) -> Option<i64> {
        self.as_of
    }

    /// Every model with its description.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        self.warehouse.catalogue()
    }

    /// Whether [`prepare`](Self::prepare) has done its work.
    pub(crate) fn is_prepared(&self) -> bool {
        self.is_prepared.load(Ordering::Relaxed)
    }

    /// Puts what the reports read into memory and computes their first answers, the first report first. Before each
    /// question whoever waits for a page goes first. Tells whether there was room for all that they read.
    pub(crate) async fn prepare(&self, visitors: &Visitors) -> bool {
        for (query, parameters) in dashboard::ahead(self.as_of) {
            visitors.go_first().await;
            let _ = self.answer(query, &parameters).await;
        }
        self.is_prepared.store(true, Ordering::Relaxed);
        self.held.has_room()
    }

    /// Puts into memory what found no room before.
    pub(crate) async fn hold_rest(&self) {
        self.held.load_rest(&self.warehouse, &self.answers.room).await;
    }

    /// Answers a question once what it reads is in memory, as far as there is room for it.
    pub(crate) async fn answer(
        &self,
        query: &Query,
        parameters: &Parameters,
    ) -> Result<Arc<Rows>, Unanswered> {
        let statement = query.filled(parameters);
        if !self.answers.has(self.key(&statement)) {
            self.held.load(query, &self.warehouse, &self.answers.room).await;
        }
        self.ask(&statement).await
    }

    /// Answers a statement, up to [`ROWS_MAX`] rows. It runs beside the caller, so that the questions of a page use
    /// all cores; of all pages together only so many run at once.
    pub(crate) async fn ask(&self, statement: &str) -> Result<Arc<Rows>, Unanswered> {
        let compute = async || {
            let (warehouse, answers) = (Arc::clone(&self.warehouse), Arc::clone(&self.answers));
            let statement = statement.to_owned();
            let computing = tokio::spawn(async move {
                let turn = tokio::time::timeout(WAIT_TIMEOUT, answers.permits.acquire()).await;
                let _permit = turn.map_err(|_| Unanswered::Busy)?.map_err(|_| Unanswered::Stopped)?;
                let computed = tokio::time::timeout(ANSWER_TIMEOUT, compute(&warehouse, &statement)).await;
                computed.map_err(|_| Unanswered::Late)?.map_err(Unanswered::Warehouse)
            });
            computing.await.unwrap_or(Err(Unanswered::Stopped))
        };
        self.answers.get_or_compute(self.key(statement), compute).await
    }

    /// Names a question about this state of the tables.
    fn key(&self, statement: &str) -> Key {
        let mut key = blake3::Hasher::new();
        key.update(self.version.as_bytes()).update(statement.as_bytes());
        key.finalize()
    }
}

async fn compute(warehouse: &Warehouse, statement: &str) -> Result<Rows, deskmeter_warehouse::Error> {
    let mut stream = warehouse.query(statement).await?;
    let schema = stream.schema();
    let mut batches: Vec<RecordBatch> = Vec::new();
    let mut left = ROWS_MAX;
    let failed = |error| deskmeter_warehouse::Error::Query(Box::new(error));
    while let Some(batch) = stream.try_next().await.map_err(failed)? {
        let batch = batch.slice(0, batch.num_rows().min(left));
        left -= batch.num_rows();
        batches.push(batch);
        if left == 0 {
            break;
        }
    }
    Ok(Rows::new(&schema, &batches))
}
