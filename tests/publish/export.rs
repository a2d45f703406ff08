//! Marts as files.

use std::sync::Arc;

use deskmeter_publisher::{Error, ExportFormat, export};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::desk::{Desk, tickets_schema};

#[tokio::test]
async fn writes_each_mart_as_parquet_with_the_same_rows() {
    let (desk, store) = (Desk::new(300), Arc::new(InMemory::new()));
    let to = (Arc::clone(&store) as _, Path::from("out"));
    let report = export(&desk.warehouse().await, to, ExportFormat::Parquet, None, 1).await.unwrap();
    let files: Vec<(&str, u64)> = report.files.iter().map(|file| (file.path.as_str(), file.rows)).collect();
    assert!(
        files.contains(&("out/case_tickets.parquet", 300)) && files.contains(&("out/agents.parquet", 2)),
        "{files:?}"
    );
    let bytes = store.get(&Path::from("out/case_tickets.parquet")).await.unwrap().bytes().await.unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    let read = arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
    assert_eq!(read.schema().fields(), tickets_schema().fields());
    assert_eq!(vec![read], desk.tables.get("case_tickets").unwrap());
}

#[tokio::test]
async fn writes_a_named_mart_as_csv() {
    let (desk, store) = (Desk::new(2), Arc::new(InMemory::new()));
    let to = (Arc::clone(&store) as _, Path::default());
    let marts = ["case_tickets".to_owned()];
    let report = export(&desk.warehouse().await, to, ExportFormat::Csv, Some(&marts), 1).await.unwrap();
    assert_eq!(report.files.len(), 1);
    let bytes = store.get(&Path::from("case_tickets.csv")).await.unwrap().bytes().await.unwrap();
    assert_eq!(
        String::from_utf8(bytes.to_vec()).unwrap(),
        "ticket_id,created_month,group_id,status,is_reopened,created_at,created_date,reply_minutes,share,version\n\
         0,2026-08,,open,,2026-08-01T12:34:56Z,2026-08-01,,0.0,1\n\
         1,2026-09,360000000001,open,true,2026-09-02T12:34:56Z,2026-09-02,1,0.125,1\n"
    );
}

#[tokio::test]
async fn names_what_can_be_exported_when_asked_for_something_else() {
    let desk = Desk::new(2);
    let to = (Arc::new(InMemory::new()) as _, Path::default());
    let error = export(&desk.warehouse().await, to, ExportFormat::Csv, Some(&["nothing".to_owned()]), 1)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::UnknownTable { known, .. } if known.contains(&"agents".to_owned())),
        "{error}"
    );
}
