//! A table as the Parquet files that it has now: plans to a plain scan of those files that can hold what is asked for, which
//! any engine can ship. The Delta log is read once, when the table is opened, and not for each question.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use deskmeter_lake::{ConnectionLake, DataFile, DeltaTable, data_files};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::error::external;
use crate::reader::Readers;

/// The files of a table at one version. Valid for tables without deletion vectors and column mapping, which ours
/// never have (`deskmeter_lake`).
#[derive(Debug)]
pub(crate) struct Snapshot {
    schema: SchemaRef,
    files: Files,
}

/// What is shipped beside the schema.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Files {
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
    /// How many rows it has; none where nobody knows.
    rows: Option<u64>,
    /// What is known of its columns, by name.
    columns: BTreeMap<String, Known>,
}

/// What the log tells of a column in a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Known {
    nulls: Option<u64>,
    /// Values between which all lie, as integers of the column's type.
    bounds: Option<(i64, i64)>,
    /// Whether they may be none of the column's values.
    may_be_cut: bool,
}

impl File {
    fn of(folder: &Path, file: &DataFile, schema: &Schema) -> Self {
        let known = |field: &FieldRef| {
            let (name, data_type) = (field.name(), field.data_type());
            let (nulls, bounds) = (file.nulls(name), file.bounds(name, data_type));
            (name.clone(), Known { nulls, bounds, may_be_cut: file.may_be_cut(name) })
        };
        Self {
            path: format!("{folder}/{}", file.path),
            bytes: file.bytes,
            partition: file.partition.clone(),
            rows: file.rows,
            columns: schema.fields().iter().map(known).collect(),
        }
    }

    /// What is known of the file's own columns.
    fn statistics(&self, in_files: &Schema) -> Statistics {
        let exactly = |count: Option<u64>| count.map_or(Precision::Absent, |n| Precision::Exact(n as usize));
        let of_column = |field: &FieldRef| {
            let known = self.columns.get(field.name()).cloned().unwrap_or_default();
            let bound = |value: i64| {
                let value = ScalarValue::Int64(Some(value));
                let value = match field.data_type() {
                    DataType::Date32 => value.cast_to(&DataType::Int32),
                    _ => Ok(value),
                };
                value
                    .and_then(|value| value.cast_to(field.data_type()))
                    .map_or(Precision::Absent, Precision::Exact)
            };
            let (low, high) = known
                .bounds
                .map_or((Precision::Absent, Precision::Absent), |(low, high)| (bound(low), bound(high)));
            let unknown = ColumnStatistics::new_unknown();
            unknown.with_null_count(exactly(known.nulls)).with_min_value(low).with_max_value(high)
        };
        Statistics {
            num_rows: exactly(self.rows),
            total_byte_size: Precision::Absent,
            column_statistics: in_files.fields().iter().map(of_column).collect(),
        }
    }
}

impl Snapshot {
    pub(crate) fn new(schema: SchemaRef, files: Files) -> Self {
        Self { schema, files }
    }

    #[cfg(feature = "ballista")]
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// The table at the version that it holds. `store` is the URL under which the engine finds the lake's object store.
    pub(crate) fn of(lake: &ConnectionLake, table: &DeltaTable, name: &str, store: String) -> Result<Self> {
        let state = table.snapshot().map_err(external)?;
        let partition = state.metadata().partition_columns().first().cloned();
        let files = data_files(table, name).map_err(external)?;
        Ok(Self::of_files(lake, name, store, state.snapshot().arrow_schema(), partition, &files))
    }

    /// A table of these columns that has these files.
    pub(crate) fn of_files(
        lake: &ConnectionLake,
        name: &str,
        store: String,
        schema: SchemaRef,
        partition: Option<String>,
        files: &[DataFile],
    ) -> Self {
        let folder = lake.prefix().clone().join(name);
        let list = files.iter().map(|file| File::of(&folder, file, &schema)).collect();
        Self::new(schema, Files { store, partition, list })
    }

    /// Its files, and beside them those that another version of it has of other partitions than these.
    pub(crate) fn beside(mut self, other: Option<&Self>, partitions: &BTreeSet<String>) -> Self {
        let files = other.into_iter().flat_map(|other| &other.files.list);
        let is_other = |file: &&File| file.partition.as_ref().is_none_or(|value| !partitions.contains(value));
        self.files.list.extend(files.filter(is_other).cloned());
        self
    }

    /// Rows that live no longer than one refresh, written where executors can read them.
    #[cfg(feature = "ballista")]
    pub(crate) async fn of_scratch(
        lake: &ConnectionLake,
        name: &str,
        store: String,
        schema: SchemaRef,
        parts: &[Vec<RecordBatch>],
    ) -> Result<Self> {
        let written = lake.write_scratch(name, &schema, parts).await.map_err(external)?;
        let list = written.into_iter().map(|(path, bytes)| File {
            path: path.to_string(),
            bytes,
            partition: None,
            rows: None,
            columns: BTreeMap::new(),
        });
        let files = Files { store, partition: None, list: list.collect() };
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
        let values: StringArray = all.iter().map(|file| file.partition.as_deref()).collect();
        let values = cast(&values, field.data_type())?;
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

    fn scanned(&self, file: &File, layout: &TableSchema) -> Result<PartitionedFile> {
        // The path is encoded as it is stored: what makes one of a text would encode it once more.
        let location = Path::parse(&file.path).map_err(external)?;
        let mut scanned = PartitionedFile::new("", file.bytes);
        scanned.object_meta.location = location;
        if let Some(field) = self.partition_field() {
            let value = ScalarValue::Utf8(file.partition.clone()).cast_to(field.data_type())?;
            scanned.partition_values = vec![value];
        }
        let mut scanned = scanned.with_statistics(Arc::new(file.statistics(layout.file_schema())));
        if self.files.partition.is_some()
            && file.partition.is_none()
            && let Some(mut known) = scanned.statistics.take().map(Arc::unwrap_or_clone)
        {
            // A partition of NULL is taken for one of a value.
            known.column_statistics.pop();
            let nulls = ColumnStatistics::new_unknown().with_null_count(known.num_rows);
            known.column_statistics.push(nulls);
            scanned.statistics = Some(Arc::new(known));
        }
        Ok(scanned)
    }

    /// What is known of all these files together.
    fn known_of(&self, files: &[PartitionedFile], schema: &SchemaRef) -> Result<Statistics> {
        let of_files = files.iter().filter_map(|file| file.statistics.as_deref());
        let mut known = Statistics::try_merge_iter(of_files, schema)?;
        for (field, column) in schema.fields().iter().zip(&mut known.column_statistics) {
            let mut in_files = self.files.list.iter().filter_map(|file| file.columns.get(field.name()));
            if in_files.any(|known| known.may_be_cut) {
                *column = column.clone().to_inexact();
            }
        }
        Ok(known)
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
        let files = self.wanted_files(session, filters)?.into_iter();
        let files: Vec<_> = files.map(|file| self.scanned(file, &layout)).collect::<Result<_>>()?;
        let statistics = if session.config_options().execution.collect_statistics {
            self.known_of(&files, layout.table_schema())?
        } else {
            Statistics::new_unknown(layout.table_schema())
        };
        let mut groups = vec![Vec::new(); session.config().target_partitions().clamp(1, files.len().max(1))];
        let count = groups.len();
        for (place, file) in files.into_iter().enumerate() {
            if let Some(group) = groups.get_mut(place % count) {
                group.push(file);
            }
        }
        let store = ObjectStoreUrl::parse(&self.files.store)?;
        let (runtime, mut source) = (session.runtime_env(), ParquetSource::new(layout));
        // What files say of themselves in their last bytes is read once. A scheduler reads none, and may not know the store.
        if let Ok(objects) = runtime.object_store(&store) {
            let cache = runtime.cache_manager.get_file_metadata_cache();
            source = source.with_parquet_file_reader_factory(Arc::new(Readers::new(objects, cache)));
        }
        let scan = FileScanConfigBuilder::new(store, Arc::new(source))
            .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
            .with_statistics(statistics)
            .with_projection_indices(Some(projection))?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow::array::{ArrayRef, Int64Array, TimestampMicrosecondArray};
    use arrow::util::pretty::pretty_format_batches;
    use deskmeter_lake::{Lake, TableSpec};
    use futures::TryStreamExt as _;

    use super::*;
    use crate::{Warehouse, WarehouseOptions};

    async fn told(warehouse: &Warehouse, sql: &str) -> String {
        let batches: Vec<_> = warehouse.query(sql).await.unwrap().try_collect().await.unwrap();
        pretty_format_batches(&batches).unwrap().to_string()
    }

    /// Rows at these microseconds of a month.
    fn month(name: &str, instants: &[i64], schema: &SchemaRef) -> RecordBatch {
        let instants = TimestampMicrosecondArray::from_iter_values(instants.iter().copied());
        let ids = Int64Array::from_iter_values((0..instants.len()).map(|id| id as i64));
        let months = StringArray::from_iter_values(vec![name; instants.len()]);
        let columns: [ArrayRef; 3] =
            [Arc::new(ids), Arc::new(months), Arc::new(instants.with_timezone("UTC"))];
        RecordBatch::try_new(Arc::clone(schema), columns.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn bounds_that_the_log_tells_spare_files_and_change_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        // A path that is encoded where it is stored.
        let folder = folder.path().join("Größe 1");
        let lake = Lake::open(&format!("file://{}", folder.display()), &BTreeMap::new()).unwrap();
        let lake = lake.connection("acme");
        // The names of a collected table, so that the warehouse opens it.
        let table = &deskmeter_tables::TICKETS;
        let schema: SchemaRef = Arc::new(Schema::new(
            ["ticket_id", "created_month", "created_at"]
                .map(|name| table.column(name).unwrap().field())
                .to_vec(),
        ));
        let (january, february) = (1_767_225_600_000_000, 1_769_904_000_000_000);
        let rows = vec![
            month("2026-01", &[january, january + 1_000_999], &schema),
            month("2026-02", &[february, february + 5_000_000], &schema),
        ];
        let spec = TableSpec::mart(&schema, Some(table.partition), table.grain);
        lake.replace_table(table.name, &spec, rows).await.unwrap();
        let mut warehouse = Warehouse::new(WarehouseOptions::default()).unwrap();
        warehouse.open(lake).await.unwrap();

        let newest = told(&warehouse, "select count(*) as n, max(created_at) as newest from tickets").await;
        assert!(newest.contains("| 4 | 2026-02-01T00:00:05Z |"), "{newest}");
        let within = "select max(created_at) as newest from tickets where created_month = '2026-01'";
        assert!(told(&warehouse, within).await.contains("2026-01-01T00:00:01.000999Z"), "no whole second");
        let exactly = "select count(*) as n from tickets where created_at >= \
                       arrow_cast(1767225601000999, 'Timestamp(Microsecond, Some(\"UTC\"))') and created_at < \
                       arrow_cast(1767225602000000, 'Timestamp(Microsecond, Some(\"UTC\"))')";
        assert!(told(&warehouse, exactly).await.contains("| 1 |"), "a bound is no reason to skip it");
        let spared = told(&warehouse, &format!("explain analyze {exactly}")).await;
        assert!(spared.contains("files_ranges_pruned_statistics=2 total \u{2192} 1 matched"), "{spared}");
    }
}
