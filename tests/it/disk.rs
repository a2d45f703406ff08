//! A disk that is full, becomes read-only or refuses one folder while a run goes on: one clear error, exit code 5,
//! and the next run heals.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Desk, Ran, requires_all};

/// Whether a command of the system did its work.
fn done(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// A disk of its own in memory, mounted where a desk's lake will be; unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    /// None where this process may not mount.
    fn mount(lake: &Path, test: &str) -> Option<Self> {
        std::fs::create_dir_all(lake).unwrap();
        if done("mount", &["-t", "tmpfs", "-o", "size=600k", "tmpfs", lake.to_str()?]) {
            return Some(Self(lake.to_owned()));
        }
        // A container without the right to mount is no missing part.
        eprintln!("SKIPPED {test}: this process may not mount a disk");
        None
    }

    fn remount(&self, options: &str) {
        assert!(done("mount", &["-o", &format!("remount,{options}"), self.0.to_str().unwrap()]));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        done("umount", &["-l", self.0.to_str().unwrap_or_default()]);
    }
}

fn check(ran: &Ran, says: &str) {
    assert_eq!(ran.code, 5, "stdout: {}\nstderr: {}", ran.stdout, ran.stderr);
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("error:")).count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.to_lowercase().contains(says), "expected `{says}` in: {}", ran.stderr);
}

/// The next run finds everything, once.
fn heals(desk: &Desk, tickets: i64) {
    desk.run(&["sync"]).ok();
    assert_eq!(desk.number("select count(*) from tickets"), tickets);
    assert_eq!(desk.number("select count(distinct ticket_id) from ticket_metrics"), tickets);
    assert_eq!(desk.number("select count(*) - count(distinct child_event_id) from ticket_events"), 0);
    desk.run(&["lake", "check"]).ok();
}

#[test]
fn a_full_disk_is_told_and_with_room_the_next_run_heals() {
    let desk = Desk::generated(150, 21);
    desk.connect();
    let Some(mounted) = Disk::mount(&desk.dir.path().join("lake"), "a full disk") else { return };
    check(&desk.run(&["sync"]), "no space left on device");
    mounted.remount("size=200m");
    heals(&desk, 150);
}

#[test]
fn a_disk_that_became_read_only_is_told_and_the_next_run_heals() {
    let desk = Desk::generated(60, 22);
    desk.connect();
    let Some(mounted) = Disk::mount(&desk.dir.path().join("lake"), "a read-only disk") else { return };
    mounted.remount("size=200m,ro");
    check(&desk.run(&["sync"]), "read-only file system");
    mounted.remount("size=200m,rw");
    heals(&desk, 60);
    mounted.remount("size=200m,ro");
    assert_eq!(desk.number("select count(*) from tickets"), 60, "reading needs no right to write");
}

#[test]
fn a_file_that_may_not_grow_is_told_and_the_next_run_heals() {
    let desk = Desk::generated(60, 23);
    desk.connect();
    // Any file of more than 24 KiB fails in the middle of its writing, as on a disk that is full.
    let limited = "trap '' XFSZ; ulimit -f 48; exec \"$0\" sync";
    let mut command = desk.command(&["sync"]);
    let binary = command.get_program().to_owned();
    command = {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(limited).arg(binary).current_dir(desk.dir.path());
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell
    };
    check(&command.output().unwrap().into(), "file too large");
    heals(&desk, 60);
}

#[test]
fn a_folder_that_may_no_longer_be_written_stops_the_run_and_the_next_one_heals() {
    let desk = Desk::generated(60, 24);
    desk.connect();
    let log = desk.dir.path().join("lake/acme/ticket_metric_events/_delta_log");
    std::fs::create_dir_all(&log).unwrap();
    // Root is stopped by no mode, but by the attribute.
    if !done("chattr", &["+i", log.to_str().unwrap()]) {
        assert!(!requires_all() || !Path::new("/usr/bin/chattr").exists(), "chattr failed");
        eprintln!("SKIPPED a folder without permission: this process may not set the attribute");
        return;
    }
    let ran = desk.run(&["sync"]);
    assert!(done("chattr", &["-i", log.to_str().unwrap()]));
    check(&ran, "permitted");
    heals(&desk, 60);
}
