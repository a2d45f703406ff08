//! `[publish]`: every sync ends in a real PostgreSQL server, and Apache Superset draws from it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use crate::postgres::{self, Database, PASSWORD};
use crate::support::{Desk, END, requires_all};

const DAY: i64 = 86_400;

/// A desk whose syncs end in the database.
fn publishing(tickets: u32, seed: u64, database: &Database) -> Desk {
    let mut desk = Desk::generated(tickets, seed);
    let role = format!("{}_reader", database.name);
    desk.append_to_pipeline(&format!("[publish]\nurl_env = \"DATABASE\"\nreader_role = \"{role}\"\n"));
    desk.variables.push(("DATABASE".to_owned(), database.url_text()));
    desk
}

#[test]
fn a_sync_writes_the_months_it_touched_and_leaves_the_database_as_a_whole_publish_would() {
    let Some(database) = postgres::database("a_sync_writes_the_months_it_touched") else { return };
    let desk = publishing(300, 31, &database);
    desk.set_clock(END - DAY);
    desk.connect();
    desk.run(&["sync"]).ok();
    let first = written(&database);
    desk.set_clock(END);
    desk.run(&["sync"]).ok();
    let second = written(&database);
    let kept: Vec<&String> = second.keys().filter(|month| first.get(*month) == second.get(*month)).collect();
    assert!(!kept.is_empty() && kept.len() < second.len(), "kept {kept:?} of {:?}", second.keys());
    desk.run(&["sync"]).ok();
    assert_eq!(written(&database), second, "nothing happened since");
    assert_eq!(contents(&database), published_whole(&desk, &database));
}

#[test]
fn what_a_sync_could_not_publish_the_next_one_does() {
    let Some(database) = postgres::database("what_a_sync_could_not_publish") else { return };
    let mut desk = publishing(300, 32, &database);
    desk.set_clock(END - 2 * DAY);
    desk.connect();
    desk.run(&["sync"]).ok();
    let before = contents(&database);
    let url = std::mem::replace(&mut desk.variables[0].1, "postgres://nobody@127.0.0.1:1/nothing".to_owned());
    desk.set_clock(END - DAY);
    assert_eq!(desk.run(&["sync"]).code, 5);
    assert_eq!(contents(&database), before);
    desk.variables[0].1 = url;
    desk.set_clock(END);
    desk.run(&["sync"]).ok();
    assert_eq!(contents(&database), published_whole(&desk, &database));
}

#[test]
fn a_disconnect_takes_out_what_was_published_by_argument() {
    let Some(database) = postgres::database("a_disconnect_takes_out_what_was_published") else { return };
    let mut desk = Desk::generated(60, 34);
    desk.connect();
    desk.run(&["sync"]).ok();
    // Nothing went there: it is not asked for later.
    assert_eq!(desk.run(&["publish", "postgres://nobody@127.0.0.1:1/nothing"]).code, 5);
    let published = desk.run(&["publish", &database.url_text(), "--format", "json"]).ok();
    let published: serde_json::Value = serde_json::from_str(&published.stdout).unwrap();
    let sent = published["tables"].as_array().unwrap();
    let tickets = sent.iter().find(|table| table["table"] == "ticket_metrics").unwrap();
    assert_eq!(tickets["rows"], 60, "{published}");
    assert!(!contents(&database).is_empty());
    let ran = desk.run(&["disconnect", "--yes"]);
    assert!(ran.code == 2 && ran.stderr.contains("DESKMETER_DATABASE_URL"), "{}: {}", ran.code, ran.stderr);
    desk.variables.push(("DESKMETER_DATABASE_URL".to_owned(), database.url_text()));
    let ran = desk.run(&["purge"]).ok();
    assert!(ran.stdout.contains("published tables were dropped"), "{}", ran.stdout);
    assert!(contents(&database).is_empty() && desk.data_files().is_empty());
}

/// Which transactions wrote the rows of each month of the mart of tickets.
fn written(database: &Database) -> BTreeMap<String, String> {
    let rows = database.psql(
        "select created_month, string_agg(distinct xmin::text, ' ') from deskmeter_acme.ticket_metrics group by 1",
    );
    let pairs = rows.lines().filter_map(|row| row.split_once('|'));
    pairs.map(|(month, transactions)| (month.to_owned(), transactions.to_owned())).collect()
}

/// Every table with a digest of its rows.
fn contents(database: &Database) -> BTreeMap<String, String> {
    let tables = "select tablename from pg_tables where schemaname = 'deskmeter_acme' and tablename <> \
                  'deskmeter_published'";
    let digest = |table: &str| {
        database.psql(&format!(
            "select count(*), md5(string_agg(t::text, ' ' order by t::text)) from deskmeter_acme.\"{table}\" t"
        ))
    };
    let tables = database.psql(tables);
    tables.lines().map(|table| (table.to_owned(), digest(table))).collect()
}

/// What a publish into an empty schema leaves.
fn published_whole(desk: &Desk, database: &Database) -> BTreeMap<String, String> {
    database.psql("drop schema deskmeter_acme cascade");
    desk.run(&["publish", &database.url_text()]).ok();
    contents(database)
}

#[test]
fn superset_takes_every_mart_as_a_dataset_and_draws_a_chart() {
    let Some(superset) = superset() else { return };
    let Some(database) = postgres::database("superset_takes_every_mart") else { return };
    let desk = publishing(500, 33, &database);
    desk.connect();
    desk.run(&["sync"]).ok();
    let role = format!("{}_reader", database.name);
    database.server.admin(&format!("alter role {role} login password '{PASSWORD}'"));
    let reader = database.server.url(&role, &database.name);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/publish/superset.sh");
    let picture = pictures(&desk).join("superset.png");
    let mut analyst = Command::new("bash");
    analyst.arg(script).args([reader.as_str(), "deskmeter_acme"]).arg(&picture);
    let ran = analyst.env("DESKMETER_SUPERSET", superset).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    eprintln!("{said}");
    assert!(ran.status.success(), "{said}");
    let tables = contents(&database).len() + 1;
    assert!(said.contains(&format!("{tables} tables are datasets")), "{said}");
    assert!(std::fs::metadata(&picture).unwrap().len() > 10_000);
}

/// The folder with Superset in it, as `.ci/run` makes it.
fn superset() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a part of the test run")]
    let named = std::env::var_os("DESKMETER_SUPERSET").map(PathBuf::from);
    if let Some(named) = named.filter(|folder| folder.join("bin/superset").exists()) {
        return Some(named);
    }
    assert!(!requires_all(), "Apache Superset is missing (DESKMETER_SUPERSET)");
    eprintln!("SKIPPED Superset: no folder with it (set DESKMETER_SUPERSET, see .ci/run)");
    None
}

/// Where the picture goes: the folder that `SCREENSHOTS` names, to be looked at, or the desk's own.
fn pictures(desk: &Desk) -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a switch of the test run")]
    let named = std::env::var_os("SCREENSHOTS").map(PathBuf::from);
    named.unwrap_or_else(|| desk.dir.path().to_owned())
}
