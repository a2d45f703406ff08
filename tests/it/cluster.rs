//! The same SQL on a Ballista cluster: a scheduler and two executors as processes, the lake on disk between them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::inside::files_below;
use crate::support::{Desk, deskmeter};

/// A process of the cluster, stopped with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Cluster {
    scheduler: String,
    work: TempDir,
    _processes: Vec<Process>,
}

impl Cluster {
    fn start(executors: usize) -> Self {
        let work = TempDir::new().unwrap();
        let scheduler = free_address();
        let mut processes = vec![spawn(work.path(), &["scheduler", "--bind", &scheduler])];
        for index in 0..executors {
            let (bind, tasks) = (free_address(), free_address());
            let folder = work.path().join(format!("executor-{index}"));
            processes.push(spawn(
                work.path(),
                &[
                    "executor",
                    "--scheduler",
                    &scheduler,
                    "--bind",
                    &bind,
                    "--task-port",
                    tasks.rsplit(':').next().unwrap(),
                    "--cores",
                    "1",
                    "--work-dir",
                    &folder.display().to_string(),
                ],
            ));
        }
        Self { scheduler, work, _processes: processes }
    }

    fn engine(&self) -> String {
        format!("ballista://{}", self.scheduler)
    }
}

/// An address that nobody listens on.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Starts a process and waits until it says that it listens.
fn spawn(dir: &Path, args: &[&str]) -> Process {
    let mut child = deskmeter(dir, args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("listening"), "{args:?}: {line}");
    Process(child)
}

/// All rows of a mart, by its columns in turn.
fn rows(desk: &Desk, mart: &str, more: &[&str]) -> Vec<Value> {
    let sql = format!("select * from {mart}");
    let mut args = vec!["query", "--format", "json", &sql];
    args.extend_from_slice(more);
    let ran = desk.run(&args).ok();
    let mut rows: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    rows.sort_by_key(ToString::to_string);
    rows
}

/// The columns in which two rows differ, but for the last bits of sums of fractions, whose order differs.
fn differing_columns<'a>(one: &'a Value, other: &Value) -> Vec<&'a str> {
    let fraction = |cell: &Value| cell.as_f64().filter(|_| cell.is_f64());
    let is_close = |one: &Value, other: &Value| match (fraction(one), fraction(other)) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(1.0),
        _ => one == other,
    };
    let (cells, others) = (one.as_object().unwrap(), other.as_object().unwrap());
    assert!(cells.keys().eq(others.keys()), "{cells:?} {others:?}");
    cells
        .iter()
        .filter(|(name, value)| !is_close(value, &other[*name]))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn marts(desk: &Desk) -> Vec<String> {
    let ran = desk.run(&["metrics", "list", "--format", "json"]).ok();
    let listed: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    let marts: Vec<String> = listed.iter().map(|mart| mart["mart"].as_str().unwrap().to_owned()).collect();
    assert!(marts.len() >= 17, "{marts:?}");
    marts
}

#[test]
fn every_mart_is_the_same_as_the_embedded_engine_makes_it() {
    let desk = Desk::generated(200, 11);
    desk.connect();
    desk.run(&["sync"]).ok();
    let marts = marts(&desk);
    let embedded: Vec<_> = marts.iter().map(|mart| rows(&desk, mart, &[])).collect();

    let cluster = Cluster::start(2);
    let engine = cluster.engine();
    let refreshed = desk.run(&["sync", "--full-refresh", "--engine", &engine]).ok();
    assert!(refreshed.stdout.contains("models refreshed"), "{}", refreshed.stdout);
    // The tickets that move with time, among the rows of all others.
    desk.run(&["sync", "--engine", &engine]).ok();
    let mut differing = BTreeMap::new();
    for (mart, expected) in marts.iter().zip(&embedded) {
        // As the cluster made it, read by the embedded engine, and as the cluster reads it.
        for more in [&[][..], &["--engine", &engine]] {
            let found = rows(&desk, mart, more);
            assert_eq!(found.len(), expected.len(), "rows of {mart}");
            for (found, expected) in found.iter().zip(expected) {
                for column in differing_columns(found, expected) {
                    *differing.entry(format!("{mart}.{column}")).or_insert(0) += 1;
                }
            }
        }
    }
    assert!(differing.is_empty(), "cells that differ: {differing:?}");
    assert_eq!(files_below(&desk.dir.path().join("lake/acme/_scratch")), Vec::<PathBuf>::new());
    drop(cluster.work);
}

#[test]
fn a_scheduler_that_is_not_there_is_told_and_loses_nothing() {
    let desk = Desk::generated(30, 12);
    desk.connect();
    let engine = format!("ballista://{}", free_address());
    let ran = desk.run(&["sync", "--engine", &engine]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stderr.contains("next:"), "{}", ran.stderr);
    desk.run(&["sync"]).ok();
    assert_eq!(desk.number("select count(*) from ticket_metrics"), 30);
}
