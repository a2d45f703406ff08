//! Published clients of the Zendesk API read the simulated account as they are: only the host's name leads elsewhere.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use deskmeter_simulator::{World, WorldOptions};
use serde_json::Value;

use crate::support::{Desk, requires_all};

/// The clients' Python environments, as `tests/clients/install.sh` makes them.
fn environments(client: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a part of the test run")]
    let folder = std::env::var_os("DESKMETER_CLIENTS").map(PathBuf::from);
    if let Some(folder) = folder.filter(|folder| folder.join(client).join("installed.txt").is_file()) {
        return Some(folder);
    }
    assert!(!requires_all(), "{client} is missing (tests/clients/install.sh DIR, DESKMETER_CLIENTS=DIR)");
    eprintln!("SKIPPED {client}: run tests/clients/install.sh DIR and set DESKMETER_CLIENTS=DIR");
    None
}

/// An account that ends an hour ago: the clients read the real clock and compare it with the account's times.
fn account(tickets: u32) -> Desk {
    #[expect(clippy::disallowed_methods, reason = "published clients read the real clock")]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let world = World::generate(&WorldOptions { tickets, seed: 5, end: now - 3_600, months: 12 });
    let desk = Desk::new(world, |_| {});
    desk.set_clock(now);
    desk
}

/// Runs a client's script. It has compared the ids of the tickets with the truth; the number is compared here.
fn finds_every_ticket(client: &str, script: &str, tickets: u32) -> Option<Value> {
    let environments = environments(client)?;
    let desk = account(tickets);
    let truth = desk.dir.path().join("truth.jsonl");
    desk.simulator().world().write_truth(&mut File::create(&truth).unwrap()).unwrap();
    let ran = Command::new(environments.join(client).join("bin/python"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients").join(script))
        .args([desk.simulator().base_url().as_ref(), truth.as_os_str(), environments.as_os_str()])
        .output()
        .unwrap();
    assert!(ran.status.success(), "{client}: {}", String::from_utf8_lossy(&ran.stderr));
    let line: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let shown = fs::read_to_string(&truth).unwrap();
    let shown = shown.lines().filter(|row| row.contains("\"is_ai_agent\":false")).count();
    assert!(shown > tickets as usize / 2 && shown < tickets as usize, "{shown} of {tickets}");
    assert_eq!(line["tickets_found"], shown, "{line}");
    Some(line)
}

#[test]
fn zenpy_finds_every_ticket() {
    let Some(line) = finds_every_ticket("zenpy", "run_zenpy.py", 2_000) else { return };
    assert_eq!(line["paths"]["/api/v2/incremental/tickets/cursor.json"], 2, "more than one page: {line}");
    assert_eq!(line["paths"]["/api/v2/tickets/{id}/audits.json"], 20, "{line}");
}

/// Above 450 tickets this client waits out a minute by its own clock, whatever the limits are.
#[test]
fn tap_zendesk_finds_every_ticket() {
    let Some(line) = finds_every_ticket("tap-zendesk", "run_tap_zendesk.py", 440) else { return };
    let pages = line["paths"]["/api/v2/incremental/ticket_metric_events.json"].as_u64();
    assert!(pages > Some(1), "more than one page: {line}");
}

#[test]
fn airbyte_finds_every_ticket() {
    let Some(line) = finds_every_ticket("airbyte", "run_airbyte.py", 2_000) else { return };
    assert_eq!(line["paths"]["/api/v2/incremental/tickets/cursor.json"], 2, "more than one page: {line}");
}
