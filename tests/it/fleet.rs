//! Several accounts: `sync --all` and `query --all`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Desk, run};

/// A connected account of this name, with its pipeline file in the fleet's folder.
fn join(fleet: &Path, name: &str, seed: u64) -> Desk {
    let desk = Desk::generated(60, seed);
    let own = desk.dir.path().join("deskmeter.toml");
    let text = std::fs::read_to_string(&own).unwrap().replace("\"acme\"", &format!("\"{name}\""));
    std::fs::write(&own, &text).unwrap();
    desk.connect();
    let place = |folder: &str| format!("\"file://{}\"", desk.dir.path().join(folder).display());
    let text = text.replace("\"lake\"", &place("lake")).replace("\"state\"", &place("state"));
    std::fs::write(fleet.join(format!("{name}.toml")), text).unwrap();
    desk
}

fn rows(fleet: &Path, sql: &str) -> Vec<Value> {
    let folder = fleet.display().to_string();
    let ran = run(fleet, &["query", "--all", &folder, "--format", "json", sql]).ok();
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn an_account_that_fails_stops_no_other() {
    let fleet = TempDir::new().unwrap();
    let folder = fleet.path().display().to_string();
    let (one, two) = (join(fleet.path(), "one", 1), join(fleet.path(), "two", 2));
    one.simulator().revoke_all_tokens();
    std::fs::write(fleet.path().join("zero.toml"), "[connection]\n").unwrap();

    let ran = run(fleet.path(), &["sync", "--all", &folder, "--format", "json"]);
    assert_eq!(ran.code, 3, "the code of the first that failed, by name: {}", ran.stderr);
    let accounts: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    let codes: Vec<_> = accounts.iter().map(|account| account["exit_code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [3, 0, 2], "{}", ran.stdout);
    assert_eq!(two.number("select count(*) from ticket_metrics"), 60);
    for told in ["one", "zero.toml", "next:"] {
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
}

#[test]
fn several_accounts_are_asked_as_one_and_share_no_pseudonym() {
    let fleet = TempDir::new().unwrap();
    let folder = fleet.path().display().to_string();
    // The same world twice: whatever joins them would be a pseudonym.
    let _desks = [join(fleet.path(), "one", 7), join(fleet.path(), "two", 7)];
    let synced = run(fleet.path(), &["sync", "--all", &folder]).ok();
    assert!(synced.stdout.contains("2 of 2 accounts synced"), "{}", synced.stdout);

    let counts =
        rows(fleet.path(), "select connection, count(*) as n from ticket_metrics group by 1 order by 1");
    let expected = serde_json::json!([{"connection": "one", "n": 60}, {"connection": "two", "n": 60}]);
    assert_eq!(Value::Array(counts), expected);
    let keys: Vec<BTreeSet<String>> = ["one", "two"]
        .map(|name| {
            let agents =
                rows(fleet.path(), &format!("select agent_key from agents where connection = '{name}'"));
            agents.iter().map(|row| row["agent_key"].as_str().unwrap().to_owned()).collect()
        })
        .into();
    assert!(!keys[0].is_empty());
    assert!(keys[0].is_disjoint(&keys[1]), "the same people have other pseudonyms in each connection");
}
