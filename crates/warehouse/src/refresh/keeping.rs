//! Marts that are checked and written while the next ones are made.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use tokio::task::JoinSet;

use super::merging::Replaced;
use super::{CheckReport, checks};
use crate::Error;
use crate::models::Model;
use crate::staging::StagedMart;
use crate::store::Store;

/// Marts that are written at a time: each holds its rows until it is done.
const AT_ONCE: usize = 2;

/// The marts of one run that are under way, and those that are done, by the order in which they were made. Whoever drops
/// it ends what is under way.
#[derive(Default)]
pub(super) struct Keeping {
    under_way: JoinSet<Result<(usize, Kept), Error>>,
    done: BTreeMap<usize, Kept>,
    begun: usize,
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
        store: &Store,
        model: &Model,
        rows: (SchemaRef, Vec<RecordBatch>),
        replaced: Option<Replaced>,
    ) -> Result<(), Error> {
        while self.under_way.len() >= AT_ONCE {
            self.take_one().await?;
        }
        let (store, model) = (store.clone(), model.clone());
        let position = self.begun;
        self.begun += 1;
        self.under_way.spawn(async move {
            let checks = checks::of_rows(&model, &rows.0, &rows.1)
                .map_err(|source| Error::model(&model.name, source.into()))?;
            let mart = StagedMart::write(&store, &model, rows, replaced.as_ref()).await?;
            Ok((position, Kept { mart, checks }))
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
        match self.under_way.join_next().await {
            Some(Ok(ended)) => {
                let (position, kept) = ended?;
                self.done.insert(position, kept);
            }
            // It is a panic as if the work had been done here: nobody aborts these tasks while somebody waits for them.
            Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Some(Err(_)) | None => {}
        }
        Ok(())
    }
}
