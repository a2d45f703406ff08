//! Several accounts: `sync --all`, `query --all` and `serve --all`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use deskmeter_connections::{ConnectionName, Deletions, SealingKey, StoredArea};
use serde_json::Value;
use tempfile::TempDir;

use crate::inside::files_below;
use crate::support::{Desk, KEY, deskmeter, run};

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
fn of_two_files_that_name_one_connection_the_first_alone_is_run() {
    let fleet = TempDir::new().unwrap();
    let folder = fleet.path().display().to_string();
    let _one = join(fleet.path(), "one", 1);
    std::fs::copy(fleet.path().join("one.toml"), fleet.path().join("two.toml")).unwrap();
    let ran = run(fleet.path(), &["sync", "--all", &folder, "--format", "json"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let accounts: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    let codes: Vec<_> = accounts.iter().map(|account| account["exit_code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [0, 2], "{}", ran.stdout);
    assert!(ran.stderr.contains("one.toml names the connection one, too"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn a_sync_of_all_that_is_asked_to_end_gives_every_lease_back() {
    let fleet = TempDir::new().unwrap();
    let folder = fleet.path().display().to_string();
    let (one, _two) = (join(fleet.path(), "one", 1), join(fleet.path(), "two", 2));
    let requests = one.simulator().requests().len();
    let sync = ["sync", "--all", &folder, "--jobs", "1"];
    let mut command = deskmeter(fleet.path(), &sync);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while one.simulator().requests().len() < requests + 2 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_micros(300));
    }
    let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(asked.unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{told}");
    assert!(told.contains("one: the run was asked to end") && told.contains("two: not begun"), "{told}");
    // One that was killed where it stood would have its lease for two minutes more.
    run(fleet.path(), &sync).ok();
}

#[cfg(unix)]
#[test]
fn one_console_shows_every_account_of_a_folder() {
    let fleet = TempDir::new().unwrap();
    let folder = fleet.path().display().to_string();
    let (one, _two) = (join(fleet.path(), "one", 1), join(fleet.path(), "two", 2));
    let serve = ["serve", "--all", &folder, "--bind", "127.0.0.1:0"];
    let mut child = deskmeter(fleet.path(), &serve).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit(' ').next().unwrap();
    let csv = one.http("GET", &format!("{address}/accounts.csv"));
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    let connections: Vec<_> = csv.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(connections, ["connection", "one", "two"]);
    let both = run(fleet.path(), &["serve", "--all", &folder, "--also", "one.toml"]);
    assert_eq!(both.code, 2, "{}", both.stderr);
}

/// Leaves what a disconnect leaves that dies right after its deletion was written down.
fn ask_for_deletion(desk: &Desk, name: &str) {
    #[expect(clippy::disallowed_methods, reason = "the binary reads the real clock")]
    let now = jiff::Timestamp::now().as_second();
    let state = format!("file://{}", desk.dir.path().join("state").display());
    let (store, prefix) = deskmeter_lake::object_store(&state, &BTreeMap::new()).unwrap();
    let state = StoredArea { store, prefix, local_root: None, versions: None };
    let deletions = Deletions::new(state, vec![SealingKey::from_text(KEY).unwrap()]).unwrap();
    let name = ConnectionName::new(name).unwrap();
    let asked = deletions.request(&name, now);
    tokio::runtime::Runtime::new().unwrap().block_on(asked).unwrap();
}

#[test]
fn a_deletion_that_was_cut_off_is_finished_by_a_sync_of_all() {
    let fleet = TempDir::new().unwrap();
    let folder = fleet.path().display().to_string();
    let (one, two) = (join(fleet.path(), "one", 3), join(fleet.path(), "two", 4));
    run(fleet.path(), &["sync", "--all", &folder]).ok();
    ask_for_deletion(&one, "one");
    assert!(!files_below(&one.dir.path().join("lake")).is_empty());

    let ran = run(fleet.path(), &["sync", "--all", &folder]);
    assert_eq!(ran.code, 3, "as `sync` of the account alone would end: {}", ran.stderr);
    assert!(ran.stderr.contains("one: its deletion was finished"), "{}", ran.stderr);
    assert!(ran.stdout.contains("1 of 2 accounts synced"), "{}", ran.stdout);
    assert!(files_below(&one.dir.path().join("lake")).is_empty());
    assert!(fleet.path().join("receipt-one-1.txt").exists());
    assert_eq!(two.number("select count(*) from ticket_metrics"), 60);
    let again = run(fleet.path(), &["sync", "--all", &folder]);
    assert!(again.code == 3 && again.stderr.contains("connect"), "{}", again.stderr);
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

    // A label names the agent of one connection; nobody else of either.
    let key = keys[0].first().unwrap();
    let elsewhere = TempDir::new().unwrap();
    let labels = elsewhere.path().join("labels.toml");
    std::fs::write(&labels, format!("[agents]\n{key} = \"Early shift\"\n")).unwrap();
    let labels = labels.display().to_string();
    let sql = "select connection, agent_key from agents";
    let args = ["query", "--all", &folder, "--labels", &labels, "--format", "json", sql];
    let shown: Vec<Value> = serde_json::from_str(&run(fleet.path(), &args).ok().stdout).unwrap();
    let named: Vec<&Value> = shown.iter().filter(|row| row["agent_key"] == "Early shift").collect();
    assert_eq!(named, [&serde_json::json!({"connection": "one", "agent_key": "Early shift"})]);
}
