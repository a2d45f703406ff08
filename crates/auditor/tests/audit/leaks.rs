//! Leaks by name, log, configuration, row and file.

use std::fs;
use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, TimestampMicrosecondArray};
use deskmeter_auditor::{Part, Rule};
use deskmeter_lake::{Change, commit};
use deskmeter_tables::{AGENTS, TICKETS};
use parquet::file::properties::WriterProperties;

use crate::desk::{CANARY, Desk, POSITION, USER_ID, texts, ticket_rows, with, write, write_as};

#[tokio::test]
async fn sees_a_column_that_was_added() {
    let desk = Desk::new().await;
    write(&desk.data_file(), &with(&ticket_rows(), "subject", texts(["My printer is broken", "a", "b"])));
    let file = "created_month=2026-01/00112233445566778899aabbccddeeff.zstd.parquet";
    desk.check(file, Part::Schema, Rule::UnknownColumn).await;
    desk.check(file, Part::Values, Rule::FreeText).await;
}

#[tokio::test]
async fn sees_a_text_that_was_let_through_in_a_column_of_words() {
    let desk = Desk::new().await;
    // By a writer that tells bounds of words, as others do and ours did.
    let rows = with(&ticket_rows(), "status", texts(["open", "jo.doe@example.test", "new"]));
    write_as(&desk.data_file(), &rows, WriterProperties::default());
    for part in [Part::Values, Part::DictionaryPage, Part::ColumnStatistics, Part::ColumnIndex] {
        for rule in [Rule::OutsideDomain, Rule::Email] {
            // The address is neither least nor greatest: "jo" stands between "new" and "open" only as a least bound.
            desk.check("acme/tickets/created_month=2026-01", part, rule).await;
        }
    }
}

#[tokio::test]
async fn sees_a_raw_id_a_telephone_number_and_a_time_out_of_range_among_numbers() {
    let desk = Desk::new().await;
    let numbers = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
    let rows = with(&ticket_rows(), "group_id", numbers(vec![1, USER_ID, 2]));
    let rows = with(&rows, "n_followers", numbers(vec![0, 4_915_112_345_678, 1]));
    let times = TimestampMicrosecondArray::from(vec![0, 1, 9_000_000_000_000_000]).with_timezone("UTC");
    write(&desk.data_file(), &with(&rows, "due_at", Arc::new(times)));
    desk.check("acme/tickets", Part::Values, Rule::Canary).await;
    let report = desk.audit(Vec::new()).await;
    let out_of_range = |column: &str| {
        let found = report.findings.iter().find(|finding| {
            finding.place.column.as_deref() == Some(column)
                && finding.rule == Rule::OutOfRange
                && finding.place.part == Part::Values
        });
        found.map_or(0, |finding| finding.count)
    };
    assert_eq!((out_of_range("group_id"), out_of_range("n_followers"), out_of_range("due_at")), (0, 1, 2));
}

#[tokio::test]
async fn sees_a_column_of_another_type() {
    let desk = Desk::new().await;
    write(&desk.data_file(), &with(&ticket_rows(), "ticket_id", texts(["1", "2", "3"])));
    desk.check("acme/tickets/created_month=2026-01", Part::Schema, Rule::WrongType).await;
}

#[tokio::test]
async fn sees_a_canary_in_the_name_of_a_partition_folder() {
    let desk = Desk::new().await;
    let folder = desk.tickets(&format!("created_month={CANARY}"));
    fs::create_dir(&folder).unwrap();
    write(&folder.join("00112233445566778899aabbccddeeff.zstd.parquet"), &ticket_rows());
    desk.check("acme/tickets/<a_a=A-a-9, 31 bytes>/", Part::Path, Rule::Canary).await;
    desk.check("acme/tickets/<", Part::Path, Rule::OutsideDomain).await;
}

#[tokio::test]
async fn sees_a_canary_in_the_notes_of_a_commit() {
    let desk = Desk::new().await;
    desk.append_to_log(&format!(r#"{{"commitInfo":{{"timestamp":1,"userMetadata":"{CANARY}"}}}}"#));
    desk.check("acme/tickets/_delta_log/00000000000000000003.json", Part::CommitInfo, Rule::Canary).await;
}

#[tokio::test]
async fn sees_a_canary_that_json_writes_as_escapes() {
    let desk = Desk::new().await;
    let escaped = CANARY.replacen('C', "\\u0043", 1);
    desk.append_to_log(&format!(r#"{{"commitInfo":{{"note":{{"by":["{escaped}"]}}}}}}"#));
    desk.check("tickets/_delta_log/00000000000000000003.json", Part::CommitInfo, Rule::Canary).await;
    let log = desk.folder.path().join("report.json");
    fs::write(&log, format!("{{\"status\":\"{escaped}\"}}\n")).unwrap();
    desk.check_with(vec![log], "file 1: report.json", Part::Bytes, Rule::Canary).await;
}

#[tokio::test]
async fn sees_a_predicate_an_unknown_action_and_a_stranger_among_the_transactions() {
    let desk = Desk::new().await;
    desk.append_to_log(
        r#"{"commitInfo":{"operation":"DELETE","operationParameters":{"predicate":"ticket_id = 7"}}}"#,
    );
    desk.append_to_log(
        r#"{"domainMetadata":{"domain":"x","configuration":"jo.doe@example.test","removed":false}}"#,
    );
    desk.append_to_log(r#"{"txn":{"appId":"Jo Doe","version":1}}"#);
    desk.check("_delta_log/00000000000000000003.json", Part::CommitInfo, Rule::Predicate).await;
    desk.check("_delta_log/00000000000000000003.json", Part::LogAction, Rule::UnknownKey).await;
    desk.check("_delta_log/00000000000000000003.json", Part::LogAction, Rule::Email).await;
    desk.check("_delta_log/00000000000000000003.json", Part::LogAction, Rule::OutsideDomain).await;
}

#[tokio::test]
async fn sees_bounds_of_texts_and_canaries_among_the_bounds_of_a_file() {
    let desk = Desk::new().await;
    let stats = format!(
        r#"{{\"numRecords\":1,\"minValues\":{{\"requester_key\":\"abcdefghijklmnopq237\",\"group_id\":{USER_ID}}}}}"#
    );
    desk.append_to_log(&format!(
        r#"{{"add":{{"path":"x","partitionValues":{{"created_month":"Jo"}},"stats":"{stats}"}}}}"#
    ));
    desk.check("_delta_log", Part::FileStatistics, Rule::TextBounds).await;
    desk.check("_delta_log", Part::FileStatistics, Rule::Canary).await;
    desk.check("_delta_log", Part::PartitionValue, Rule::OutsideDomain).await;
}

#[tokio::test]
async fn sees_a_leaking_property_in_commit_and_checkpoint() {
    let table = TICKETS.name;
    let email =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "1.0||jo.doe@example.test");
    let cursor = |cursor: &str| format!(r#"{{"cursor":{{"cursor":"{cursor}","newest":null}}}}"#);
    for (key, value, rule) in [
        ("deskmeter.note", CANARY.to_owned(), Rule::Canary),
        ("delta.owner", "Jo Doe".to_owned(), Rule::OutsideDomain),
        ("comment", "x".to_owned(), Rule::UnknownKey),
        ("deskmeter.position", cursor("no base64, a text"), Rule::OutsideDomain),
        ("deskmeter.position", cursor(&email), Rule::Email),
        ("deskmeter.position", "My printer is broken".to_owned(), Rule::FreeText),
    ] {
        let desk = Desk::new().await;
        let mut handle = desk.connection().table(table).await.unwrap().unwrap();
        let mut change = Change::settings();
        change.configuration.insert(key.to_owned(), Some(value));
        commit(&mut handle, table, change).await.unwrap();
        deskmeter_lake::write_checkpoint(&handle, table).await.unwrap();
        desk.check("_delta_log/00000000000000000005.json", Part::Configuration, rule).await;
        desk.check("_delta_log/00000000000000000005.checkpoint.parquet", Part::Configuration, rule).await;
    }
}

#[tokio::test]
async fn sees_a_cursor_of_the_users_export_which_holds_a_users_id() {
    let desk = Desk::new().await;
    let mut handle = desk.connection().table(AGENTS.name).await.unwrap().unwrap();
    let mut change = Change::settings();
    change.configuration.insert("deskmeter.position".to_owned(), Some(POSITION.to_owned()));
    commit(&mut handle, AGENTS.name, change).await.unwrap();
    let log = "acme/agents/_delta_log/00000000000000000005.json";
    desk.check(log, Part::Configuration, Rule::OutsideDomain).await;
}

#[tokio::test]
async fn sees_a_comment_with_an_address_in_a_tables_schema() {
    let desk = Desk::new().await;
    let schema = r#"{\"type\":\"struct\",\"fields\":[{\"name\":\"status\",\"type\":\"string\",\"nullable\":true,\"metadata\":{\"comment\":\"ask jo.doe@example.test\"}},{\"name\":\"subject\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}"#;
    desk.append_to_log(&format!(r#"{{"metaData":{{"schemaString":"{schema}"}}}}"#));
    desk.check("_delta_log/00000000000000000003.json", Part::Schema, Rule::Email).await;
    desk.check("_delta_log/00000000000000000003.json", Part::Schema, Rule::UnknownColumn).await;
}

#[tokio::test]
async fn sees_leaks_in_files_of_dead_writers_that_no_listing_shows() {
    let desk = Desk::new().await;
    let rows = with(&ticket_rows(), "status", texts([CANARY, "open", "new"]));
    let staged = "created_month=2026-01/00112233445566778899aabbccddeeff.zstd.parquet#1";
    write(&desk.tickets(staged), &rows);
    desk.check(staged, Part::DictionaryPage, Rule::Canary).await;
    let cut = "created_month=2026-01/00112233445566778899aabbccddee00.zstd.parquet#2";
    fs::write(desk.tickets(cut), b"PAR1 jo.doe@example.test").unwrap();
    desk.check(cut, Part::Bytes, Rule::Unreadable).await;
    desk.check(cut, Part::Bytes, Rule::Email).await;
}

#[tokio::test]
async fn sees_objects_of_no_known_kind() {
    let desk = Desk::new().await;
    fs::write(desk.tickets("page.json"), b"{\"subject\":\"My printer is broken\"}").unwrap();
    desk.check("acme/tickets/<", Part::Path, Rule::UnknownObject).await;
    desk.check("acme/tickets/<", Part::Bytes, Rule::FreeText).await;
    fs::create_dir(desk.folder.path().join("lake/acme/raw")).unwrap();
    fs::write(desk.folder.path().join("lake/acme/raw/page"), CANARY).unwrap();
    desk.check("acme/<a, 3 bytes>/", Part::Path, Rule::UnknownTable).await;
    desk.check("acme/<a, 3 bytes>/", Part::Bytes, Rule::Canary).await;
}

#[tokio::test]
async fn sees_leaks_in_logs_state_and_exports() {
    let desk = Desk::new().await;
    let beside = desk.folder.path().join("beside");
    fs::create_dir(&beside).unwrap();
    let token = "zat_0123456789abcdef0123456789";
    fs::write(beside.join("run.log"), format!("refused: Bearer {token} for jo.doe@example.test\n")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writeln!(packed, "GET https://acme.zendesk.com/x?cursor=abc {CANARY}").unwrap();
    fs::write(beside.join("old.log.gz"), packed.finish().unwrap()).unwrap();
    write(&beside.join("export.parquet"), &with(&ticket_rows(), "subject", texts([CANARY, "a", "b"])));
    let check = async |object, part, rule| desk.check_with(vec![beside.clone()], object, part, rule).await;
    check("file 1: run.log", Part::Bytes, Rule::Token).await;
    check("file 1: run.log", Part::Bytes, Rule::Email).await;
    check("file 1: old.log.gz", Part::Bytes, Rule::Canary).await;
    check("file 1: old.log.gz", Part::Bytes, Rule::Url).await;
    check("file 1: export.parquet", Part::DictionaryPage, Rule::Canary).await;
}
