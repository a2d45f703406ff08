//! Every way a connection can end: while a run is at work, with a store that fails half-way, revoked from outside. In
//! the end nothing is left, the receipt is genuine, and the status says how it stands.

use deskmeter_pipeline::{ConnectionStatus, DisconnectReport, Error, ErrorKind, SyncOptions};

use crate::inside::{Inside, Reference, asked_for, files_below, world};
use crate::shaky::Weather;
use crate::support::{Desk, END, deskmeter};

const TICKETS: u32 = 120;
const DAY: i64 = 86_400;

fn code<T>(desk: &Inside, result: Result<T, Error>) -> u8 {
    desk.tell(result).map_or_else(|error| error.kind().exit_code(), |_| 0)
}

fn disconnect(desk: &Inside) -> Result<DisconnectReport, Error> {
    let context = desk.now();
    desk.tell(desk.heard(deskmeter_pipeline::disconnect(&desk.pipeline, &context)))
}

fn purge(desk: &Inside) -> Result<DisconnectReport, Error> {
    let context = desk.now();
    desk.tell(desk.heard(deskmeter_pipeline::purge(&desk.pipeline, &context)))
}

fn status(desk: &Inside) -> ConnectionStatus {
    desk.status().unwrap()
}

/// Nothing of the connection is left but what says that it is gone, and the receipt says so too.
fn assert_gone(desk: &Inside, report: &DisconnectReport, what: &str) {
    let lake = files_below(&desk.dir.path().join("lake"));
    assert!(lake.is_empty(), "{what}: left in the lake: {lake:?}");
    let state = desk.dir.path().join("state");
    let kept = ["deletions", "leases", "receipts", "refreshing", "signing-key", "status"];
    for file in files_below(&state) {
        let area = file.strip_prefix(&state).unwrap().components().next().unwrap();
        let is_known = kept.iter().any(|kept| area.as_os_str() == *kept);
        assert!(is_known, "{what}: left in the state: {}", file.display());
    }
    let receipt = deskmeter_pipeline::verify_receipt(&report.receipt, &report.public_key).unwrap();
    assert!(receipt.parts.iter().all(|part| part.deleted_at.is_some()), "{what}: {receipt:?}");
    assert_eq!(status(desk).state, "deleted", "{what}");
    assert!(status(desk).deletion.is_none(), "{what}");
}

#[test]
fn a_disconnect_during_a_run_ends_the_run_and_leaves_nothing() {
    let delays = [40, 1, 15, 120, 300, 600, 900, 1_500];
    for delay in delays.into_iter().take(asked_for("DESKMETER_STORAGE_RUNS", 2)) {
        let mut desk = Inside::new(world(TICKETS, 71), None);
        let weather = Weather::new(Vec::new());
        desk.context.storage = weather.door();
        desk.visit(0);
        let begun = weather.operations();
        let (run, end) = (desk.now(), desk.now());
        let options = SyncOptions::default();
        let (synced, ended) = desk.heard(async {
            tokio::join!(deskmeter_pipeline::sync(&desk.pipeline, &run, &options), async {
                while weather.operations() < begun + delay {
                    tokio::task::yield_now().await;
                }
                deskmeter_pipeline::disconnect(&desk.pipeline, &end).await
            })
        });
        let what = format!("disconnected after {delay} operations of a run");
        let synced = code(&desk, synced);
        assert!([0, 3].contains(&synced), "{what}: the run ended with {synced}");
        let report = desk.tell(ended).unwrap();
        assert!(report.is_revoked, "{what}");
        assert_gone(&desk, &report, &what);
        desk.time.pass(300);
        assert_eq!(code(&desk, desk.sync()), 3, "{what}: nothing is there to be synced");
        assert_gone(&desk, &report, &what);
    }
}

#[test]
fn a_run_that_waited_for_a_disconnect_writes_nothing_into_what_was_deleted() {
    let desk = Inside::new(world(TICKETS, 72), None);
    desk.visit(0);
    desk.run().unwrap();
    let (end, run) = (desk.now(), desk.now());
    let options = SyncOptions { wait: std::time::Duration::from_mins(1), ..SyncOptions::default() };
    let (ended, synced) = desk.heard(async {
        tokio::join!(
            deskmeter_pipeline::disconnect(&desk.pipeline, &end),
            deskmeter_pipeline::sync(&desk.pipeline, &run, &options)
        )
    });
    let report = desk.tell(ended).unwrap();
    assert!([0, 3].contains(&code(&desk, synced)));
    assert_gone(&desk, &report, "a run waited");
}

#[test]
fn a_deletion_that_the_store_cuts_off_is_told_until_it_is_done() {
    for (seed, allowed) in [(73, 0), (74, 60)] {
        let mut desk = Inside::new(world(TICKETS, seed), None);
        let weather = Weather::new(Vec::new());
        desk.context.storage = weather.door();
        desk.visit(0);
        desk.run().unwrap();
        weather.allow_deletions(allowed);
        let what = format!("{allowed} deletions allowed");
        assert_eq!(disconnect(&desk).unwrap_err().kind(), ErrorKind::Storage, "{what}");

        let deletion = status(&desk).deletion.unwrap();
        assert_eq!((status(&desk).state, deletion.is_overdue), ("deleting", false), "{what}");
        assert!(!files_below(&desk.dir.path().join("lake")).is_empty(), "{what}");
        desk.time.pass(130);
        assert!([3, 5].contains(&code(&desk, desk.sync())), "{what}: nothing is read meanwhile");
        assert!(desk.connect().is_err(), "{what}: what is being deleted is not connected");
        assert_eq!(purge(&desk).unwrap_err().kind(), ErrorKind::Storage, "{what}");
        assert_eq!(status(&desk).deletion.unwrap().deadline, deletion.deadline, "{what}: the first deadline");

        desk.time.pass(DAY + 130);
        assert!(status(&desk).deletion.unwrap().is_overdue, "{what}");
        assert_eq!(code(&desk, desk.sync()), 8, "{what}");
        assert_eq!(code(&desk, purge(&desk)), 8, "{what}");
        desk.time.pass(130);

        weather.allow_deletions(u64::MAX);
        let report = purge(&desk).unwrap();
        assert!(report.objects > 60, "{what}: the receipt counts what was there: {}", report.objects);
        assert_gone(&desk, &report, &what);
        desk.connect().unwrap();
        assert_eq!(status(&desk).state, "connected", "{what}: a new life");
    }
}

#[test]
fn the_binary_shouts_about_an_overdue_deletion_with_exit_code_8_until_it_is_done() {
    #[expect(clippy::disallowed_methods, reason = "the binary reads the real clock")]
    let now = jiff::Timestamp::now().as_second();
    let mut desk = Inside::new(world(40, 75), None);
    let weather = Weather::new(Vec::new());
    desk.context.storage = weather.door();
    // Asked for two to three days ago.
    desk.visit((END + 3_600 - now).div_euclid(DAY) + 3);
    desk.run().unwrap();
    weather.allow_deletions(0);
    disconnect(&desk).unwrap_err();
    // Another run seems to be at work for years: nobody who comes by can finish the deletion.
    hold_leases(&desk, 4_102_444_800);
    let run = |command: &str| {
        let output = deskmeter(desk.dir.path(), &[command]).output().unwrap();
        let said =
            [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        (output.status.code().unwrap(), said)
    };
    weather.allow_deletions(u64::MAX);
    let (code, said) = run("status");
    assert!(code == 8 && said.contains("OVERDUE"), "{code}: {said}");
    assert_eq!(run("sync").0, 8);
    hold_leases(&desk, 0);
    let (code, said) = run("purge");
    assert!(code == 0 && said.contains("receipt"), "{code}: {said}");
    assert!(files_below(&desk.dir.path().join("lake")).is_empty());
    let (code, said) = run("status");
    assert!(code == 3 && said.contains("deleted"), "{code}: {said}");
}

#[test]
fn the_binary_refuses_another_address_with_exit_code_2_and_tells_access_that_it_leaves_with_exit_code_4() {
    let mut desk = Desk::generated(40, 77);
    desk.answer_connect("allow").ok();
    let other = Desk::generated(5, 78);
    let file = desk.dir.path().join("deskmeter.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (own, elsewhere) = (desk.simulator().base_url(), other.simulator().base_url());
    std::fs::write(&file, text.replace(own, elsewhere)).unwrap();
    for command in ["sync", "plan", "validate"] {
        let ran = desk.run(&[command]);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(ran.code == 2 && said.contains(own) && said.contains("base_url"), "{command}: {said}");
    }
    assert_eq!(other.simulator().requests().len(), 0);

    std::fs::write(&file, text).unwrap();
    desk.run(&["sync"]).ok();
    desk.variables.push(("DESKMETER_KEY".into(), "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=".into()));
    let ran = desk.run(&["disconnect", "--yes"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("NOT revoked") && ran.stderr.contains("OAuth clients"), "{}", ran.stderr);
    assert!(ran.stdout.contains("nothing is left"), "{}", ran.stdout);
    assert!(files_below(&desk.dir.path().join("lake")).is_empty());
    let receipt = std::fs::read_to_string(desk.dir.path().join("receipt-acme-1.txt")).unwrap();
    assert!(receipt.contains("\"revocation\":\"not_revoked\""), "{receipt}");
}

/// Lets every lease be held until then.
fn hold_leases(desk: &Inside, until: i64) {
    for file in files_below(&desk.dir.path().join("state/leases")) {
        let mut lease: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        lease["until"] = until.into();
        lease["end"] = serde_json::Value::Null;
        std::fs::write(&file, lease.to_string()).unwrap();
    }
}

#[test]
fn an_authorization_that_is_revoked_in_mid_run_keeps_what_was_committed_and_goes_on_after_reconnecting() {
    let reference = Reference::new(TICKETS, 76, &[0]);
    let requests = [5, 1, 3, 7, 9];
    for request in requests.into_iter().take(asked_for("DESKMETER_STORAGE_RUNS", 1)) {
        let desk = reference.again();
        desk.visit(0);
        desk.faults(&[format!("revoked@{request}")]);
        assert_eq!(desk.run(), Err(3), "at request {request}");
        let told = status(&desk);
        assert_eq!(told.state, "disconnected", "at request {request}");
        assert!(told.cause.unwrap().contains("revoked") && told.since.is_some(), "{told:?}");
        assert!(told.next_step.contains("deskmeter connect"), "{told:?}");
        if request == 5 {
            // What was read before is there, and can be asked.
            let asked =
                deskmeter_pipeline::query(&desk.pipeline, &desk.context, "select * from organizations");
            let (_, rows) = desk.heard(asked).unwrap();
            assert!(rows.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>() > 0);
        }
        assert_eq!(desk.run(), Err(3), "it stays so");
        desk.connect().unwrap();
        desk.run().unwrap();
        assert_eq!(status(&desk).state, "connected");
        reference.contents.assert_same(&desk.contents(), &format!("revoked at request {request}"));
    }
}
