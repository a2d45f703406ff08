//! What is broken is named, and what can be had again is had again.

use std::path::PathBuf;

use deskmeter_loader::{Fault, Finding, HousekeepingBudget, check, repair_logs};
use deskmeter_tables::{ALL, TICKET_METRIC_SETS, TICKETS};
use deskmeter_zendesk::Stream;

use crate::support::{Place, integers, load, ticket};

/// Two months of tickets, and the path of the first month's file of a table.
async fn place_with_rows(table: &str) -> (Place, PathBuf) {
    let place = Place::new();
    let mut loader = place.loader().await;
    load(&mut loader, Stream::Tickets, &[ticket(1, 0, 1), ticket(2, 1, 1)], "end").await.unwrap();
    let folder = format!("/{table}/created_month=2026-01");
    let file = place.data_files().into_iter().find(|path| path.to_string_lossy().contains(&folder)).unwrap();
    (place, file)
}

fn faults(findings: Vec<Finding>) -> Vec<(&'static str, Fault)> {
    let name = |finding: &Finding| ALL.iter().find(|table| table.name == finding.table).unwrap().name;
    findings.into_iter().map(|finding| (name(&finding), finding.fault)).collect()
}

#[tokio::test]
async fn a_lake_in_order_has_no_findings_and_neither_has_an_empty_place() {
    let empty = Place::new();
    assert_eq!(check(&empty.lake).await.unwrap(), []);
    let (place, _) = place_with_rows("tickets").await;
    assert_eq!(check(&place.lake).await.unwrap(), []);
}

#[tokio::test]
async fn every_kind_of_damage_is_named() {
    let (place, file) = place_with_rows("tickets").await;
    let healthy = std::fs::read(&file).unwrap();
    std::fs::write(&file, &healthy[..healthy.len() / 2]).unwrap();
    assert_eq!(faults(check(&place.lake).await.unwrap()), [("tickets", Fault::Length)]);
    std::fs::write(&file, vec![b'x'; healthy.len()]).unwrap();
    assert_eq!(faults(check(&place.lake).await.unwrap()), [("tickets", Fault::Unreadable)]);
    for byte in (0..healthy.len()).step_by(healthy.len() / 5) {
        let mut flipped = healthy.clone();
        flipped[byte] ^= 0x10;
        std::fs::write(&file, &flipped).unwrap();
        let found = faults(check(&place.lake).await.unwrap());
        assert_eq!(found, [("tickets", Fault::Unreadable)], "byte {byte}");
    }
    std::fs::remove_file(&file).unwrap();
    let findings = check(&place.lake).await.unwrap();
    assert!(file.ends_with(&findings[0].path), "{findings:?}");
    assert_eq!(faults(findings), [("tickets", Fault::Missing)]);
    std::fs::write(&file, &healthy).unwrap();
    std::fs::write(file.with_file_name("never-committed.parquet"), b"rows").unwrap();
    assert_eq!(faults(check(&place.lake).await.unwrap()), [("tickets", Fault::Orphan)]);
}

#[tokio::test]
async fn a_newest_commit_that_is_cut_off_is_taken_away_and_its_rows_come_again() {
    let (place, _) = place_with_rows("tickets").await;
    let commit = place.folder.path().join("lake/acme/tickets/_delta_log/00000000000000000001.json");
    let text = std::fs::read(&commit).unwrap();
    std::fs::write(&commit, &text[..text.len() - 40]).unwrap();
    assert_eq!(faults(check(&place.lake).await.unwrap()), [("tickets", Fault::Torn)]);
    assert_eq!(repair_logs(&place.lake).await.unwrap(), 1);
    let orphans = faults(check(&place.lake).await.unwrap());
    assert_eq!(orphans, [("tickets", Fault::Orphan), ("tickets", Fault::Orphan)]);
    let mut loader = place.loader().await;
    assert_eq!(loader.position("tickets").await.unwrap(), None);
    load(&mut loader, Stream::Tickets, &[ticket(1, 0, 1), ticket(2, 1, 1)], "end").await.unwrap();
    assert_eq!(check(&place.lake).await.unwrap(), []);
    assert_eq!(integers(&place.rows(&TICKETS).await, "ticket_id"), [1, 2]);
}

#[tokio::test]
async fn a_checkpoint_that_is_missing_or_damaged_is_named_and_the_log_read_without_it() {
    for damage in ["missing", "damaged"] {
        let (place, _) = place_with_rows("tickets").await;
        let mut loader = place.loader().await;
        for version in 2..=12 {
            load(&mut loader, Stream::Tickets, &[ticket(1, 0, version)], &version.to_string()).await.unwrap();
        }
        // The time is that of no retention: every commit stays.
        assert!(loader.housekeeping(0, HousekeepingBudget::default()).await.unwrap().checkpoints > 0);
        assert_eq!(check(&place.lake).await.unwrap(), []);
        let log = place.folder.path().join("lake/acme/tickets/_delta_log");
        let files = std::fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().path());
        let is_checkpoint = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "parquet");
        let checkpoint = files.into_iter().find(is_checkpoint).unwrap();
        match damage {
            "missing" => std::fs::remove_file(&checkpoint).unwrap(),
            _ => std::fs::write(&checkpoint, "no Parquet").unwrap(),
        }
        assert_eq!(faults(check(&place.lake).await.unwrap()), [("tickets", Fault::Checkpoint)], "{damage}");
        assert_eq!(repair_logs(&place.lake).await.unwrap(), 1);
        assert_eq!(check(&place.lake).await.unwrap(), [], "{damage}");
        let loader = place.loader().await;
        assert_eq!(loader.position("tickets").await.unwrap().as_deref(), Some("12"));
    }
}

#[tokio::test]
async fn a_log_with_a_commit_missing_in_its_middle_is_named_and_left_alone() {
    let (place, _) = place_with_rows("tickets").await;
    let mut loader = place.loader().await;
    load(&mut loader, Stream::Tickets, &[ticket(1, 0, 2)], "later").await.unwrap();
    let commit = place.folder.path().join("lake/acme/tickets/_delta_log/00000000000000000001.json");
    std::fs::remove_file(&commit).unwrap();
    let findings = check(&place.lake).await.unwrap();
    assert!(commit.ends_with(&findings[0].path), "{findings:?}");
    assert_eq!(faults(findings), [("tickets", Fault::Log)]);
    assert_eq!(repair_logs(&place.lake).await.unwrap(), 0);
}

#[tokio::test]
async fn what_a_killed_writer_left_half_written_is_named() {
    let (place, file) = place_with_rows("tickets").await;
    std::fs::write(file.with_file_name("torn.zstd.parquet#1"), "half a file").unwrap();
    let findings = check(&place.lake).await.unwrap();
    assert!(findings[0].path.ends_with("torn.zstd.parquet#1"), "{findings:?}");
    assert_eq!(faults(findings), [("tickets", Fault::Orphan)]);
}

#[tokio::test]
async fn lost_rows_are_read_again_after_a_repair() {
    for (table, lost) in [("tickets", &TICKETS), ("ticket_metric_sets", &TICKET_METRIC_SETS)] {
        let (place, file) = place_with_rows(table).await;
        std::fs::remove_file(&file).unwrap();
        let mut loader = place.loader().await;
        assert_eq!(loader.repair().await.unwrap(), 1);
        assert_eq!(check(&place.lake).await.unwrap(), []);
        assert_eq!(integers(&place.rows(lost).await, "ticket_id"), [2]);
        assert_eq!(loader.position("tickets").await.unwrap(), None, "the stream is read from the start");
        let again = load(&mut loader, Stream::Tickets, &[ticket(1, 0, 1), ticket(2, 1, 1)], "end").await;
        assert_eq!(again.unwrap().rows_inserted, 1);
        assert_eq!(integers(&place.rows(lost).await, "ticket_id"), [1, 2]);
    }
}
