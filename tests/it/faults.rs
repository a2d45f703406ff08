//! Whatever Zendesk, the wire or the storage does wrong: once it is over, the lake holds what it would have held.
//!
//! Compared are all collected tables and all marts, row by row and column by column, and the positions of all streams;
//! only the privacy ledger, which counts what each run saw, is left out.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use deskmeter_simulator::{FAULTS, FaultDoc, ScopeProfile};

use crate::inside::{Dice, Inside, Reference, VISITS, asked_for, world};
use crate::shaky::{Fate, Weather};

/// Tickets of the worlds.
const TICKETS: u32 = 150;
/// Runs that a visit may need while the weather is bad; then it clears.
const RUNS_IN_BAD_WEATHER: usize = 4;
/// Mixtures in the normal gate; `DESKMETER_FAULT_RUNS` asks for more.
const MIXTURES: usize = 2;

/// The faults of a mixture: two to five, most of them now and then, some at one request.
fn mixture(dice: &mut Dice) -> Vec<String> {
    let count = 2 + dice.below(4);
    let one = |dice: &mut Dice| {
        let fault = FAULTS[dice.below(FAULTS.len() as u64) as usize];
        let value = match fault.value {
            "MILLISECONDS" => "=2",
            "SECONDS" => ["", "=1", "=20", "=700"][dice.below(4) as usize],
            _ => "",
        };
        let when = match dice.below(3) {
            0 => format!("@{}", 1 + dice.below(30)),
            _ => format!("%{}", [3, 10, 25, 50][dice.below(4) as usize]),
        };
        format!("{}{value}{when}", fault.name)
    };
    (0..count).map(|_| one(dice)).collect()
}

/// How an account behaves, faults aside.
#[derive(Debug, Clone, Copy)]
struct Account {
    token_life_secs: u32,
    withholds_last_minute: bool,
    /// At the first visit the token opens the plain lists only.
    begins_with_lists: bool,
}

impl Account {
    const PLAIN: Self =
        Self { token_life_secs: 1_800, withholds_last_minute: true, begins_with_lists: false };

    fn thrown(dice: &mut Dice) -> Self {
        Self {
            token_life_secs: [300, 1_800, 172_800][dice.below(3) as usize],
            withholds_last_minute: dice.below(2) == 0,
            begins_with_lists: dice.below(3) == 0,
        }
    }

    /// Puts the account as it is at this visit in the place of the desk's.
    fn serve(self, reference: &Reference, desk: &mut Inside, visit: usize) {
        desk.replace_account(reference.world(), |options| {
            options.token_life_secs = self.token_life_secs;
            options.withhold_last_minute = self.withholds_last_minute;
            if self.begins_with_lists && visit == 0 {
                options.scope_profile = ScopeProfile::Strict;
            }
        });
    }
}

/// Two visits, where two are enough.
const TWICE: [i64; 2] = [40, 0];

/// What a desk went through.
#[derive(Default)]
struct Toll {
    runs: usize,
    failed: usize,
    /// Faults that struck.
    struck: BTreeSet<&'static str>,
}

fn all_faults() -> BTreeSet<&'static str> {
    FAULTS.iter().map(|fault| fault.name).collect()
}

/// The faults that struck at a desk.
fn struck(desk: &Inside) -> BTreeSet<&'static str> {
    desk.simulator().requests().into_iter().flat_map(|request| request.faults).collect()
}

/// One run. A failure must be Zendesk's (4), the connection's (3, and then it is made again), or a stream that is
/// refused for now.
fn attempt(desk: &Inside, weather: &str, toll: &mut Toll) -> Result<(), u8> {
    toll.runs += 1;
    let outcome = desk.run();
    if let Err(code) = outcome {
        toll.failed += 1;
        assert!([0, 3, 4].contains(&code), "{weather}: exit code {code}");
        if code == 3 {
            desk.connect().unwrap();
        }
    }
    outcome
}

/// One visit: runs until one reads everything.
fn visit(desk: &Inside, weather: &[String], runs_in_bad_weather: usize, toll: &mut Toll) {
    desk.faults(weather);
    for run in 0.. {
        if run == runs_in_bad_weather {
            desk.faults(&[]);
        }
        let Err(code) = attempt(desk, &weather.join(" "), toll) else { return };
        assert!(run <= runs_in_bad_weather + 1, "{weather:?}: exit code {code} after the weather cleared");
    }
}

/// All visits in this weather, and what must hold afterwards.
fn weathers(
    reference: &Reference,
    account: Account,
    weather: impl Fn(usize) -> Vec<String>,
    what: &str,
) -> Toll {
    let mut desk = reference.again();
    let mut toll = Toll::default();
    for (number, days) in VISITS.into_iter().enumerate() {
        account.serve(reference, &mut desk, number);
        desk.visit(days);
        if account.begins_with_lists && number == 0 {
            desk.faults(&weather(number));
            for _ in 0..RUNS_IN_BAD_WEATHER {
                attempt(&desk, what, &mut toll).unwrap_err();
            }
        } else {
            visit(&desk, &weather(number), RUNS_IN_BAD_WEATHER, &mut toll);
        }
        toll.struck.extend(struck(&desk));
    }
    must_hold(reference, &desk, what);
    toll
}

/// The same tables, nothing leaked, nothing asked for that must not be. The last run may have come through bad weather,
/// which is over now.
fn must_hold(reference: &Reference, desk: &Inside, what: &str) {
    desk.faults(&[]);
    reference.contents.assert_same(&desk.contents(), what);
    desk.assert_nothing_leaked();
    let requests = desk.simulator().requests();
    assert!(!requests.is_empty() && requests.iter().all(|request| !request.forbidden), "{what}");
}

/// A fault as it is spelled, slow ones not too slow for a test.
fn spelled(fault: &FaultDoc) -> String {
    format!("{}{}", fault.name, if fault.name == "slow" { "=2" } else { "" })
}

#[test]
fn every_fault_strikes_and_heals_to_the_tables_of_a_fault_free_run() {
    // Three faults a visit, each at every request first, then at every third.
    let visits: Vec<i64> = (0..FAULTS.len().div_ceil(3) as i64).rev().map(|number| number * 35).collect();
    let reference = Reference::new(TICKETS, 30, &visits);
    let desk = reference.again();
    for (days, faults) in visits.iter().zip(FAULTS.chunks(3)) {
        desk.visit(*days);
        let mut toll = Toll::default();
        for fault in faults {
            let name = spelled(fault);
            for (weather, runs) in [(name.clone(), 1), (format!("{name}%35"), 2)] {
                desk.faults(std::slice::from_ref(&weather));
                for _ in 0..runs {
                    if attempt(&desk, &weather, &mut toll).is_ok() {
                        break;
                    }
                }
            }
        }
        visit(&desk, &[], 0, &mut toll);
    }
    must_hold(&reference, &desk, "every fault");
    assert_eq!(struck(&desk), all_faults());
}

#[test]
fn every_fault_alone_heals_to_the_tables_of_a_fault_free_run() {
    // The long run: a desk for each.
    if asked_for("DESKMETER_FAULT_RUNS", 0) == 0 {
        return;
    }
    let reference = Reference::new(TICKETS, 31, &VISITS);
    side_by_side(FAULTS.len(), |number| {
        let name = spelled(&FAULTS[number]);
        // First at single requests, then at every third, then at all until it is over.
        let weather = |visit| match visit {
            0 => vec![format!("{name}@2"), format!("{name}@7")],
            1 => vec![format!("{name}%35")],
            _ => vec![name.clone()],
        };
        let toll = weathers(&reference, Account::PLAIN, weather, &name);
        eprintln!("{name}: {} runs, {} of them failed", toll.runs, toll.failed);
        assert!(toll.struck.contains(FAULTS[number].name), "{name} struck");
    });
}

#[test]
fn a_stream_that_is_refused_for_a_while_leaves_no_gap_in_what_was_read_meanwhile() {
    // Users are asked for first: nobody's role is known while all other streams are read. The fourth request is for the
    // second page of tickets.
    let reference = Reference::new(TICKETS, 32, &TWICE);
    let refusals = ["403-role@1", "403-role@4", "403-empty@4", "404-empty@1"];
    for refusal in refusals.into_iter().take(asked_for("DESKMETER_FAULT_RUNS", 2)) {
        let desk = reference.again();
        for (number, days) in TWICE.into_iter().enumerate() {
            desk.visit(days);
            desk.faults(&if number == 0 { vec![refusal.to_owned()] } else { Vec::new() });
            let report = desk.sync().unwrap();
            let available = report.streams.values().filter(|stream| stream.capability_text() == "available");
            assert_eq!(available.count(), 4 + number, "{refusal}: {:?}", report.streams);
            assert!(report.streams["tickets"].rows_inserted > 0, "{refusal}");
        }
        must_hold(&reference, &desk, refusal);
    }
}

/// Does numbered pieces of work on two threads.
fn side_by_side(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= count {
                        break;
                    }
                    work(number);
                }
            });
        }
    });
}

#[test]
fn mixtures_of_faults_heal_to_the_tables_of_a_fault_free_run() {
    let mixtures = asked_for("DESKMETER_FAULT_RUNS", MIXTURES);
    let seeds = [41, 42, 43, 44].into_iter().take(mixtures.div_ceil(10));
    let references: Vec<_> = seeds.map(|seed| Reference::new(TICKETS, seed, &VISITS)).collect();
    let (runs, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let struck = Mutex::new(BTreeSet::new());
    side_by_side(mixtures, |number| {
        let mut dice = Dice::new(number as u64);
        let visits: Vec<_> = VISITS.iter().map(|_| mixture(&mut dice)).collect();
        let account = Account::thrown(&mut dice);
        let what = format!("mixture {number}: {account:?}, {visits:?}");
        let reference = &references[number % references.len()];
        let toll = weathers(reference, account, |visit| visits[visit].clone(), &what);
        runs.fetch_add(toll.runs, Ordering::SeqCst);
        failed.fetch_add(toll.failed, Ordering::SeqCst);
        struck.lock().unwrap().extend(toll.struck);
    });
    let (runs, failed, struck) = (runs.into_inner(), failed.into_inner(), struck.into_inner().unwrap());
    eprintln!("{mixtures} mixtures, {runs} runs, {failed} of them failed and were healed by the next");
    assert!(!struck.is_empty());
    // Enough of them have met everything.
    assert!(mixtures < 100 || struck == all_faults(), "{struck:?}");
}

/// The fates of a run: one to three operations out of as many as a run has.
fn fates(dice: &mut Dice, operations: u64) -> Vec<(u64, Fate)> {
    let one = |dice: &mut Dice| {
        let fate = [Fate::Before, Fate::After, Fate::Slow, Fate::Torn][dice.below(4) as usize];
        (dice.below(operations), fate)
    };
    (0..=dice.below(3)).map(|_| one(dice)).collect()
}

#[test]
fn storage_faults_heal_to_the_tables_of_a_fault_free_run() {
    let desks = asked_for("DESKMETER_STORAGE_RUNS", 1);
    let reference = Reference::new(TICKETS, 51, &VISITS);
    let (mut runs, mut failed, mut met) = (0, 0, 0);
    // A desk that failed is repeated alone by its number.
    for number in asked_for("DESKMETER_STORAGE_FIRST", 0)..desks {
        let mut dice = Dice::new(1_000 + number as u64);
        let mut desk = reference.again();
        let weather = Weather::new(vec!["/".into(), desk.dir.path().join("state")]);
        desk.context.storage = weather.door();
        let mut operations = 600;
        for days in VISITS {
            weather.set([]);
            desk.visit(days);
            for _ in 0..3 {
                weather.set(fates(&mut dice, operations));
                runs += 1;
                if let Err(code) = desk.run() {
                    failed += 1;
                    assert!([5, 6].contains(&code), "desk {number}: exit code {code}: {}", desk.said.end());
                    // What a dead run holds, it holds no longer than this.
                    desk.time.pass(121);
                }
            }
            weather.set([]);
            let before = weather.operations();
            runs += 1;
            desk.run().unwrap_or_else(|code| panic!("desk {number}: exit code {code} in good weather"));
            operations = (weather.operations() - before).max(600);
        }
        reference.contents.assert_same(&desk.contents(), &format!("desk {number}"));
        desk.assert_nothing_leaked();
        met += weather.met();
    }
    eprintln!("{desks} desks, {runs} runs, {met} operations failed, {failed} runs with them");
    assert!(failed > 0, "the storage was shaken");
}

#[test]
fn a_storage_that_goes_away_in_mid_run_is_named_as_what_failed() {
    let mut desk = Inside::new(world(60, 55), None);
    let weather = Weather::new(Vec::new());
    desk.context.storage = weather.door();
    desk.visit(TWICE[0]);
    desk.run().unwrap();
    desk.visit(TWICE[1]);
    for step in 0..asked_for("DESKMETER_STORAGE_RUNS", 10) as u64 {
        // From here on nothing is read or written any more: while streams are read, marts made, files tidied.
        weather.set((40 + step * 70..10_000).map(|operation| (operation, Fate::Before)));
        if let Err(code) = desk.run() {
            assert!([5, 6].contains(&code), "after step {step}: exit code {code}: {}", desk.said.end());
        }
        desk.time.pass(121);
    }
    weather.set([]);
    desk.run().unwrap();
    assert!(weather.met() > 0);
    desk.assert_nothing_leaked();
}

#[test]
fn what_a_dead_writer_left_half_written_in_the_state_is_swept() {
    let desk = Inside::new(world(30, 54), None);
    desk.visit(TWICE[0]);
    let leftover = desk.dir.path().join("state/connections/acme/runs/000000000009#1");
    std::fs::create_dir_all(leftover.parent().unwrap()).unwrap();
    std::fs::write(&leftover, "{\"number\":9,\"sta").unwrap();
    let file = std::fs::File::options().write(true).open(&leftover).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    desk.run().unwrap();
    assert!(!leftover.exists(), "it was not swept");
}

#[test]
fn of_two_runs_at_once_one_works_and_the_other_leaves() {
    let reference = Reference::new(TICKETS, 52, &TWICE);
    let desk = reference.again();
    for days in TWICE {
        desk.visit(days);
        let options = deskmeter_pipeline::SyncOptions::default();
        let (one, other) = (desk.now(), desk.now());
        let (one, other) = desk.heard(async {
            tokio::join!(
                deskmeter_pipeline::sync(&desk.pipeline, &one, &options),
                deskmeter_pipeline::sync(&desk.pipeline, &other, &options)
            )
        });
        let codes =
            [one, other].map(|run| desk.tell(run).map_or_else(|error| error.kind().exit_code(), |_| 0));
        assert!(codes.contains(&0) && codes.iter().all(|code| [0, 6].contains(code)), "{codes:?}");
    }
    reference.contents.assert_same(&desk.contents(), "two runs at once");
}

#[test]
fn a_run_whose_lease_was_taken_over_commits_nothing_more_and_harms_nothing() {
    let reference = Reference::new(TICKETS, 53, &TWICE);
    let delays = [60, 1, 20, 150, 400, 700];
    for delay in delays.into_iter().take(asked_for("DESKMETER_STORAGE_RUNS", 1)) {
        let mut desk = reference.again();
        let weather = Weather::new(Vec::new());
        desk.context.storage = weather.door();
        for days in TWICE {
            desk.visit(days);
            let options = deskmeter_pipeline::SyncOptions::default();
            let sleeper = desk.now();
            // The other's clock is past the end of the sleeper's lease.
            let later = Arc::new(|at: i64| deskmeter_zendesk::UnixSeconds(at + 130));
            let (clock, shift) = (desk.context.clock.clone(), later.clone());
            let mut other = desk.now();
            other.started_at = later(other.started_at.0);
            other.clock = Arc::new(move || shift(clock().0));
            let begun = weather.operations();
            let (slept, took) = desk.heard(async {
                tokio::join!(deskmeter_pipeline::sync(&desk.pipeline, &sleeper, &options), async {
                    while weather.operations() < begun + delay {
                        tokio::task::yield_now().await;
                    }
                    deskmeter_pipeline::sync(&desk.pipeline, &other, &options).await
                })
            });
            let code = |run: Result<_, deskmeter_pipeline::Error>| {
                desk.tell(run).map_or_else(|error| error.kind().exit_code(), |_| 0)
            };
            let (slept, took) = (code(slept), code(took));
            assert!([0, 5, 6].contains(&slept) && [0, 5].contains(&took), "{delay}: {slept}, {took}");
            desk.time.pass(300);
            desk.run().unwrap();
        }
        reference.contents.assert_same(&desk.contents(), &format!("taken over after {delay} operations"));
    }
}
