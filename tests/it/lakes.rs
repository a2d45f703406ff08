//! Lakes that earlier versions of deskmeter wrote (`tests/lakes`) are read, gone on in, audited and erased from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use deskmeter_simulator::World;
use deskmeter_tables::CONTRACT_VERSION;
use serde_json::{Value, json};

use crate::support::Desk;

/// 2026-02-10T00:00:00Z: the first run of a kept lake.
const FIRST_RUN: i64 = 1_770_681_600;
/// 2026-03-01T00:00:00Z: its second and last.
const LAST_RUN: i64 = 1_772_323_200;
/// 2026-03-20T00:00:00Z: what happened in March is there.
pub(crate) const LATER: i64 = 1_773_964_800;

/// What a kept lake must answer, whatever reads it.
const QUESTIONS: [&str; 6] = [
    "select ticket_id, status, priority, generated_at from tickets order by ticket_id",
    "select count(*) as n, sum(ticket_id) as ids, sum(replies) as replies from ticket_metric_sets",
    "select kind, count(*) as n, max(occurred_at) as newest from ticket_events group by 1 order by 1",
    "select metric, type, count(*) as n, sum(ticket_id) as ids from ticket_metric_events group by 1, 2 order by 1, 2",
    "select role, count(*) as n from agents group by 1 order by 1",
    "select count(*) as n, count(distinct organization_key) as organizations from organizations",
];

fn lakes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/lakes")
}

/// The account that every kept lake was synced from, on this day.
fn account(now: i64) -> Desk {
    let desk = Desk::new(World::load_as_of_clock(&lakes().join("account")).unwrap(), |_| {});
    desk.set_clock(now);
    desk
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

/// A desk whose last run was an older deskmeter's.
fn inherited(contract: u32) -> Desk {
    let desk = account(LAST_RUN);
    for part in ["lake", "state"] {
        copy(&lakes().join(format!("v{contract}")).join(part), &desk.dir.path().join(part));
    }
    desk
}

fn answers(desk: &Desk) -> Value {
    QUESTIONS.iter().map(|sql| json!({ "sql": sql, "rows": desk.query(sql) })).collect()
}

/// Content of every collected data file; the marts are made anew by every version.
fn collected(desk: &Desk) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = desk.data_files().into_iter().map(|(path, _)| path);
    let is_collected = |path: &PathBuf| {
        deskmeter_tables::ALL.iter().any(|table| path.components().any(|part| part.as_os_str() == table.name))
    };
    files.filter(is_collected).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Files of the table's commits, in order.
fn commits(desk: &Desk, table: &str) -> Vec<PathBuf> {
    let log = desk.dir.path().join(format!("lake/acme/{table}/_delta_log"));
    let files = std::fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path());
    let mut commits: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    commits.sort();
    commits
}

/// The newest contract that the table's log names.
fn contract(desk: &Desk, table: &str) -> String {
    let log: String =
        commits(desk, table).iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let newest = log.rsplit("\"deskmeter.contract\":\"").next().unwrap();
    newest.split('"').next().unwrap().to_owned()
}

/// Writes `tests/lakes/vN` with this version's contract: the account on two days, and the answers of the lake.
fn write_lake(folder: &Path) {
    let desk = account(FIRST_RUN);
    desk.connect();
    desk.run(&["sync"]).ok();
    desk.set_clock(LAST_RUN);
    desk.run(&["sync"]).ok();
    let _ = std::fs::remove_dir_all(folder);
    for part in ["lake", "state"] {
        copy(&desk.dir.path().join(part), &folder.join(part));
    }
    let answers = serde_json::to_string_pretty(&answers(&desk)).unwrap();
    std::fs::write(folder.join("answers.json"), answers + "\n").unwrap();
}

#[test]
fn a_lake_of_every_contract_is_read_and_gone_on_in() {
    #[expect(clippy::disallowed_methods, reason = "asks for a kept lake to be written")]
    if std::env::var_os("DESKMETER_WRITE_LAKE").is_some() {
        write_lake(&lakes().join(format!("v{CONTRACT_VERSION}")));
    }
    let is_kept = |contract: &u32| lakes().join(format!("v{contract}")).is_dir();
    let kept: Vec<u32> = (1..=CONTRACT_VERSION).filter(is_kept).collect();
    assert!(
        (1..CONTRACT_VERSION).all(|contract| kept.contains(&contract)),
        "tests/lakes/README.md: {kept:?}"
    );
    for contract in kept {
        reads_and_goes_on(contract);
    }
}

fn reads_and_goes_on(from: u32) {
    let desk = inherited(from);
    let told = std::fs::read_to_string(lakes().join(format!("v{from}/answers.json"))).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    for answer in told.as_array().unwrap() {
        let sql = answer["sql"].as_str().unwrap();
        assert_eq!(Value::from(desk.query(sql)), answer["rows"], "contract {from}: {sql}");
    }
    desk.run(&["privacy", "audit"]).ok();
    desk.run(&["lake", "check"]).ok();

    // Opening it to write brings it to this contract, and touches no file of rows.
    let files = collected(&desk);
    assert!(files.len() > 10);
    desk.run(&["lake", "check", "--repair"]).ok();
    assert_eq!(contract(&desk, "tickets"), CONTRACT_VERSION.to_string());
    assert_eq!(collected(&desk), files, "contract {from}");

    // March: ticket 3 is solved, 15 deleted, 21 new; an agent became an admin.
    desk.set_clock(LATER);
    desk.connect();
    desk.run(&["sync"]).ok();
    let statuses = desk.query("select status, count(*) as n from tickets group by 1 order by 1");
    let expected = json!([{ "status": "deleted", "n": 1 }, { "status": "new", "n": 1 },
        { "status": "pending", "n": 1 }, { "status": "solved", "n": 18 }]);
    assert_eq!(Value::from(statuses), expected);
    assert_eq!(desk.number("select count(*) - count(distinct child_event_id) from ticket_events"), 0);
    assert_eq!(desk.number("select count(distinct agent_key) from agents"), 3, "pseudonyms go on");
    assert_eq!(desk.number("select count(*) from ticket_metrics"), 21);

    let erased = desk.run(&["erase", "--ticket", "4", "--format", "json"]).ok();
    let erased: Value = serde_json::from_str(&erased.stdout).unwrap();
    assert!(erased["rows_erased"].as_u64().is_some_and(|rows| rows > 0), "{erased}");
    assert_eq!(desk.number("select count(*) from tickets"), 20);
    assert_eq!(desk.number("select count(*) from ticket_events where ticket_id = 4"), 0);
    desk.run(&["privacy", "audit"]).ok();
    let findings = desk.run(&["lake", "check", "--format", "json"]).ok();
    assert_eq!(serde_json::from_str::<Value>(&findings.stdout).unwrap(), json!([]));
}

#[test]
fn a_lake_of_a_newer_contract_is_refused_by_every_command_that_opens_it() {
    let desk = account(LAST_RUN);
    desk.connect();
    desk.run(&["sync"]).ok();
    let ours = format!("\"deskmeter.contract\":\"{CONTRACT_VERSION}\"");
    for commit in commits(&desk, "tickets") {
        let text = std::fs::read_to_string(&commit).unwrap();
        std::fs::write(&commit, text.replace(&ours, "\"deskmeter.contract\":\"999\"")).unwrap();
    }
    let files = collected(&desk);
    for command in [
        &["sync"][..],
        &["query", "select 1"],
        &["erase", "--ticket", "1"],
        &["lake", "check"],
        &["lake", "check", "--repair"],
        &["privacy", "audit"],
        &["export", "--to", "out"],
    ] {
        let ran = desk.run(command);
        assert_eq!(ran.code, 2, "{command:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("contract 999") && ran.stderr.contains("upgrade deskmeter"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(collected(&desk), files);
    desk.run(&["disconnect", "--yes"]).ok();
}
