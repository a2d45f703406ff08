//! Arrow schemas, and what of them a Delta table can hold.

use std::sync::Arc;

use arrow::array::{RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::{StructField, StructType};
use deskmeter_tables::CONTRACT_VERSION;

use crate::{Error, TableSpec};

/// The schema with every type replaced by the one that is stored: plain strings, signed integers, dates, microseconds
/// of UTC. Columns of a query's result become so; field metadata stays.
pub fn storable_schema(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        let data_type = storable_type(field.data_type());
        Field::new(field.name(), data_type, field.is_nullable()).with_metadata(field.metadata().clone())
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn storable_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 | DataType::Utf8 | DataType::Null => DataType::Utf8,
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 | DataType::Duration(_) => DataType::Int64,
        DataType::Timestamp(_, _) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Date64 => DataType::Date32,
        DataType::Dictionary(_, value) => storable_type(value),
        other => other.clone(),
    }
}

/// The rows with exactly the columns of `schema`, in its order: cast where the type differs, NULL where a nullable
/// column is missing. A column that `schema` does not have is refused.
pub fn conform(table: &str, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Error> {
    for field in batch.schema_ref().fields() {
        if schema.field_with_name(field.name()).is_err() {
            return Err(Error::mismatch(table, format!("it has no column {}", field.name())));
        }
    }
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        columns.push(conform_column(table, batch, field)?);
    }
    RecordBatch::try_new(Arc::clone(schema), columns)
        .map_err(|error| Error::mismatch(table, error.to_string()))
}

fn conform_column(
    table: &str,
    batch: &RecordBatch,
    field: &FieldRef,
) -> Result<arrow::array::ArrayRef, Error> {
    match batch.column_by_name(field.name()) {
        Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
        Some(column) => cast(column, field.data_type()).map_err(|_| {
            Error::mismatch(table, format!("column {} is {}", field.name(), column.data_type()))
        }),
        None if field.is_nullable() => Ok(new_null_array(field.data_type(), batch.num_rows())),
        None => Err(Error::mismatch(table, format!("column {} is missing", field.name()))),
    }
}

/// Property of a collected table: version of the contract that its columns follow.
pub const CONTRACT: &str = "deskmeter.contract";

/// Whoever reads or writes by an older contract would not see what a newer one added, or lose it: they are refused.
pub(crate) fn refuse_newer_contract(table: &DeltaTable, name: &str) -> Result<(), Error> {
    let state = table.snapshot().map_err(|error| Error::table("read log of", name, &error))?;
    let found = state.metadata().configuration().get(CONTRACT).and_then(|text| text.parse().ok());
    match found {
        Some(found) if found > CONTRACT_VERSION => {
            Err(Error::NewerContract { table: name.to_owned(), found, known: CONTRACT_VERSION })
        }
        _ => Ok(()),
    }
}

pub(crate) fn delta_schema(table: &str, schema: &Schema) -> Result<StructType, Error> {
    schema.try_into_kernel().map_err(|error| Error::table("describe", table, &error))
}

pub(crate) fn delta_columns(table: &str, schema: &Schema) -> Result<Vec<StructField>, Error> {
    Ok(delta_schema(table, schema)?.fields().cloned().collect())
}

/// Property that names the columns whose minimum and maximum may stand in the log.
pub const DATA_SKIPPING: &str = "delta.dataSkippingStatsColumns";

/// The table's properties. Expiry of the log is ours to decide, in housekeeping, with a clock handed in; no other
/// writer's defaults may throw commits away.
pub(crate) fn configuration(spec: &TableSpec) -> Vec<(String, Option<String>)> {
    let own = [
        (DATA_SKIPPING, spec.data_skipping.join(",")),
        ("delta.enableExpiredLogCleanup", "false".to_owned()),
        ("delta.enableDeletionVectors", "false".to_owned()),
    ];
    let own = own.map(|(key, value)| (key.to_owned(), Some(value)));
    let further = spec.configuration.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
    own.into_iter().chain(further).collect()
}
