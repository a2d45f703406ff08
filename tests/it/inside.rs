//! The pipeline in this process: connect and sync without a binary, with time as a value and faults from outside.
//!
//! Three clocks are kept apart. The account's stands still during a visit, so that every run of it sees the same
//! desk. Ours moves on with each look, as a run's does. The timer, on which the governor and the pauses before a
//! repeat wait, jumps to whatever is waited for.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use deskmeter_connections::{ConnectionName, ConnectionRecord, SealingKey, Vault};
use deskmeter_pipeline::{Context, Error, PipelineFile, SyncOptions, SyncReport, Timer};
use deskmeter_simulator::{Fault, Options, RateLimit, Running, World, WorldOptions};
use deskmeter_zendesk::{PageSize, UnixSeconds};
use futures::TryStreamExt;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::Instant;
use tracing_subscriber::util::SubscriberInitExt;

use crate::support::{END, KEY};

/// Days before the end of the history at which the account is visited, unless a test says otherwise.
pub(crate) const VISITS: [i64; 3] = [200, 40, 0];

/// Share of the rows that come in an odd shape.
pub(crate) const ODDITY_PERCENT: u8 = 8;

/// Rows of a page: small, so that a small world has many pages.
const PAGE_ROWS: u16 = 100;

/// Environment variable of a longer run of a test, as a number.
pub(crate) fn asked_for(variable: &str, unless_told: usize) -> usize {
    #[expect(clippy::disallowed_methods, reason = "a switch of the test run")]
    let told = std::env::var(variable).ok();
    told.map_or(unless_told, |text| text.parse().unwrap())
}

/// The dice of a test: the same seed gives the same throws.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// The clocks of a test.
pub(crate) struct Time {
    account: AtomicI64,
    ours: AtomicI64,
    timer: Mutex<Instant>,
}

impl Time {
    pub(crate) fn at(seconds: i64) -> Arc<Self> {
        let timer = Mutex::new(Instant::now());
        Arc::new(Self { account: AtomicI64::new(seconds), ours: AtomicI64::new(seconds), timer })
    }

    /// Sets the account's clock; ours is never behind it.
    pub(crate) fn visit(&self, seconds: i64) {
        self.account.store(seconds, Ordering::SeqCst);
        self.ours.fetch_max(seconds, Ordering::SeqCst);
    }

    /// Lets time pass here, and not at the account: until a dead run's lease has ended, for example.
    pub(crate) fn pass(&self, seconds: i64) {
        self.ours.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Our time, a second later at each look.
    pub(crate) fn ours(&self) -> i64 {
        self.ours.fetch_add(1, Ordering::SeqCst)
    }
}

/// One call waits at a time: nobody is passed by when the clock jumps.
#[async_trait::async_trait]
impl Timer for Time {
    fn now(&self) -> Instant {
        *self.timer.lock().unwrap()
    }

    async fn sleep_until(&self, deadline: Instant) {
        {
            let mut now = self.timer.lock().unwrap();
            *now = deadline.max(*now);
        }
        tokio::task::yield_now().await;
    }
}

/// Everything that was said in logs and errors.
#[derive(Clone, Default)]
pub(crate) struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    pub(crate) fn say(&self, text: &str) {
        let mut said = self.0.lock().unwrap();
        said.extend_from_slice(text.as_bytes());
        said.push(b'\n');
    }
}

impl Said {
    /// The last lines.
    pub(crate) fn end(&self) -> String {
        let said = self.0.lock().unwrap();
        let lines: Vec<_> = said.rsplit(|byte| *byte == b'\n').take(8).map(String::from_utf8_lossy).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The files of a state in which a connection was made: whoever begins with them has the same pseudonyms.
pub(crate) type StateFiles = Vec<(PathBuf, Vec<u8>)>;

/// A simulated account and a pipeline for it, all in this process.
pub(crate) struct Inside {
    pub(crate) dir: TempDir,
    pub(crate) runtime: Runtime,
    pub(crate) time: Arc<Time>,
    pub(crate) pipeline: PipelineFile,
    pub(crate) context: Context,
    pub(crate) said: Said,
    pub(crate) canaries: Vec<String>,
    simulator: Option<Running>,
}

/// The world of a seed: small, with every oddity.
pub(crate) fn world(tickets: u32, seed: u64) -> World {
    World::generate(&WorldOptions { tickets, seed, end: END, months: 12 })
}

/// The files of the state below a desk's folder.
pub(crate) fn state_of(desk: &Path) -> StateFiles {
    let root = desk.join("state");
    let files = files_below(&root).into_iter();
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        (path.strip_prefix(&root).unwrap().to_path_buf(), bytes)
    };
    files.map(read).collect()
}

/// Puts the state of another connection below a desk's folder, so that both have the same pseudonyms. Its tokens are bound
/// to no address, as an earlier version left them: the other account may not answer any more.
pub(crate) fn put_state(desk: &Path, state: &StateFiles) {
    for (path, bytes) in state {
        let path = desk.join("state").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let url = format!("file://{}", desk.join("state").display());
    let (store, prefix) = deskmeter_lake::object_store(&url, &BTreeMap::new()).unwrap();
    let vault = Vault::new(store, prefix, vec![SealingKey::from_text(KEY).unwrap()]).unwrap();
    let name = ConnectionName::new("acme").unwrap();
    let unbound = async {
        let Some(sealed) = vault.load(&name).await.unwrap() else { return };
        let record = ConnectionRecord { base_url: None, ..sealed.record };
        vault.save(&name, &record, Some(sealed.version)).await.unwrap();
    };
    Runtime::new().unwrap().block_on(unbound);
}

impl Inside {
    /// An account with this world, and a state to begin with, if there is one.
    pub(crate) fn new(world: World, state: Option<&StateFiles>) -> Self {
        let time = Time::at(END - 300 * 86_400);
        Self::with(world, Self::options(&time), time, state)
    }

    /// How an account behaves unless a test says otherwise.
    fn options(time: &Arc<Time>) -> Options {
        let shown = Arc::clone(time);
        let mut options = Options::new(Arc::new(move || shown.account.load(Ordering::SeqCst)));
        options.rate_limit = RateLimit::PerMinute(1_000_000);
        options.oddity_percent = ODDITY_PERCENT;
        options
    }

    /// Puts another account at the same address: it knows none of the tokens that were given, so that the next visit
    /// must connect.
    pub(crate) fn replace_account(&mut self, world: World, change: impl FnOnce(&mut Options)) {
        let address = self.simulator().base_url().to_owned();
        let mut options = Self::options(&self.time);
        options.port = address.rsplit(':').next().unwrap().parse().unwrap();
        change(&mut options);
        if let Some(simulator) = self.simulator.take() {
            self.runtime.block_on(simulator.stop());
        }
        let simulator = self.runtime.block_on(deskmeter_simulator::start(world, options));
        self.simulator = Some(simulator.unwrap());
    }

    /// The same with these options and clocks.
    pub(crate) fn with(world: World, options: Options, time: Arc<Time>, state: Option<&StateFiles>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut canaries = Vec::new();
        world.write_canaries(&mut canaries).unwrap();
        let canaries = String::from_utf8(canaries).unwrap().lines().map(str::to_owned).collect();
        let tenant = world.tenant().to_toml();
        let simulator = runtime.block_on(deskmeter_simulator::start(world, options)).unwrap();
        let dir = TempDir::new().unwrap();
        let text = pipeline_toml(simulator.base_url(), &tenant);
        std::fs::write(dir.path().join("deskmeter.toml"), &text).unwrap();
        if let Some(state) = state {
            put_state(dir.path(), state);
        }
        let mut pipeline = PipelineFile::parse(&text, dir.path()).unwrap();
        // Several commits a stream.
        pipeline.sync.buffer_bytes = 256 * 1024;
        let context = context(&time);
        let said = Said::default();
        Self { dir, runtime, time, pipeline, context, said, canaries, simulator: Some(simulator) }
    }

    /// The running simulator.
    pub(crate) fn simulator(&self) -> &Running {
        self.simulator.as_ref().unwrap()
    }

    /// What goes wrong from now on.
    pub(crate) fn faults(&self, spelled: &[String]) {
        let faults = spelled.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect();
        self.simulator().set_faults(faults);
    }

    /// Does some work with everything that is said written down.
    pub(crate) fn heard<T>(&self, work: impl Future<Output = T>) -> T {
        let said = self.said.clone();
        let crates = ["connections", "extractor", "lake", "loader", "pipeline", "sanitizer", "warehouse"];
        let filter = crates.map(|name| format!(",deskmeter_{name}=trace")).concat();
        let _listening = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::new(format!("error{filter}")))
            .with_ansi(false)
            .with_writer(move || said.clone())
            .set_default();
        self.runtime.block_on(work)
    }

    /// What a command would do now.
    pub(crate) fn now(&self) -> Context {
        Context { started_at: UnixSeconds(self.time.ours()), ..self.context.clone() }
    }

    /// Writes down how a failure would be told.
    pub(crate) fn tell<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result {
            self.said.say(&format!("{error:?}"));
            let mut cause: Option<&dyn std::error::Error> = Some(error);
            while let Some(error) = cause {
                self.said.say(&error.to_string());
                cause = error.source();
            }
        }
        result
    }

    /// Connects, with a person who presses Allow.
    pub(crate) fn connect(&self) -> Result<(), Error> {
        let context = self.now();
        let connected = self.heard(async {
            let back_to = "http://127.0.0.1:9/callback";
            let (url, pending) = deskmeter_pipeline::begin_authorization(&self.pipeline, &context, back_to)?;
            let browser =
                reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
            let back = browser.post(&url).form(&[("decision", "allow")]).send().await.unwrap();
            let back = url::Url::parse(back.headers()["location"].to_str().unwrap()).unwrap();
            let value = |name: &str| back.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
            let (code, state) = (value("code"), value("state"));
            pending.complete(&self.pipeline, &context, &code, &state).await.map(drop)
        });
        self.tell(connected)
    }

    /// One run, in small pages.
    pub(crate) fn sync(&self) -> Result<SyncReport, Error> {
        let options = SyncOptions { page_size: PageSize::new(PAGE_ROWS), ..SyncOptions::default() };
        let context = self.now();
        let synced = self.heard(deskmeter_pipeline::sync(&self.pipeline, &context, &options));
        self.tell(synced)
    }

    /// One run; whether it read everything, or else the exit code it ends with (0 when a stream was refused).
    pub(crate) fn run(&self) -> Result<(), u8> {
        match self.sync() {
            Ok(report) => {
                let is_whole = report.streams.values().all(|stream| stream.capability_text() == "available");
                if is_whole { Ok(()) } else { Err(0) }
            }
            Err(error) => Err(error.kind().exit_code()),
        }
    }

    /// Comes to the account so many days before its history ends, and connects anew: tokens do not live that long.
    pub(crate) fn visit(&self, days_before_end: i64) {
        self.time.visit(END + 3_600 - days_before_end * 86_400);
        self.faults(&[]);
        self.connect().unwrap();
    }

    /// How the connection stands.
    pub(crate) fn status(&self) -> Result<deskmeter_pipeline::ConnectionStatus, Error> {
        let context = self.now();
        self.tell(self.heard(deskmeter_pipeline::status(&self.pipeline, &context)))
    }

    /// The state's files, for others to begin with.
    pub(crate) fn state(&self) -> StateFiles {
        state_of(self.dir.path())
    }

    /// What the lake holds, its marts made anew from all rows: how much of them each run had to make differs.
    pub(crate) fn contents(&self) -> Contents {
        let (options, context) =
            (SyncOptions { is_full_refresh: true, ..SyncOptions::default() }, self.now());
        self.tell(self.heard(deskmeter_pipeline::sync(&self.pipeline, &context, &options))).unwrap();
        self.runtime.block_on(contents(&self.pipeline, &self.context))
    }

    /// Searches every stored byte of lake and state, every log line and every error for what was planted.
    pub(crate) fn assert_nothing_leaked(&self) {
        let said = self.dir.path().join("said.log");
        std::fs::write(&said, &*self.said.0.lock().unwrap()).unwrap();
        let files = vec![said, self.dir.path().join("state")];
        let audited = deskmeter_pipeline::audit_privacy(
            &self.pipeline,
            &self.context,
            Some(self.canaries.clone()),
            files,
        );
        let report = self.runtime.block_on(audited).unwrap();
        let (marks, objects) = (self.canaries.len(), report.objects);
        assert!(marks > 100 && objects > 20, "{marks} marks looked for in {objects} objects");
        // Half a file that a storage tore cannot be read row by row: that is told until housekeeping has swept it.
        let is_torn = |place: &str, rule: &str| {
            let (_, staged) = place.rsplit_once('/').unwrap_or_default();
            staged.contains('#') && rule == "unreadable"
        };
        let findings = report.findings.iter();
        let found: Vec<_> =
            findings.filter(|found| !is_torn(&found.place.object, &found.rule.to_string())).collect();
        assert!(found.is_empty(), "{found:#?}");
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(simulator) = self.simulator.take() {
            self.runtime.block_on(simulator.stop());
        }
    }
}

/// A context on these clocks, with the test's sealing key.
pub(crate) fn context(time: &Arc<Time>) -> Context {
    let clock = time.clone();
    let environment = |name: &str| (name == "DESKMETER_KEY").then(|| KEY.to_owned());
    let mut context = Context::new(Arc::new(move || UnixSeconds(clock.ours())), Arc::new(environment));
    context.timer = time.clone();
    context
}

fn pipeline_toml(base_url: &str, tenant: &str) -> String {
    format!(
        "[connection]\nname = \"acme\"\nbase_url = \"{base_url}\"\nclient_id = \"deskmeter\"\n\
         quota_percent = 100\n[lake]\nurl = \"lake\"\n[state]\nurl = \"state\"\nkey_env = \"DESKMETER_KEY\"\n\
         [sync]\nretries_max = 4\n{tenant}"
    )
}

/// Every file below a folder; none when there is no folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// Everything a lake says: the rows of every collected table and mart, sorted, and the position of every stream. Only
/// the privacy ledger is left out, whole: it counts what each run saw and dropped, and runs differ.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    rows: BTreeMap<String, Vec<String>>,
    positions: BTreeMap<String, String>,
}

/// The contents of a pipeline's lake.
pub(crate) async fn contents(pipeline: &PipelineFile, context: &Context) -> Contents {
    let warehouse = deskmeter_pipeline::open_warehouse(pipeline, context).await.unwrap();
    let lake = deskmeter_pipeline::open_lake(pipeline, context).unwrap();
    let collected = deskmeter_tables::ALL.iter().map(|table| table.name);
    let names = collected.chain(warehouse.catalogue().marts().map(|mart| mart.name.as_str()));
    let mut found = Contents { rows: BTreeMap::new(), positions: BTreeMap::new() };
    for name in names.filter(|name| *name != "privacy_ledger") {
        let rows = warehouse.query(&format!("select * from {name}")).await.unwrap();
        let batches: Vec<_> = rows.try_collect().await.unwrap();
        let mut texts = Vec::new();
        for batch in &batches {
            let options = FormatOptions::default().with_null("-");
            let columns: Vec<_> = batch
                .columns()
                .iter()
                .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
                .collect();
            let row =
                |row: usize| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>();
            texts.extend((0..batch.num_rows()).map(|number| row(number).join("|")));
        }
        texts.sort_unstable();
        found.rows.insert(name.to_owned(), texts);
        let Some(table) = lake.table(name).await.unwrap() else { continue };
        let snapshot = table.snapshot().unwrap();
        if let Some(position) = snapshot.metadata().configuration().get("deskmeter.position") {
            found.positions.insert(name.to_owned(), position.clone());
        }
    }
    found
}

impl Contents {
    /// Rows of each table.
    pub(crate) fn counts(&self) -> BTreeMap<&str, usize> {
        self.rows.iter().map(|(table, rows)| (table.as_str(), rows.len())).collect()
    }

    /// Fails the test unless `found` holds the same, row by row.
    pub(crate) fn assert_same(&self, found: &Self, what: &str) {
        for (table, expected) in &self.rows {
            let rows = found.rows.get(table).unwrap_or_else(|| panic!("{what}: {table} is missing"));
            let lost: Vec<_> = minus(expected, rows);
            let extra: Vec<_> = minus(rows, expected);
            let show = |rows: &[&String]| {
                rows.iter().take(2).map(|row| row.as_str()).collect::<Vec<_>>().join("\n    ")
            };
            assert!(
                lost.is_empty() && extra.is_empty(),
                "{what}: {table} has {} rows, expected {}\n  {} lost:\n    {}\n  {} extra:\n    {}",
                rows.len(),
                expected.len(),
                lost.len(),
                show(&lost),
                extra.len(),
                show(&extra)
            );
        }
        for (table, position) in &self.positions {
            let (expected, reached) = (reached(position), reached(&found.positions[table]));
            // A run that meets only the last second again ends behind it, as Zendesk's own `end_time` does.
            let is_behind_it = expected.0.is_empty() && (expected.1 - reached.1).abs() == 1;
            assert!(
                expected == reached || is_behind_it,
                "{what}: {table} is at {reached:?}, not {expected:?}"
            );
        }
        assert!(
            self.positions.len() == 5 && self.rows["tickets"].len() > 20,
            "{what}: something was compared"
        );
    }
}

/// The cursor of a position, if it is one, and the second that it stands for.
fn reached(position: &str) -> (String, i64) {
    let position: serde_json::Value = serde_json::from_str(position).unwrap();
    let second = position.pointer("/time/start_time").or(position.pointer("/cursor/newest")).unwrap();
    let cursor = position.pointer("/cursor/cursor").and_then(serde_json::Value::as_str).unwrap_or_default();
    (cursor.to_owned(), second.as_i64().unwrap())
}

/// The rows that `others` lack, each as often as it is lacking. Both are sorted.
fn minus<'a>(rows: &'a [String], others: &[String]) -> Vec<&'a String> {
    let mut others = others.iter().peekable();
    let mut left = Vec::new();
    for row in rows {
        while others.next_if(|other| *other < row).is_some() {}
        if others.next_if(|other| *other == row).is_none() {
            left.push(row);
        }
    }
    left
}

/// A reference: the contents after fault-free visits, and the state that all comparable runs begin with.
pub(crate) struct Reference {
    tickets: u32,
    seed: u64,
    pub(crate) state: StateFiles,
    pub(crate) contents: Contents,
}

impl Reference {
    pub(crate) fn new(tickets: u32, seed: u64, visits: &[i64]) -> Self {
        let inside = Inside::new(world(tickets, seed), None);
        inside.connect().unwrap();
        let state = inside.state();
        for days in visits {
            inside.visit(*days);
            inside.run().unwrap();
        }
        Self { tickets, seed, state, contents: inside.contents() }
    }

    /// The same account once more, with the same pseudonyms and nothing read yet.
    pub(crate) fn again(&self) -> Inside {
        Inside::new(self.world(), Some(&self.state))
    }

    /// The world of the account.
    pub(crate) fn world(&self) -> World {
        world(self.tickets, self.seed)
    }
}
