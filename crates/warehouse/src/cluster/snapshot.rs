//! A table as the Parquet files that it has now: plans to a plain scan of files, which any engine can ship.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use deskmeter_lake::{ConnectionLake, DeltaTable, data_files};
use serde::{Deserialize, Serialize};

use super::stores::root;

/// The files of a table at one version. Valid for tables without deletion vectors and column mapping, which ours
/// never have (`deskmeter_lake`).
#[derive(Debug)]
pub(crate) struct Snapshot {
    schema: SchemaRef,
    files: Files,
}

/// What is shipped beside the schema.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Files {
    /// URL of the object store.
    store: String,
    /// The column whose values stand in the files' folders.
    partition: Option<String>,
    list: Vec<File>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct File {
    /// Path below the store's root.
    path: String,
    bytes: u64,
    /// Value of the partition column.
    partition: Option<String>,
}

impl Snapshot {
    pub(super) fn new(schema: SchemaRef, files: Files) -> Self {
        Self { schema, files }
    }

    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// The table at the version that it holds.
    pub(crate) fn of(lake: &ConnectionLake, table: &DeltaTable, name: &str) -> Result<Self> {
        let failed = |error: deskmeter_lake::Error| DataFusionError::External(Box::new(error));
        let state = table.snapshot().map_err(|error| DataFusionError::External(Box::new(error)))?;
        let partition = state.metadata().partition_columns().first().cloned();
        let folder = lake.prefix().clone().join(name);
        let files = data_files(table, name).map_err(failed)?.into_iter().map(|file| File {
            path: format!("{folder}/{}", file.path),
            bytes: file.bytes,
            partition: file.partition,
        });
        let files = Files { store: root(lake.url()), partition, list: files.collect() };
        Ok(Self::new(state.snapshot().arrow_schema(), files))
    }

    /// Rows that live no longer than one refresh, written where executors can read them.
    pub(crate) async fn of_scratch(
        lake: &ConnectionLake,
        name: &str,
        schema: SchemaRef,
        parts: &[Vec<RecordBatch>],
    ) -> Result<Self> {
        let written = lake.write_scratch(name, &schema, parts).await;
        let written = written.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let files =
            written.into_iter().map(|(path, bytes)| File { path: path.to_string(), bytes, partition: None });
        let files = Files { store: root(lake.url()), partition: None, list: files.collect() };
        Ok(Self::new(schema, files))
    }

    /// The partition column as a field, as the schema has it.
    fn partition_field(&self) -> Option<FieldRef> {
        let field = |field: &&FieldRef| self.is_partition(field.name());
        self.schema.fields().iter().find(field).cloned()
    }

    /// Columns as they lie in the files, then the partition column.
    fn layout(&self) -> TableSchema {
        let in_files = self.schema.fields().iter().filter(|field| !self.is_partition(field.name()));
        let in_files = Arc::new(Schema::new(in_files.cloned().collect::<Vec<_>>()));
        TableSchema::builder(in_files)
            .with_table_partition_cols(self.partition_field().into_iter().collect::<Vec<_>>())
            .build()
    }

    fn is_partition(&self, column: &str) -> bool {
        self.files.partition.as_deref() == Some(column)
    }

    /// Places in the layout of the columns that are asked for, which count in the schema's order.
    fn projection(&self, wanted: Option<&Vec<usize>>, layout: &Schema) -> Result<Vec<usize>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let place = |index: &usize| Ok(layout.index_of(self.schema.field(*index).name())?);
        wanted.unwrap_or(&all).iter().map(place).collect()
    }

    /// The files that can hold rows for which the filters on the partition column hold.
    fn wanted_files(&self, session: &dyn Session, filters: &[Expr]) -> Result<Vec<&File>> {
        let all: Vec<&File> = self.files.list.iter().collect();
        let Some(field) = self.partition_field() else { return Ok(all) };
        let values: ArrayRef =
            Arc::new(all.iter().map(|file| file.partition.as_deref()).collect::<StringArray>());
        let schema = Arc::new(Schema::new(vec![field.as_ref().clone().with_nullable(true)]));
        let rows = RecordBatch::try_new(Arc::clone(&schema), vec![values])?;
        let schema = DFSchema::try_from(schema.as_ref().clone())?;
        let mut keep = vec![true; all.len()];
        let of_partition = |filter: &&Expr| {
            let columns = filter.column_refs();
            !columns.is_empty() && columns.iter().all(|column| self.is_partition(&column.name))
        };
        for filter in filters.iter().filter(of_partition) {
            let filter = session.create_physical_expr(filter.clone(), &schema)?;
            let holds = filter.evaluate(&rows)?.into_array(rows.num_rows())?;
            let holds = holds.as_boolean();
            for (row, keep) in keep.iter_mut().enumerate() {
                *keep &= holds.is_valid(row) && holds.value(row);
            }
        }
        Ok(all.into_iter().zip(keep).filter_map(|(file, keep)| keep.then_some(file)).collect())
    }

    fn scanned(&self, file: &File) -> PartitionedFile {
        let mut scanned = PartitionedFile::new(file.path.clone(), file.bytes);
        if self.files.partition.is_some() {
            scanned.partition_values = vec![ScalarValue::Utf8(file.partition.clone())];
        }
        scanned
    }
}

#[async_trait]
impl TableProvider for Snapshot {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let layout = self.layout();
        let projection = self.projection(projection, layout.table_schema())?;
        let files = self.wanted_files(session, filters)?;
        let count = session.config().target_partitions().clamp(1, files.len().max(1));
        let mut groups = vec![Vec::new(); count];
        for (file, group) in files.iter().zip((0..count).cycle()) {
            if let Some(group) = groups.get_mut(group) {
                group.push(self.scanned(file));
            }
        }
        let store = ObjectStoreUrl::parse(&self.files.store)?;
        let scan = FileScanConfigBuilder::new(store, Arc::new(ParquetSource::new(layout)))
            .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
            .with_projection_indices(Some(projection))?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}
