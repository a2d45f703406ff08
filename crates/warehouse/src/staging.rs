//! Marts that are made and that no reader sees yet. A refresh makes all of them, checks them, and only then publishes
//! them one right after the other: what a check finds wrong never takes the place of what was right.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::datasource::MemTable;
use datafusion::error::Result as EngineResult;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionContext, col, lit};
use deskmeter_lake::{ConnectionLake, StagedRows, TableSpec};
use url::Url;

use crate::error::external;
use crate::models::Model;
use crate::refresh::Replaced;
use crate::store::Store;
use crate::{Engine, Error};

/// Where the engine finds the files of the lake's store.
const STAGED: &str = "staged://lake";

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

    /// Lets readers see the marts.
    pub(crate) async fn publish(&self, store: &Store) -> Result<(), Error> {
        for mart in &self.marts {
            mart.publish(store).await?;
        }
        Ok(())
    }
}

impl StagedMart {
    /// Writes a mart, or the rows of some tickets and those of the others that were created in the same months, where no
    /// reader looks.
    pub(crate) async fn write(
        store: &Store,
        model: &Model,
        (schema, batches): (SchemaRef, Vec<RecordBatch>),
        replaced: Option<&Replaced>,
    ) -> Result<Self, Error> {
        let mart = Self {
            name: model.name.clone(),
            schema,
            partition: model.description.partition.clone(),
            grain: model.description.grain.clone(),
            months: replaced.map(|replaced| replaced.months.clone()),
            rows: Rows::Held(Vec::new()),
        };
        let failed = |source| Error::table("write", &model.name, source);
        let rows = match (store, replaced) {
            (Store::Lake(lake), None) => {
                Rows::Files(lake.stage(&mart.name, &mart.spec(), batches).await.map_err(failed)?)
            }
            (Store::Lake(lake), Some(replaced)) => {
                let (spec, among) = (mart.spec(), replaced.among(model));
                let staged = lake.stage_among(&mart.name, &spec, batches, &replaced.months, &among).await;
                Rows::Files(staged.map_err(failed)?)
            }
            (Store::Memory(tables), Some(replaced)) => {
                let kept = tables.get(&mart.name).unwrap_or_default();
                let staying = kept.iter().map(|batch| replaced.staying(model, batch));
                let staying = staying.collect::<Result<Vec<_>, _>>();
                let staying = staying.map_err(|source| Error::table("write", &mart.name, source))?;
                Rows::Held(batches.into_iter().chain(staying).collect())
            }
            (Store::Memory(_), None) | (Store::Empty | Store::Union(_), _) => Rows::Held(batches),
        };
        Ok(Self { rows, ..mart })
    }

    fn spec(&self) -> TableSpec {
        TableSpec::mart(&self.schema, self.partition.as_deref(), &self.grain)
    }

    async fn publish(&self, store: &Store) -> Result<(), Error> {
        match (store, &self.rows) {
            (Store::Lake(lake), Rows::Files(files)) => {
                let published = lake.publish(&self.name, &self.spec(), files, self.months.as_ref()).await;
                published.map_err(|source| Error::table("write", &self.name, source))?;
            }
            (Store::Memory(tables), Rows::Held(batches)) => {
                let months = self.months.as_ref().zip(self.partition.as_deref());
                tables.replace(&self.name, Arc::clone(&self.schema), batches.clone(), months)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// What the table will hold once the mart is published: the kept rows of other months, and the staged ones.
    /// The engine is this process: no other finds the staged files.
    pub(crate) async fn frame(&self, store: &Store, context: &SessionContext) -> Result<DataFrame, Error> {
        let failed = |source| Error::model(&self.name, source);
        let mut frames = match (&self.rows, store) {
            (Rows::Files(files), Store::Lake(lake)) => {
                self.file_frames(files, lake, context).await.map_err(failed)?
            }
            (Rows::Held(batches), _) => {
                let held =
                    MemTable::try_new(Arc::clone(&self.schema), vec![batches.clone()]).map_err(failed)?;
                vec![context.read_table(Arc::new(held)).map_err(failed)?]
            }
            (Rows::Files(_), _) => Vec::new(),
        };
        if let (Some(months), Some(partition)) = (&self.months, &self.partition)
            && let Some(kept) = store.provider(&self.name, context, &Engine::Embedded).await?
        {
            let months = months.iter().map(|month| lit(month.as_str())).collect();
            let others = context
                .read_table(kept)
                .and_then(|kept| kept.filter(col(partition).in_list(months, true)))
                .and_then(|kept| kept.select_columns(&self.column_names()));
            frames.push(others.map_err(failed)?);
        }
        let mut frames = frames.into_iter();
        let Some(first) = frames.next() else {
            let empty = MemTable::try_new(Arc::clone(&self.schema), vec![Vec::new()]).map_err(failed)?;
            return context.read_table(Arc::new(empty)).map_err(failed);
        };
        frames.try_fold(first, DataFrame::union).map_err(failed)
    }

    /// One frame for the files of each value of the partition column, which stands in their path alone.
    async fn file_frames(
        &self,
        files: &StagedRows,
        lake: &ConnectionLake,
        context: &SessionContext,
    ) -> EngineResult<Vec<DataFrame>> {
        let root = Url::parse(STAGED).map_err(external)?;
        context.register_object_store(&root, lake.store());
        let mut by_value: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
        for (path, value) in files.files() {
            by_value.entry(value).or_default().push(url_of(&root, lake, &self.name, path));
        }
        let in_files =
            self.schema.fields().iter().filter(|field| Some(field.name()) != self.partition.as_ref());
        let schema = Schema::new(in_files.cloned().collect::<Vec<_>>());
        let mut frames = Vec::new();
        for (value, urls) in by_value {
            let frame = context.read_parquet(urls, ParquetReadOptions::default().schema(&schema)).await?;
            let frame = match (&self.partition, value) {
                (Some(partition), Some(value)) => frame.with_column(partition, lit(value))?,
                _ => frame,
            };
            frames.push(frame.select_columns(&self.column_names())?);
        }
        Ok(frames)
    }

    fn column_names(&self) -> Vec<&str> {
        self.schema.fields().iter().map(|field| field.name().as_str()).collect()
    }
}

fn url_of(root: &Url, lake: &ConnectionLake, name: &str, path: &str) -> String {
    let mut url = root.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(lake.prefix().parts().map(|part| part.as_ref().to_owned()));
        segments.push(name).extend(path.split('/'));
    }
    url.to_string()
}
