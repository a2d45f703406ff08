//! Tables of older and newer contracts.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::Array;
use arrow::datatypes::{DataType, Field, Schema};
use deskmeter_lake::{Change, Error as Lake, FileWriter, TableSpec, commit};
use deskmeter_loader::{Error, Loader, LoaderOptions};
use deskmeter_tables::TICKETS;
use deskmeter_zendesk::Stream;

use crate::support::{Place, clean, integers, load, ticket};

/// Makes the tickets table as another program would have made it: with these columns, of this contract, holding
/// ticket 1.
async fn make_tickets(place: &Place, contract: &str, schema: Schema) {
    let spec = TableSpec {
        schema: Arc::new(schema.clone()),
        partition: Some("created_month".to_owned()),
        data_skipping: vec!["ticket_id".to_owned()],
        description: "tickets".to_owned(),
        configuration: BTreeMap::from([("deskmeter.contract".to_owned(), contract.to_owned())]),
    };
    let mut table = place.lake.create("tickets", &spec).await.unwrap();
    let rows = clean(Stream::Tickets, &[ticket(1, 0, 1)]).pop().unwrap().into_record_batch();
    let columns: Vec<_> =
        schema.fields().iter().filter_map(|field| rows.schema().index_of(field.name()).ok()).collect();
    let rows = rows.project(&columns).unwrap();
    let mut change = Change::write();
    change.adds = FileWriter::of(&table, "tickets").unwrap().write(Some("2026-01"), &rows).await.unwrap();
    commit(&mut table, "tickets", change).await.unwrap();
}

#[tokio::test]
async fn an_older_table_gains_its_new_columns_without_a_file_being_touched() {
    let place = Place::new();
    let young = ["support_type", "from_messaging_channel"];
    let fields = TICKETS.columns.iter().filter(|column| !young.contains(&column.name));
    make_tickets(&place, "0", Schema::new(fields.map(deskmeter_tables::Column::field).collect::<Vec<_>>()))
        .await;
    let before = place.data_files();

    let mut loader = place.loader().await;
    assert_eq!(place.data_files(), before);
    let rows = place.rows(&TICKETS).await;
    assert_eq!(integers(&rows, "ticket_id"), [1]);
    assert_eq!(rows.column_by_name("support_type").unwrap().null_count(), 1);

    load(&mut loader, Stream::Tickets, &[ticket(1, 0, 2), ticket(2, 0, 1)], "a").await.unwrap();
    assert_eq!(integers(&place.rows(&TICKETS).await, "ticket_id"), [1, 2]);
    let files = place.files();
    place.loader().await;
    assert_eq!(place.files(), files, "it is evolved once");
}

#[tokio::test]
async fn a_lake_of_a_newer_contract_is_refused() {
    let place = Place::new();
    make_tickets(&place, "999", TICKETS.schema().as_ref().clone()).await;
    let refused = Loader::open(place.lake.clone(), LoaderOptions::default()).await.map(|_| ());
    assert!(
        matches!(&refused, Err(Error::Lake(Lake::NewerContract { table, found: 999, .. })) if table == "tickets"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_column_of_another_type_is_refused_by_name() {
    let place = Place::new();
    let schema = Schema::new(vec![
        Field::new("ticket_id", DataType::Int64, false),
        Field::new("created_month", DataType::Utf8, false),
        Field::new("status", DataType::Utf8, true),
        Field::new("subject", DataType::Utf8, true),
    ]);
    make_tickets(&place, "1", schema).await;
    let refused = Loader::open(place.lake.clone(), LoaderOptions::default()).await.map(|_| ());
    assert!(matches!(&refused, Err(Error::Contract { column, .. }) if column == "subject"), "{refused:?}");
}
