//! Each mistake gives one clear error with the published exit code, and loses nothing.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use deskmeter_simulator::{Fault, Options, World, WorldOptions};

use crate::support::{Desk, END, Ran, run};

fn world() -> World {
    World::generate(&WorldOptions { tickets: 60, seed: 11, end: END, months: 3 })
}

/// One error line that says `says`, with this code.
fn check(ran: &Ran, code: i32, says: &str) {
    assert_eq!(ran.code, code, "stdout: {}\nstderr: {}", ran.stdout, ran.stderr);
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("error:")).count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(says), "expected `{says}` in: {}", ran.stderr);
}

#[test]
fn a_missing_pipeline_file_and_an_unknown_key_are_configuration_errors() {
    let dir = tempfile::tempdir().unwrap();
    check(&run(dir.path(), &["sync"]), 2, "deskmeter.toml");
    std::fs::write(dir.path().join("deskmeter.toml"), "[connection]\nnam = \"acme\"\n").unwrap();
    check(&run(dir.path(), &["sync"]), 2, "did you mean `name`?");
    assert_eq!(run(dir.path(), &["snyc"]).code, 2);
}

#[test]
fn a_missing_key_variable_and_a_wrong_key_say_how_to_make_one() {
    let desk = Desk::new(world(), |_| {});
    let mut command = crate::support::deskmeter(desk.dir.path(), &["connect", "--no-browser"]);
    check(&command.env_remove("DESKMETER_KEY").output().unwrap().into(), 2, "openssl rand -base64 32");
    let mut command = crate::support::deskmeter(desk.dir.path(), &["connect", "--no-browser"]);
    check(&command.env("DESKMETER_KEY", "short").output().unwrap().into(), 2, "openssl rand -base64 32");
}

#[test]
fn sync_without_a_connection_says_connect() {
    let desk = Desk::new(world(), |_| {});
    check(&desk.run(&["sync"]), 3, "deskmeter connect");
}

#[test]
fn a_refused_consent_is_told() {
    let desk = Desk::new(world(), |_| {});
    check(&desk.answer_connect("refuse"), 3, "not allowed on the consent page");
}

#[test]
fn a_wrong_address_is_unreachable() {
    let mut desk = Desk::new(world(), |_| {});
    desk.connect();
    desk.stop_simulator();
    check(&desk.run(&["sync"]), 4, "the connection was refused");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let dir = tempfile::tempdir().unwrap();
    let refused = run(dir.path(), &["simulate", "--tickets", "5", "--port", &port]);
    check(&refused, 2, &port);
    assert!(refused.stderr.contains("in use"), "{}", refused.stderr);
}

#[test]
fn a_full_disk_and_a_file_that_cannot_be_written_are_storage_errors() {
    let dir = tempfile::tempdir().unwrap();
    let full = std::fs::File::create("/dev/full").unwrap();
    let mut command = crate::support::deskmeter(dir.path(), &["schema"]);
    check(&command.stdout(full).output().unwrap().into(), 5, "standard output");
    std::fs::write(dir.path().join("taken"), "").unwrap();
    check(&run(dir.path(), &["man", "--dir", "taken/pages"]), 5, "taken/pages");
}

#[test]
fn rows_as_csv_stop_with_their_reader_and_fail_on_a_full_disk() {
    let desk = Desk::new(world(), |_| {});
    desk.connect();
    desk.run(&["sync"]).ok();
    let sql = "select a.ticket_id from tickets a cross join tickets b cross join tickets c";
    let query = ["query", "--format", "csv", sql];
    let full = std::fs::File::create("/dev/full").unwrap();
    let mut command = crate::support::deskmeter(desk.dir.path(), &query);
    check(&command.stdout(full).output().unwrap().into(), 5, "write rows");
    let mut command = crate::support::deskmeter(desk.dir.path(), &query);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut header = [0; 9];
    child.stdout.take().unwrap().read_exact(&mut header).unwrap();
    assert_eq!(&header, b"ticket_id");
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}

#[test]
fn a_mart_that_does_not_exist_is_wrong_usage() {
    let desk = Desk::new(world(), |_| {});
    desk.connect();
    desk.run(&["sync"]).ok();
    check(&desk.run(&["export", "--to", "files", "ticket_metricz"]), 2, "there is no such table");
}

#[test]
fn a_lake_without_write_permission_is_a_storage_error() {
    let desk = Desk::new(world(), |_| {});
    desk.connect();
    let lake = desk.dir.path().join("lake");
    std::fs::create_dir_all(&lake).unwrap();
    if std::process::Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0\n")) {
        // Root writes anywhere: a file where the folder should be fails in the same place.
        std::fs::remove_dir(&lake).unwrap();
        std::fs::write(&lake, "a file").unwrap();
    } else {
        std::fs::set_permissions(&lake, std::fs::Permissions::from_mode(0o500)).unwrap();
    }
    check(&desk.run(&["sync"]), 5, "lake");
}

/// A run under this fault; the third export request is the first for tickets.
fn run_under(fault: &str, retries_max: u32) -> (Desk, Ran) {
    let set = |options: &mut Options| options.faults.push(fault.parse::<Fault>().unwrap());
    let desk = Desk::new(world(), set);
    let file = desk.dir.path().join("deskmeter.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("[sync]\nretries_max = {retries_max}\n{text}")).unwrap();
    desk.connect();
    let ran = desk.run(&["sync"]);
    (desk, ran)
}

/// Everything is there, once.
fn is_whole(desk: &Desk) {
    assert_eq!(desk.number("select count(*) from tickets"), 60);
    assert_eq!(desk.number("select count(distinct ticket_id) from tickets"), 60);
    assert_eq!(desk.number("select count(distinct child_event_id) - count(*) from ticket_events"), 0);
}

#[test]
fn a_page_that_is_html_fails_once_and_the_next_run_heals() {
    let (desk, ran) = run_under("html@3", 0);
    check(&ran, 4, "not JSON");
    desk.run(&["sync"]).ok();
    is_whole(&desk);
}

#[test]
fn a_page_cut_in_the_middle_fails_once_and_the_next_run_heals() {
    for fault in ["cut-body@3", "truncated-gzip@3"] {
        let (desk, ran) = run_under(fault, 0);
        check(&ran, 4, "tickets");
        desk.run(&["sync"]).ok();
        is_whole(&desk);
    }
}

#[test]
fn a_page_cut_in_the_middle_is_asked_for_again() {
    let (desk, ran) = run_under("cut-body@3", 3);
    ran.ok();
    is_whole(&desk);
}
