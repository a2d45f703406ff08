//! Marts that are made and that no reader sees yet. A refresh makes all of them, checks them, and only then publishes
//! them one right after the other: what a check finds wrong never takes the place of what was right.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use deskmeter_lake::{Error as LakeError, StagedRows, TableSpec, storable_schema};
use futures::future::join_all;

use crate::models::{Model, TICKET};
use crate::refresh::{FirstDays, Replaced, join};
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::{Engine, Error};

/// Marts that are published at a time.
const PUBLISHED_AT_ONCE: usize = 8;

/// The marts of one refresh, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Staging {
    marts: Vec<StagedMart>,
}

/// One mart.
#[derive(Debug)]
pub(crate) struct StagedMart {
    pub(crate) name: String,
    schema: SchemaRef,
    partition: Option<String>,
    /// What one row is.
    grain: String,
    /// The months that the rows remake; none when they are the whole mart.
    pub(crate) months: Option<BTreeSet<String>>,
    /// From which days on sums count its rows otherwise than those that made way for them.
    pub(crate) first_days: FirstDays,
    rows: Rows,
}

/// Where the rows are meanwhile.
#[derive(Debug)]
pub(crate) enum Rows {
    Held(Vec<RecordBatch>),
    Files(StagedRows),
}

impl Staging {
    /// Adds a mart, or further months of one.
    pub(crate) fn put(&mut self, mart: StagedMart) {
        let Some(known) = self.marts.iter_mut().find(|known| known.name == mart.name) else {
            self.marts.push(mart);
            return;
        };
        match (&mut known.months, mart.months) {
            (Some(known), Some(more)) => known.extend(more),
            (known, _) => *known = None,
        }
        join(&mut known.first_days, &mart.first_days);
        match (&mut known.rows, mart.rows) {
            (Rows::Held(known), Rows::Held(more)) => known.extend(more),
            (Rows::Files(known), Rows::Files(more)) => known.extend(more),
            (known, more) => *known = more,
        }
    }

    /// Joins the marts of another part of the refresh.
    pub(crate) fn extend(&mut self, other: Self) {
        other.marts.into_iter().for_each(|mart| self.put(mart));
    }

    /// The marts, in order.
    pub(crate) fn marts(&self) -> &[StagedMart] {
        &self.marts
    }

    /// Lets readers see the marts, some at a time.
    pub(crate) async fn publish(&self, store: &Store) -> Result<(), Error> {
        for marts in self.marts.chunks(PUBLISHED_AT_ONCE) {
            let published = join_all(marts.iter().map(|mart| mart.publish(store))).await;
            published.into_iter().collect::<Result<(), Error>>()?;
        }
        Ok(())
    }
}

impl StagedMart {
    /// Writes a mart, or the rows of some tickets and those of the others that were created in the same months, where no
    /// reader looks. The rows of restless tickets, which will soon be made anew, lie apart from all others.
    pub(crate) async fn write(
        store: &Store,
        model: &Model,
        (schema, batches): (SchemaRef, Vec<RecordBatch>),
        replaced: Option<&Replaced>,
        restless: &HashSet<i64>,
    ) -> Result<Self, Error> {
        let mart = Self {
            name: model.name.clone(),
            schema,
            partition: model.description.partition.clone(),
            grain: model.description.grain.clone(),
            months: replaced.map(|replaced| replaced.months.clone()),
            first_days: FirstDays::new(),
            rows: Rows::Held(Vec::new()),
        };
        let failed = |source| Error::table("write", &model.name, source);
        let unread = |source| Error::table("read", &model.name, source);
        let mut first_days = FirstDays::new();
        let rows = match (store, replaced) {
            (Store::Lake(tables), None) => {
                let lake = tables.lake();
                let staged = lake.stage_apart(&mart.name, &mart.spec(), batches, TICKET, restless).await;
                Rows::Files(staged.map_err(failed)?)
            }
            (Store::Lake(tables), Some(replaced)) => {
                let lake = tables.lake();
                let (spec, among, new) = (mart.spec(), replaced.among(model), batches.clone());
                let staged = lake.stage_among(&mart.name, &spec, new, &replaced.months, &among).await;
                let (staged, former) = staged.map_err(failed)?;
                first_days = replaced.sums.first_days(model, &former, &batches).map_err(unread)?;
                Rows::Files(staged)
            }
            (Store::Memory(tables), Some(replaced)) => {
                let kept = tables.get(&mart.name).unwrap_or_default();
                let parted = kept.iter().map(|batch| replaced.parted(model, batch));
                let parted = parted.collect::<Result<Vec<_>, _>>().map_err(unread)?;
                let (former, staying): (Vec<_>, Vec<_>) = parted.into_iter().unzip();
                first_days = replaced.sums.first_days(model, &former, &batches).map_err(unread)?;
                Rows::Held(batches.into_iter().chain(staying).collect())
            }
            (Store::Memory(_), None) | (Store::Empty | Store::Union(_), _) => Rows::Held(batches),
        };
        Ok(Self { first_days, rows, ..mart })
    }

    fn spec(&self) -> TableSpec {
        TableSpec::mart(&self.schema, self.partition.as_deref(), &self.grain)
    }

    async fn publish(&self, store: &Store) -> Result<(), Error> {
        match (store, &self.rows) {
            (Store::Lake(tables), Rows::Files(files)) => {
                let lake = tables.lake();
                let published = lake.publish(&self.name, &self.spec(), files, self.months.as_ref()).await;
                published.map_err(|source| Error::table("write", &self.name, source))?;
            }
            (Store::Memory(tables), Rows::Held(batches)) => {
                let rows = tables.with_replaced(&self.name, batches.clone(), self.replaced_months())?;
                tables.put(&self.name, Arc::clone(&self.schema), rows);
            }
            _ => {}
        }
        Ok(())
    }

    /// The months whose rows make way, and the column that tells them; none when all rows do.
    fn replaced_months(&self) -> Option<(&BTreeSet<String>, &str)> {
        self.months.as_ref().zip(self.partition.as_deref())
    }

    /// What the table will hold once the mart is published: the kept rows of other months, and the staged ones.
    pub(crate) async fn table(
        &self,
        store: &Store,
        context: &SessionContext,
        engine: &Engine,
    ) -> Result<Arc<dyn TableProvider>, Error> {
        let failed = |source: LakeError| Error::table("read", &self.name, source);
        match (&self.rows, store) {
            (Rows::Files(staged), Store::Lake(tables)) => {
                let (lake, files) = (tables.lake(), staged.files().map_err(failed)?);
                let url = engine.store_url(lake, context).map_err(Error::engine)?;
                let (schema, partition) = (storable_schema(&self.schema), self.partition.clone());
                let staged = Snapshot::of_files(lake, &self.name, url, schema, partition, &files);
                Ok(Arc::new(match self.replaced_months() {
                    Some((months, _)) => {
                        let kept = tables.snapshot(&self.name, context, engine).await?;
                        staged.beside(kept.as_deref(), months)
                    }
                    None => staged,
                }))
            }
            (Rows::Held(batches), Store::Memory(tables)) => {
                held(&self.schema, tables.with_replaced(&self.name, batches.clone(), self.replaced_months())?)
            }
            (Rows::Held(batches), _) => held(&self.schema, batches.clone()),
            (Rows::Files(_), _) => held(&self.schema, Vec::new()),
        }
    }
}

fn held(schema: &SchemaRef, rows: Vec<RecordBatch>) -> Result<Arc<dyn TableProvider>, Error> {
    Ok(Arc::new(MemTable::try_new(Arc::clone(schema), vec![rows]).map_err(Error::engine)?))
}
