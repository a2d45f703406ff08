//! A long backfill under the documented limit, on a clock that jumps: as many requests as the limit allows, none refused,
//! and nothing but pages.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use deskmeter_pipeline::{Context, Event, Observer, SyncOptions, Timer};
use deskmeter_simulator::{LoggedRequest, Options, RateLimit, World, WorldOptions};
use deskmeter_zendesk::UnixSeconds;
use futures::TryStreamExt;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::inside::{Inside, Time, asked_for, world};
use crate::support::END;

/// What one look of the account at its clock costs: a request looks four or five times, and takes most of a second.
const LATENCY: Duration = Duration::from_millis(180);

/// One clock for the account, for us and for all waiting: it stands still but for requests, and jumps when waited for.
struct OneClock {
    start: Instant,
    now: Mutex<Instant>,
}

impl OneClock {
    fn new() -> Arc<Self> {
        let start = Instant::now();
        Arc::new(Self { start, now: Mutex::new(start) })
    }

    fn seconds(&self) -> i64 {
        END + 3_600 + self.elapsed().as_secs() as i64
    }

    fn elapsed(&self) -> Duration {
        *self.now.lock().unwrap() - self.start
    }

    fn pass(&self, time: Duration) {
        *self.now.lock().unwrap() += time;
    }
}

#[async_trait::async_trait]
impl Timer for OneClock {
    fn now(&self) -> Instant {
        *self.now.lock().unwrap()
    }

    async fn sleep_until(&self, deadline: Instant) {
        {
            let mut now = self.now.lock().unwrap();
            *now = deadline.max(*now);
        }
        tokio::task::yield_now().await;
    }
}

/// Tells when the streams are read.
struct Watch {
    clock: Arc<OneClock>,
    streams_end: Notify,
    users_end: Mutex<Duration>,
}

impl Observer for Watch {
    fn event(&self, event: &Event) {
        match event {
            Event::StreamEnded { stream: deskmeter_zendesk::Stream::Users } => {
                *self.users_end.lock().unwrap() = self.clock.elapsed();
            }
            Event::Refreshing => self.streams_end.notify_one(),
            _ => {}
        }
    }
}

fn of<'a>(requests: &'a [LoggedRequest], path: &str) -> Vec<&'a LoggedRequest> {
    requests.iter().filter(|request| request.path.starts_with(path)).collect()
}

/// Most memory that this process ever held, in MiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1_024
}

#[test]
fn a_backfill_uses_the_limit_and_is_never_refused() {
    let tickets = asked_for("DESKMETER_BACKFILL_TICKETS", 2_000);
    let clock = OneClock::new();
    let shown = clock.clone();
    let mut options = Options::new(Arc::new(move || {
        shown.pass(LATENCY);
        shown.seconds()
    }));
    options.rate_limit = RateLimit::Documented;
    let world = World::generate(&WorldOptions { tickets: tickets as u32, seed: 61, end: END, months: 12 });
    let mut desk = Inside::with(world, options, Time::at(END), None);
    desk.pipeline.sync.buffer_bytes = 64 << 20;
    let ours = clock.clone();
    desk.context.clock = Arc::new(move || UnixSeconds(ours.seconds()));
    desk.context.timer = clock.clone();
    desk.connect().unwrap();
    let asked_before = desk.simulator().requests().len();
    let watch =
        Arc::new(Watch { clock: clock.clone(), streams_end: Notify::new(), users_end: Mutex::default() });
    let context = Context {
        started_at: UnixSeconds(clock.seconds()),
        ..desk.context.clone().observed_by(watch.clone())
    };

    let begun = clock.elapsed();
    desk.heard(async {
        let options = SyncOptions::default();
        tokio::select! {
            synced = deskmeter_pipeline::sync(&desk.pipeline, &context, &options) => drop(synced.unwrap()),
            // The marts ask nobody anything.
            () = watch.streams_end.notified() => {}
        }
    });

    let took = clock.elapsed().saturating_sub(begun);
    let users_took = watch.users_end.lock().unwrap().saturating_sub(begun);
    let requests = desk.simulator().requests().split_off(asked_before);
    let users = of(&requests, "/api/v2/incremental/users").len();
    let exports = of(&requests, "/api/v2/incremental/").len() - users;
    let refused = requests.iter().filter(|request| request.status == 429).count();
    // Ten may go at once, the eleventh a minute later.
    let bound = Duration::from_mins(1) * ((exports as u32 - 1) / 10);
    let share = bound.as_secs_f64() / took.saturating_sub(users_took).as_secs_f64();
    let of_all = bound.as_secs_f64() / took.as_secs_f64();
    eprintln!(
        "{tickets} tickets: {exports} export requests and {users} of users in {:.1} simulated minutes; {:.2} % of \
         the exports' limit ({:.2} % with the users' pages before them), {refused} refused, {} MiB at the peak",
        took.as_secs_f64() / 60.0,
        share * 100.0,
        of_all * 100.0,
        peak_memory()
    );
    assert_eq!(refused, 0);
    assert!(exports > 30 && (0.98..=1.0).contains(&share), "{share}");
    let count = desk.runtime.block_on(async {
        let warehouse = deskmeter_pipeline::open_warehouse(&desk.pipeline, &desk.context).await.unwrap();
        let rows = warehouse.query("select ticket_id from tickets").await.unwrap();
        let batches: Vec<_> = rows.try_collect().await.unwrap();
        batches.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>()
    });
    assert_eq!(count, tickets);
}

/// Everything that a run may ask, with the parameters that it may say.
const ALLOWED: [(&str, &[&str]); 5] = [
    ("/api/v2/incremental/users/cursor", &["start_time", "cursor", "per_page"]),
    ("/api/v2/incremental/organizations", &["start_time", "per_page"]),
    (
        "/api/v2/incremental/tickets/cursor",
        &["start_time", "cursor", "include", "support_type_scope", "per_page"],
    ),
    ("/api/v2/incremental/ticket_events", &["start_time", "support_type_scope", "per_page"]),
    ("/api/v2/incremental/ticket_metric_events", &["start_time"]),
];

#[test]
fn a_run_asks_for_pages_and_for_nothing_else() {
    let mut desk = Inside::new(world(2_400, 62), None);
    desk.pipeline.sync.buffer_bytes = 64 << 20;
    for days in [180, 0] {
        desk.visit(days);
        let before = desk.simulator().requests().len();
        let context = desk.now();
        let options = SyncOptions::default();
        let synced = desk.heard(deskmeter_pipeline::sync(&desk.pipeline, &context, &options));
        let report = desk.tell(synced).unwrap();
        let requests = desk.simulator().requests().split_off(before);
        for request in &requests {
            let allowed = ALLOWED.iter().find(|(path, _)| *path == request.path);
            let (_, keys) = allowed.unwrap_or_else(|| panic!("{} {}", request.method, request.path));
            assert_eq!((request.method.as_str(), request.status), ("GET", 200), "{request:?}");
            assert!(request.query_keys.iter().all(|key| keys.contains(&key.as_str())), "{request:?}");
            assert!(request.includes.iter().all(|include| include == "metric_sets"), "{request:?}");
            assert!(!request.forbidden, "{request:?}");
        }
        let changed = report.streams["tickets"].rows_read;
        eprintln!("{changed} changed tickets, {} requests", requests.len());
        assert!(changed > 1_000, "{changed}");
        for (path, name) in ALLOWED.map(|(path, _)| path).into_iter().zip([
            "users",
            "organizations",
            "tickets",
            "ticket_events",
            "ticket_metric_events",
        ]) {
            let pages = report.streams[name].rows_read.div_ceil(1_000).max(1);
            let asked = requests.iter().filter(|request| request.path == path).count() as u64;
            assert!(asked <= pages + 1, "{name}: {asked} requests for {pages} pages of rows");
        }
    }
}
