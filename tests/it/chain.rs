//! The chain on a generated account.

use deskmeter_simulator::{TokenRole, World, WorldOptions};

use crate::support::{Desk, END};

#[test]
fn connects_syncs_and_answers_with_every_ticket_once() {
    let desk = Desk::generated(300, 1);
    desk.connect();
    desk.run(&["sync"]).ok();
    let (rows, keys) = (
        desk.number("select count(*) from tickets"),
        desk.number("select count(distinct ticket_id) from tickets"),
    );
    assert_eq!((rows, keys), (300, 300));
    assert_eq!(desk.number("select count(*) from ticket_metrics"), 300);
    assert!(desk.number("select count(*) from status_transitions") >= 300);
    assert!(desk.number("select count(*) from sla_targets") > 0);
    assert!(desk.number("select count(*) from kpis where value is not null") > 10);
}

#[test]
fn asks_for_pages_only_and_never_for_comments() {
    let desk = Desk::generated(2_500, 2);
    desk.connect();
    desk.run(&["sync"]).ok();
    let requests = desk.simulator().requests();
    let of = |path: &str| requests.iter().filter(|request| request.path.contains(path)).count();
    assert_eq!(of("incremental/tickets"), 3, "one request per 1,000 tickets");
    for forbidden in ["comments", "audits", "satisfaction", "attachments", "/tickets/", "search"] {
        let asked = requests
            .iter()
            .filter(|request| request.path.contains(forbidden) && !request.path.contains("incremental"));
        assert_eq!(asked.count(), 0, "{forbidden}");
    }
}

#[test]
fn a_second_sync_changes_nothing() {
    let desk = Desk::generated(300, 3);
    desk.connect();
    desk.run(&["sync"]).ok();
    let tables = [
        "tickets",
        "ticket_metric_sets",
        "ticket_events",
        "ticket_metric_events",
        "agents",
        "organizations",
        "ticket_metrics",
    ];
    let counts = || tables.map(|table| desk.number(&format!("select count(*) from {table}")));
    let newest = || desk.query("select ticket_id, generated_at from tickets order by ticket_id");
    let (counts_before, newest_before, files_before) = (counts(), newest(), desk.data_files());
    desk.run(&["sync"]).ok();
    assert_eq!(counts(), counts_before);
    assert_eq!(newest(), newest_before);
    assert_eq!(desk.data_files(), files_before, "no new data file");
}

#[test]
fn status_tells_the_life_of_a_connection() {
    let desk = Desk::generated(50, 4);
    let before = desk.run(&["status"]);
    assert_eq!(before.code, 3, "{}", before.stderr);
    assert!(before.stdout.contains("never connected"), "{}", before.stdout);
    desk.connect();
    desk.run(&["sync"]).ok();
    let after = desk.run(&["status", "--format", "json"]).ok();
    let status: serde_json::Value = serde_json::from_str(&after.stdout).unwrap();
    assert_eq!(status["state"], "connected", "{status}");
    assert!(status["streams"]["tickets"]["newest"].is_string(), "{status}");
}

#[test]
fn a_revoked_authorization_is_told_with_what_to_do() {
    let desk = Desk::generated(50, 5);
    desk.connect();
    desk.simulator().revoke_all_tokens();
    let ran = desk.run(&["sync"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("deskmeter connect"), "{}", ran.stderr);
    assert!(desk.run(&["status"]).stdout.contains("disconnected"));
}

#[test]
fn disconnect_leaves_nothing_but_a_receipt() {
    let desk = Desk::generated(50, 6);
    desk.connect();
    desk.run(&["sync"]).ok();
    assert!(!desk.data_files().is_empty());
    let ran = desk.run(&["disconnect", "--yes"]).ok();
    assert!(ran.stdout.contains("receipt"), "{}", ran.stdout);
    let left: Vec<_> = std::fs::read_dir(desk.dir.path().join("lake/acme")).into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(desk.run(&["sync"]).code, 3);
    assert_eq!(desk.run(&["erase", "--ticket", "1"]).code, 3);
    assert!(desk.data_files().is_empty(), "nothing is written where all was deleted");
    let key = ran.stdout.split("public key ").nth(1).unwrap().split(')').next().unwrap();
    let verify = ["receipt", "verify", "receipt-acme-1.txt", "--public-key", key];
    assert!(desk.run(&verify).ok().stdout.contains("genuine"));
    let file = desk.dir.path().join("receipt-acme-1.txt");
    let changed = std::fs::read_to_string(&file).unwrap().replacen("\"objects\":", "\"objects\":1", 1);
    std::fs::write(&file, changed).unwrap();
    assert_eq!(desk.run(&verify).code, 7);
}

#[test]
fn a_disconnect_empties_the_lake_that_was_there_before_too() {
    let desk = Desk::generated(50, 6);
    desk.connect();
    desk.run(&["sync"]).ok();
    let file = desk.dir.path().join("deskmeter.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("url = \"lake\""), "{text}");
    std::fs::write(&file, text.replace("url = \"lake\"", "url = \"other\"")).unwrap();
    assert!(!desk.data_files().is_empty());
    desk.run(&["disconnect", "--yes"]).ok();
    assert!(desk.data_files().is_empty());
}

#[test]
fn a_damaged_file_is_named_taken_out_and_read_again() {
    let desk = Desk::generated(120, 12);
    desk.connect();
    desk.run(&["sync"]).ok();
    let events = |path: &&(std::path::PathBuf, u64)| path.0.to_string_lossy().contains("ticket_events");
    let files = desk.data_files();
    let damaged = &files.iter().find(events).unwrap().0;
    let count = desk.number("select count(*) from ticket_events");
    std::fs::write(damaged, "no Parquet").unwrap();
    let checked = desk.run(&["lake", "check"]);
    assert_eq!(checked.code, 5, "{}", checked.stdout);
    assert!(checked.stdout.contains("ticket_events"), "{}", checked.stdout);
    desk.run(&["lake", "check", "--repair"]).ok();
    desk.run(&["sync"]).ok();
    desk.run(&["lake", "check"]).ok();
    assert_eq!(desk.number("select count(*) from ticket_events"), count);
}

#[test]
fn a_damaged_mart_is_named_taken_away_and_made_anew() {
    let desk = Desk::generated(60, 13);
    desk.connect();
    desk.run(&["sync"]).ok();
    let rows = "select count(*), sum(full_resolution_minutes_calendar) from ticket_metrics";
    let before = desk.run(&["query", rows]).ok().stdout;
    let of_mart = |path: &&(std::path::PathBuf, u64)| path.0.to_string_lossy().contains("/ticket_metrics/");
    let damaged = desk.data_files().iter().find(of_mart).unwrap().0.clone();
    let length = damaged.metadata().unwrap().len() as usize;
    std::fs::write(&damaged, vec![0; length]).unwrap();
    let checked = desk.run(&["lake", "check"]);
    assert_eq!(checked.code, 5, "{}", checked.stdout);
    assert!(checked.stdout.contains("ticket_metrics"), "{}", checked.stdout);
    desk.run(&["lake", "check", "--repair"]).ok();
    desk.run(&["sync"]).ok();
    desk.run(&["lake", "check"]).ok();
    assert_eq!(desk.run(&["query", rows]).ok().stdout, before);
}

#[test]
fn the_audit_finds_nothing_of_what_was_planted_and_finds_a_leak() {
    let world = World::generate(&WorldOptions { tickets: 400, seed: 8, end: END, months: 12 });
    let mut canaries = Vec::new();
    world.write_canaries(&mut canaries).unwrap();
    let desk = Desk::new(world, |_| {});
    std::fs::write(desk.dir.path().join("canaries.txt"), canaries).unwrap();
    desk.connect();
    let synced = desk.run(&["sync", "-vv"]).ok();
    // What a run writes for people is searched like the lake.
    std::fs::write(desk.dir.path().join("sync.log"), synced.stdout + &synced.stderr).unwrap();
    let audit = ["privacy", "audit", "--canaries", "canaries.txt", "--file", "sync.log", "--file", "state"];
    let audited = desk.run(&audit);
    assert_eq!(audited.code, 0, "{}", audited.stdout);
    let ledger = desk.run(&["privacy", "ledger"]).ok();
    assert!(ledger.stdout.contains("subjects seen and dropped; 0 stored"), "{}", ledger.stdout);
    std::fs::write(desk.dir.path().join("sync.log"), "subject: CANARY-ticket-subject-1\n").unwrap();
    assert_eq!(desk.run(&audit).code, 7);
}

#[test]
fn parity_with_zendesks_own_numbers_leaves_nothing_unexplained() {
    let desk = Desk::generated(800, 9);
    desk.connect();
    desk.run(&["sync"]).ok();
    assert!(desk.number("select count(*) from parity") > 5_000);
    assert_eq!(desk.number("select count(*) from parity where reason = 'unexplained'"), 0);
}

#[test]
fn a_connection_that_no_admin_allowed_is_refused_and_given_back() {
    let world = World::generate(&WorldOptions { tickets: 20, seed: 14, end: END, months: 3 });
    let desk = Desk::new(world, |options| options.token_role = TokenRole::Agent);
    let refused = desk.answer_connect("allow");
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(refused.stderr.contains("not an admin"), "{}", refused.stderr);
    let revoked = desk
        .simulator()
        .requests()
        .into_iter()
        .any(|request| request.method == "DELETE" && request.status == 204);
    assert!(revoked, "the token is given back");
    assert_eq!(desk.run(&["status"]).code, 3);
}

#[test]
fn names_of_the_operator_stand_in_answers_and_nowhere_in_the_lake() {
    let desk = Desk::generated(50, 15);
    desk.connect();
    desk.run(&["sync"]).ok();
    let ids = "select group_id, max(assignee_key) as agent_key from ticket_metrics where group_id is not null group by \
               group_id order by group_id limit 1";
    let row = &desk.query(ids)[0];
    let (group, agent) = (row["group_id"].as_i64().unwrap(), row["agent_key"].as_str().unwrap());
    let names = format!("[groups]\n{group} = \"First line\"\n[agents]\n{agent} = \"Early shift\"\n");
    std::fs::write(desk.dir.path().join("labels.toml"), names).unwrap();
    let shown = desk.run(&["query", "--labels", "labels.toml", "--format", "csv", ids]).ok();
    assert_eq!(shown.stdout, "group_id,agent_key\nFirst line,Early shift\n");
    assert_eq!(desk.query(ids)[0], *row, "the rows are as they were");
    assert_eq!(desk.run(&["query", "--labels", "missing.toml", ids]).code, 2);
}
