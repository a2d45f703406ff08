//! Runs of the binary that are killed at random instants or asked to end, and runs that meet: nothing lost, nothing doubled.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use deskmeter_pipeline::{Context, PipelineFile};
use deskmeter_simulator::Options;

use crate::inside::{
    Contents, Dice, Inside, ODDITY_PERCENT, Time, asked_for, contents, context, files_below, put_state, world,
};
use crate::support::{Desk, END};

const TICKETS: u32 = 200;
/// Runs that are killed at each visit, before one is let through; more where there would be too many visits.
const KILLS_A_VISIT: usize = 5;
const MOST_VISITS: usize = 60;
/// Long enough for any run of these worlds.
const TOKEN_LIFE: u32 = 400 * 86_400;

/// A desk for the binary whose tokens live through all visits.
fn desk(seed: u64) -> Desk {
    Desk::new(world(TICKETS, seed), |options: &mut Options| {
        options.token_life_secs = TOKEN_LIFE;
        options.oddity_percent = ODDITY_PERCENT;
    })
}

/// The lake of a desk, read in this process.
fn read(desk: &Desk) -> (PipelineFile, Context) {
    let text = std::fs::read_to_string(desk.dir.path().join("deskmeter.toml")).unwrap();
    let pipeline = PipelineFile::parse(&text, desk.dir.path()).unwrap();
    (pipeline, context(&Time::at(END)))
}

/// What the lake says, its marts made anew. As the runs left them they have as many rows: of months that nothing touched
/// they are of an earlier instant, so that the rows themselves differ.
fn held(desk: &Desk) -> Contents {
    let (pipeline, context) = read(desk);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let kept = runtime.block_on(contents(&pipeline, &context));
    desk.run(&["sync", "--full-refresh"]).ok();
    let made_anew = runtime.block_on(contents(&pipeline, &context));
    assert_eq!(kept.counts(), made_anew.counts(), "marts as the runs left them");
    made_anew
}

/// Lets two minutes pass for the lease that a killed run still holds.
fn end_leases(desk: &Desk) {
    for area in ["leases", "refreshing"] {
        for file in files_below(&desk.dir.path().join("state").join(area)) {
            let Ok(text) = std::fs::read_to_string(&file) else { continue };
            let Ok(mut lease) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
            lease["until"] = 0.into();
            std::fs::write(&file, lease.to_string()).unwrap();
        }
    }
}

/// When a run is killed.
#[derive(Debug)]
enum Instants {
    /// So many microseconds after the account saw its n-th request.
    Request(usize, u64),
    /// So many microseconds after the n-th file more lies in the lake.
    File(usize, u64),
    /// At this share of a run's usual time, in thousandths.
    Share(u64),
}

impl Instants {
    fn thrown(dice: &mut Dice) -> Self {
        match dice.below(3) {
            0 => Self::Request(1 + dice.below(7) as usize, dice.below(20_000)),
            1 => Self::File(1 + dice.below(40) as usize, dice.below(5_000)),
            _ => Self::Share(dice.below(1_000)),
        }
    }
}

/// Starts a run and kills it; tells whether it had ended before.
fn kill(desk: &Desk, instant: &Instants, usual: Duration) -> bool {
    let (requests, lake) = (desk.simulator().requests().len(), desk.dir.path().join("lake"));
    let files = files_below(&lake).len();
    let mut command = desk.command(&["sync"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    let is_reached = || match instant {
        Instants::Request(number, _) => desk.simulator().requests().len() >= requests + number,
        Instants::File(number, _) => files_below(&lake).len() >= files + number,
        Instants::Share(share) => started.elapsed() >= usual.mul_f64(*share as f64 / 1_000.0),
    };
    while !is_reached() && child.try_wait().unwrap().is_none() {
        // A watcher that spins would take the processor from whom it watches.
        thread::sleep(Duration::from_micros(300));
    }
    if let Instants::Request(_, micros) | Instants::File(_, micros) = instant {
        let reached = Instant::now();
        while reached.elapsed() < Duration::from_micros(*micros) {
            thread::yield_now();
        }
    }
    let had_ended = child.try_wait().unwrap().is_some();
    let _ = child.kill();
    child.wait().unwrap();
    had_ended
}

#[test]
fn runs_killed_at_random_instants_lose_nothing_and_double_nothing() {
    let kills_wanted = asked_for("DESKMETER_KILLS", 10);
    let seed = asked_for("DESKMETER_KILLS_SEED", 81) as u64;
    let visits = kills_wanted.div_ceil(KILLS_A_VISIT).min(MOST_VISITS);
    let kills_a_visit = kills_wanted.div_ceil(visits);
    let days: Vec<i64> = (0..visits).rev().map(|visit| (visit * 330 / visits) as i64).collect();
    // Without kills, in this process.
    let reference = Inside::new(world(TICKETS, seed), None);
    reference.connect().unwrap();
    let state = reference.state();
    for days in &days {
        reference.visit(*days);
        reference.run().unwrap();
    }

    let desk = desk(seed);
    put_state(desk.dir.path(), &state);
    // Old versions go at once, so that runs are killed in their housekeeping too.
    let file = desk.dir.path().join("deskmeter.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("[lake]\n", "[lake]\nkeep_versions_hours = 0\n")).unwrap();
    desk.set_clock(END + 3_600 - days[0] * 86_400);
    desk.connect();
    let (mut dice, mut usual) = (Dice::new(seed), Duration::from_secs(2));
    let (mut kills, mut too_late) = (0, 0);
    for days in &days {
        desk.set_clock(END + 3_600 - days * 86_400);
        for _ in 0..kills_a_visit.min(kills_wanted - kills - too_late) {
            let had_ended = kill(&desk, &Instants::thrown(&mut dice), usual);
            end_leases(&desk);
            kills += usize::from(!had_ended);
            too_late += usize::from(had_ended);
        }
        let started = Instant::now();
        desk.run(&["sync"]).ok();
        usual = started.elapsed();
    }
    eprintln!("{kills} runs killed, {too_late} had ended before, over {visits} visits");
    reference.contents().assert_same(&held(&desk), "killed runs");
    desk.run(&["lake", "check"]).ok();
    assert!(kills * 2 > kills_wanted, "{kills} kills");
}

#[test]
fn two_processes_at_once_do_the_work_of_one() {
    let reference = Inside::new(world(TICKETS, 82), None);
    reference.connect().unwrap();
    let state = reference.state();
    let desk = desk(82);
    put_state(desk.dir.path(), &state);
    for days in [90, 0] {
        reference.visit(days);
        reference.run().unwrap();
        desk.set_clock(END + 3_600 - days * 86_400);
        desk.connect();
        // At the first visit the second run leaves, at the other it waits.
        let wait = if days > 0 { "0" } else { "300" };
        let start = || {
            let mut command = desk.command(&["sync", "--wait-secs", wait]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let codes = [start(), start()].map(|mut run| run.wait().unwrap().code().unwrap());
        assert!(codes.contains(&0), "{codes:?}");
        let others = if days > 0 { vec![0, 6] } else { vec![0] };
        assert!(codes.iter().all(|code| others.contains(code)), "{codes:?}");
    }
    reference.contents().assert_same(&held(&desk), "two processes");
}

#[cfg(unix)]
#[test]
fn a_run_that_is_asked_to_end_ends_by_itself_and_gives_its_lease_back() {
    for signal in ["-INT", "-TERM"] {
        let desk = desk(82);
        desk.connect();
        let requests = desk.simulator().requests().len();
        let mut command = desk.command(&["sync"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        while desk.simulator().requests().len() < requests + 2 && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_micros(300));
        }
        let asked = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(asked.unwrap().success());
        let ended = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success() && told.contains("the run was asked to end"), "{signal}: {told}");
        // One that was killed where it stood would have the lease for two minutes more.
        desk.run(&["sync"]).ok();
    }
}
