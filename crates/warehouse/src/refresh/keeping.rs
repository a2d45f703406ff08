//! Marts that are checked and written while the next ones are made.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use tokio::task::{JoinError, JoinSet};

use super::{CheckReport, Refresh, checks, missing};
use crate::Error;
use crate::error::external;
use crate::models::Model;
use crate::staging::StagedMart;

/// Marts that are written at a time: each holds its rows until it is done.
const AT_ONCE: usize = 2;

/// Rows of one schema.
pub(super) type Rows = (SchemaRef, Vec<RecordBatch>);

/// The marts of one run that are under way, and those that are done, by the place of their step. Whoever drops it ends
/// what is under way.
#[derive(Default)]
pub(super) struct Keeping {
    under_way: JoinSet<Result<(usize, Kept), Error>>,
    done: BTreeMap<usize, Kept>,
}

/// A mart that lies beside its table, and what was found of its rows.
pub(super) struct Kept {
    pub(super) mart: StagedMart,
    pub(super) checks: Vec<CheckReport>,
}

impl Keeping {
    /// Begins with a mart, as soon as there is room for it.
    pub(super) async fn begin(
        &mut self,
        place: usize,
        refresh: &Refresh,
        model: &Model,
        rows: Rows,
    ) -> Result<(), Error> {
        while self.under_way.len() >= AT_ONCE {
            self.take_one().await?;
        }
        let (store, replaced) = (refresh.store.clone(), refresh.replaced.clone());
        let restless = Arc::clone(&refresh.restless);
        let model = missing::described(model, &refresh.missing).into_owned();
        self.under_way.spawn(async move {
            let checks = checks::of_rows(&model, &rows.0, &rows.1)
                .map_err(|source| Error::model(&model.name, source.into()))?;
            let mart = StagedMart::write(&store, &model, rows, replaced.as_ref(), &restless).await?;
            Ok((place, Kept { mart, checks }))
        });
        Ok(())
    }

    /// All marts, once all are done.
    pub(super) async fn finish(mut self) -> Result<Vec<Kept>, Error> {
        while !self.under_way.is_empty() {
            self.take_one().await?;
        }
        Ok(self.done.into_values().collect())
    }

    async fn take_one(&mut self) -> Result<(), Error> {
        if let Some(ended) = self.under_way.join_next().await {
            let (place, kept) = of_task(ended)??;
            self.done.insert(place, kept);
        }
        Ok(())
    }
}

/// What a task gave. A panic of it is as if the work had been done here: nobody aborts a task that somebody waits for.
pub(crate) fn of_task<T>(ended: Result<T, JoinError>) -> Result<T, Error> {
    ended.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => Error::engine(external(error)),
    })
}
