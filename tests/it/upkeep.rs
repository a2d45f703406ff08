//! A lake that is kept up hour after hour: what a year of cron leaves behind does not grow with the number of runs.

use std::path::Path;
use std::time::Instant;

use futures::TryStreamExt;

use crate::inside::{Inside, asked_for, files_below, world};
use crate::support::END;

/// Files of a table's log at most: a checkpoint and the commits since, and as many from before while they are let go of.
const LOG_FILES_MAX: usize = 24;

/// What one run left behind.
struct Left {
    data_files: usize,
    data_bytes: u64,
    log_files: usize,
    log_bytes: u64,
}

impl Left {
    fn in_lake(folder: &Path) -> Self {
        let is_log = |path: &Path| path.components().any(|part| part.as_os_str() == "_delta_log");
        let (log, data): (Vec<_>, Vec<_>) = files_below(folder).into_iter().partition(|path| is_log(path));
        let bytes =
            |files: &[std::path::PathBuf]| files.iter().map(|file| file.metadata().unwrap().len()).sum();
        Self {
            data_bytes: bytes(&data),
            log_bytes: bytes(&log),
            data_files: data.len(),
            log_files: log.len(),
        }
    }
}

/// Milliseconds of an analyst's question to a lake that is opened for it.
fn asked(desk: &Inside) -> u128 {
    let started = Instant::now();
    desk.runtime.block_on(async {
        let warehouse = deskmeter_pipeline::open_warehouse(&desk.pipeline, &desk.context).await.unwrap();
        let question = "select status, count(*) from tickets group by 1";
        warehouse.query(question).await.unwrap().try_collect::<Vec<_>>().await.unwrap();
    });
    started.elapsed().as_millis()
}

/// Delta tables in the lake.
fn tables(desk: &Inside) -> usize {
    std::fs::read_dir(desk.dir.path().join("lake/acme")).unwrap().count()
}

#[test]
fn many_small_syncs_leave_no_more_behind_than_a_few() {
    let (syncs, tickets) = (asked_for("DESKMETER_SMALL_SYNCS", 6), asked_for("DESKMETER_SMALL_TICKETS", 100));
    let desk = Inside::new(world(u32::try_from(tickets).unwrap(), 91), None);
    // What is removed is dated by the machine's clock: by ours it is older than any version that is kept, at once.
    desk.time.visit(END);
    desk.time.pass(60 * 86_400);
    // An account with few tickets is visited less often, so that each run meets something.
    let step = if tickets < 5_000 { 86_400 } else { 3_600 };
    let mut left = Vec::new();
    eprintln!("run  changed  seconds  data files  lake MB  log files  log KB  query ms");
    for number in 0..=syncs {
        desk.time.visit(END - step * i64::try_from(syncs - number).unwrap());
        desk.connect().unwrap();
        let started = Instant::now();
        let report = desk.sync().unwrap();
        let seconds = started.elapsed().as_secs_f64();
        let changed: u64 =
            report.streams.values().map(|stream| stream.rows_inserted + stream.rows_updated).sum();
        let now = Left::in_lake(&desk.dir.path().join("lake"));
        if number < 3 || number % (syncs / 10).max(1) == 0 {
            eprintln!(
                "{number:3}  {changed:7}  {seconds:7.2}  {:10}  {:7.1}  {:9}  {:6}  {:8}",
                now.data_files,
                now.data_bytes as f64 / 1e6,
                now.log_files,
                now.log_bytes / 1024,
                asked(&desk),
            );
        }
        left.push(now);
    }
    let (early, late) = left[1..].split_at(syncs / 2);
    let most = |left: &[Left]| left.iter().map(|left| left.data_files).max().unwrap();
    let (early, late) = (most(early), most(late));
    assert!(late <= early + early / 4, "{late} data files after {syncs} runs, {early} after half of them");
    let log_files = left.iter().map(|left| left.log_files).max().unwrap();
    assert!(log_files <= LOG_FILES_MAX * tables(&desk), "{log_files} log files");
}
