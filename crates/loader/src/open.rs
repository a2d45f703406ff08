//! Tables of the contract in the lake: created, evolved, refused.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use deskmeter_lake::{CONTRACT, Change, ConnectionLake, DeltaTable, TableSpec, commit};
use deskmeter_tables::{CONTRACT_VERSION, Table};

use crate::Error;

/// Attempts before a table that others keep changing is given up.
pub(crate) const ATTEMPTS_MAX: u32 = 10;

/// The table, created or evolved where needed.
pub(crate) async fn open(
    lake: &ConnectionLake,
    table: &'static Table,
    fence: i64,
) -> Result<DeltaTable, Error> {
    for _ in 0..ATTEMPTS_MAX {
        let mut handle = lake.open_or_create(table.name, &spec(table)).await.map_err(Error::Lake)?;
        let Some(mut change) = evolution(&handle, table)? else { return Ok(handle) };
        refuse_fenced(&handle, table, fence).await?;
        change.fence = Some(fence);
        match commit(&mut handle, table.name, change).await {
            Ok(_) => return Ok(handle),
            Err(deskmeter_lake::Error::Conflict { .. }) => {}
            Err(error) => return Err(Error::Lake(error)),
        }
    }
    Err(Error::Contended { table: table.name })
}

/// The table at its newest version; that it exists was seen when the loader opened.
pub(crate) async fn required(lake: &ConnectionLake, table: &'static Table) -> Result<DeltaTable, Error> {
    lake.open_or_create(table.name, &spec(table)).await.map_err(Error::Lake)
}

/// A property of the table.
pub(crate) fn property(
    handle: &DeltaTable,
    table: &'static Table,
    key: &str,
) -> Result<Option<String>, Error> {
    let state = handle.snapshot().map_err(|error| read_log(table, &error))?;
    Ok(state.metadata().configuration().get(key).cloned())
}

/// Ends the run when a newer lease has written to the table.
pub(crate) async fn refuse_fenced(
    handle: &DeltaTable,
    table: &'static Table,
    ours: i64,
) -> Result<(), Error> {
    deskmeter_lake::refuse_fenced(handle, table.name, ours).await.map_err(Error::Lake)
}

/// What brings the table to this contract: columns that it lacks, which must be nullable, at the end of it. None when
/// it is there.
fn evolution(handle: &DeltaTable, table: &'static Table) -> Result<Option<Change>, Error> {
    let state = handle.snapshot().map_err(|error| read_log(table, &error))?;
    let stored = state.snapshot().arrow_schema();
    let wanted = commented_schema(table);
    let fault = |column: &str, fault| Error::Contract { table: table.name, column: column.to_owned(), fault };
    for field in stored.fields() {
        match wanted.field_with_name(field.name()) {
            Err(_) => return Err(fault(field.name(), "is not in it")),
            Ok(column) if column.data_type() != field.data_type() => {
                return Err(fault(field.name(), "is of another type"));
            }
            Ok(_) => {}
        }
    }
    let mut fields: Vec<_> = stored.fields().iter().cloned().collect();
    for field in wanted.fields().iter().filter(|field| stored.field_with_name(field.name()).is_err()) {
        if !field.is_nullable() {
            return Err(fault(field.name(), "is missing and may not be NULL"));
        }
        fields.push(Arc::clone(field));
    }
    let contract = property(handle, table, CONTRACT)?;
    if fields.len() == stored.fields().len() && contract == Some(CONTRACT_VERSION.to_string()) {
        return Ok(None);
    }
    let mut change = Change::settings();
    change.schema = Some(Arc::new(Schema::new(fields)));
    change.configuration = own_properties(table).into_iter().map(|(key, value)| (key, Some(value))).collect();
    Ok(Some(change))
}

fn spec(table: &'static Table) -> TableSpec {
    TableSpec {
        schema: commented_schema(table),
        partition: Some(table.partition.to_owned()),
        data_skipping: table.data_skipping_columns().map(str::to_owned).collect(),
        description: table.grain.to_owned(),
        configuration: BTreeMap::from([(CONTRACT.to_owned(), CONTRACT_VERSION.to_string())]),
    }
}

/// Properties that follow from the contract: they change when it does.
fn own_properties(table: &'static Table) -> BTreeMap<String, String> {
    let skipping = table.data_skipping_columns().collect::<Vec<_>>().join(",");
    BTreeMap::from([
        (CONTRACT.to_owned(), CONTRACT_VERSION.to_string()),
        (deskmeter_lake::DATA_SKIPPING.to_owned(), skipping),
    ])
}

/// The table's schema, with the sentence of each column as its comment.
fn commented_schema(table: &'static Table) -> SchemaRef {
    let fields = table.columns.iter().map(|column| -> Field {
        column.field().with_metadata(HashMap::from([("comment".to_owned(), column.about.to_owned())]))
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn read_log(table: &'static Table, error: &dyn std::error::Error) -> Error {
    Error::Lake(deskmeter_lake::Error::table("read log of", table.name, error))
}
