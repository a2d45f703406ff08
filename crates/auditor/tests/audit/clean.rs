//! Nothing is found where nothing is.

use std::fs;

use deskmeter_auditor::{AuditOptions, Expectations, audit};
use deskmeter_lake::{Change, commit};
use deskmeter_tables::TICKETS;

use crate::desk::{Desk, expectations, rows, spec, ticket_rows, without, write};

#[tokio::test]
async fn a_lake_as_it_should_be_has_no_findings() {
    let desk = Desk::new().await;
    let log = desk.folder.path().join("deskmeter.log");
    fs::write(
        &log,
        "2026-11-22T12:00:00.000001Z  INFO stream read stream=tickets rows=1000 pages=1\n\
         GET https://acme.zendesk.com/api/v2/incremental/tickets/cursor on 127.0.0.1:4711\n",
    )
    .unwrap();
    let report = desk.audit(vec![log]).await;
    assert_eq!(report.findings, []);
    // Six tables with 5 commits, a checkpoint, its pointer and 3 files; organizations, which has no numbers and so
    // the same rows again, with 4 commits and one file; a mart with 2 commits and a file; a log.
    assert_eq!((report.objects, report.vanished), (6 * 10 + 7 + 3 + 1, 0));
    assert!(report.values > 2_000 && report.bytes > 50_000, "{report:?}");
}

#[tokio::test]
async fn a_lake_of_an_older_contract_has_no_findings() {
    let desk = Desk::new().await;
    let spec = spec(&TICKETS);
    let mut older = deskmeter_lake::TableSpec { schema: spec.schema.clone(), ..spec };
    let rows = without(&rows(&TICKETS, 30), "support_type");
    let fields = older.schema.fields().iter().filter(|field| field.name() != "support_type").cloned();
    older.schema = std::sync::Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()));
    desk.connection().replace_table(TICKETS.name, &older, vec![rows]).await.unwrap();
    assert_eq!(desk.audit(Vec::new()).await.findings, []);
}

#[tokio::test]
async fn what_no_log_knows_is_read_and_found_clean() {
    let desk = Desk::new().await;
    let before = desk.audit(Vec::new()).await;
    write(&desk.data_file(), &ticket_rows());
    fs::copy(
        desk.data_file(),
        desk.tickets("created_month=2026-01/00112233445566778899aabbccddeefe.zstd.parquet#1"),
    )
    .unwrap();
    let after = desk.audit(Vec::new()).await;
    assert_eq!(after.findings, []);
    assert_eq!(after.objects, before.objects + 2);
    assert!(after.values > before.values);
}

#[tokio::test]
async fn all_connections_are_read_when_none_is_named() {
    let desk = Desk::new().await;
    let other = desk.lake().connection("other");
    other.replace_table(TICKETS.name, &spec(&TICKETS), vec![rows(&TICKETS, 1)]).await.unwrap();
    let options = AuditOptions::default();
    let lake = desk.lake();
    let one = audit(&lake, Some("acme"), &expectations(), &options).await.unwrap();
    let all = audit(&lake, None, &expectations(), &options).await.unwrap();
    assert_eq!((&one.findings, &all.findings), (&vec![], &vec![]));
    assert_eq!(all.objects, one.objects + 3);
}

#[tokio::test]
async fn a_mart_that_nobody_expects_is_found() {
    let desk = Desk::new().await;
    let options = AuditOptions::default();
    let mut collected = Expectations::collected();
    collected.allow_labels(["escalated", "tier_2"].map(str::to_owned).into());
    let report = audit(&desk.lake(), Some("acme"), &collected, &options).await.unwrap();
    assert!(report.findings.iter().all(|finding| finding.place.object.starts_with("acme/<a_a, 14 bytes>")));
    assert!(report.findings.iter().any(|finding| finding.rule == deskmeter_auditor::Rule::UnknownTable));
}

#[tokio::test]
async fn a_label_that_the_pipeline_file_does_not_allow_is_found_in_each_column_that_holds_it() {
    let desk = Desk::new().await;
    let mut none = Expectations::collected();
    none.tables.insert("ticket_metrics".to_owned(), expectations().tables["ticket_metrics"].clone());
    let report = audit(&desk.lake(), Some("acme"), &none, &AuditOptions::default()).await.unwrap();
    let columns: std::collections::BTreeSet<_> =
        report.findings.iter().filter_map(|finding| finding.place.column.as_deref()).collect();
    assert_eq!(columns, ["labels", "labels_added", "labels_removed"].into());
    assert!(report.findings.iter().any(|finding| finding.rule == deskmeter_auditor::Rule::OutsideDomain));
}

#[tokio::test]
async fn a_settings_commit_and_a_compaction_are_clean() {
    let desk = Desk::new().await;
    let lake = desk.connection();
    let mut table = lake.table(TICKETS.name).await.unwrap().unwrap();
    let mut change = Change::settings();
    change.configuration.insert("deskmeter.contract".to_owned(), Some("2".to_owned()));
    commit(&mut table, TICKETS.name, change).await.unwrap();
    commit(&mut table, TICKETS.name, Change::compaction()).await.unwrap();
    assert_eq!(desk.audit(Vec::new()).await.findings, []);
}
