//! A desk: a simulated account, a folder with lake and state, a clock that is set.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deskmeter_pipeline::{
    ConnectReport, ConnectionStatus, Context, Error, Event, Observer, PipelineFile, SyncOptions, SyncReport,
};
use deskmeter_simulator::{Options, RateLimit, Running, World, WorldOptions};
use deskmeter_zendesk::UnixSeconds;
use tempfile::TempDir;
use tokio::sync::Notify;

/// End of every generated world: 2026-11-01T00:00:00Z.
pub(crate) const END: i64 = 1_793_491_200;
/// Base64 of 32 bytes, and of 32 others.
pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub(crate) const OTHER_KEY: &str = "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=";

pub(crate) struct Desk {
    pub(crate) simulator: Running,
    pub(crate) dir: TempDir,
    pub(crate) base_url: String,
    clock: Arc<AtomicI64>,
    variables: Arc<Mutex<BTreeMap<String, String>>>,
    /// Further lines of the pipeline file's first section.
    pub(crate) more_of_connection: String,
    /// Further sections of the pipeline file.
    pub(crate) more: String,
}

/// An account of an admin and these tickets, each as JSON.
pub(crate) fn account_of(tickets: impl Iterator<Item = String>) -> World {
    let folder = tempfile::tempdir().unwrap();
    let users = r#"{"users":[{"id":1,"role":"admin","updated_at":"2026-01-01T00:00:00Z"}]}"#;
    std::fs::write(folder.path().join("users.json"), users).unwrap();
    let tickets = tickets.collect::<Vec<_>>().join(",");
    std::fs::write(folder.path().join("tickets.json"), format!("{{\"tickets\":[{tickets}]}}")).unwrap();
    World::load(folder.path()).unwrap()
}

/// A ticket as JSON, whose newest version is of this second; `created_at` is a JSON value.
pub(crate) fn ticket(id: usize, created_at: &str, generated_at: i64) -> String {
    format!(
        "{{\"id\":{id},\"status\":\"open\",\"created_at\":{created_at},\
         \"updated_at\":\"2026-10-31T00:00:00Z\",\"generated_timestamp\":{generated_at}}}"
    )
}

/// A time at which tickets are created.
pub(crate) const CREATED_AT: &str = "\"2026-01-01T00:00:00Z\"";

pub(crate) fn world(tickets: u32, seed: u64) -> World {
    World::generate(&WorldOptions { tickets, seed, end: END, months: 3 })
}

impl Desk {
    pub(crate) async fn new(world: World, change: impl FnOnce(&mut Options)) -> Self {
        // An hour after the last event.
        let clock = Arc::new(AtomicI64::new(END + 3_600));
        let shown = Arc::clone(&clock);
        let mut options = Options::new(Arc::new(move || shown.load(Ordering::SeqCst)));
        options.rate_limit = RateLimit::PerMinute(1_000_000);
        change(&mut options);
        let simulator = deskmeter_simulator::start(world, options).await.unwrap();
        let variables = BTreeMap::from([("KEY".to_owned(), KEY.to_owned())]);
        Self {
            base_url: simulator.base_url().to_owned(),
            simulator,
            dir: TempDir::new().unwrap(),
            clock,
            variables: Arc::new(Mutex::new(variables)),
            more_of_connection: String::new(),
            more: String::new(),
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub(crate) fn set_clock(&self, now: i64) {
        self.clock.store(now, Ordering::SeqCst);
    }

    pub(crate) fn set(&self, name: &str, value: &str) {
        self.variables.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    /// The pipeline file.
    pub(crate) fn text(&self) -> String {
        format!(
            "[connection]\nname = \"acme\"\nbase_url = \"{}\"\nclient_id = \"deskmeter\"\nquota_percent = 100\n{}\
             [lake]\nurl = \"lake\"\n[state]\nurl = \"state\"\nkey_env = \"KEY\"\n{}",
            self.base_url, self.more_of_connection, self.more
        )
    }

    pub(crate) fn pipeline(&self) -> PipelineFile {
        std::fs::create_dir_all(self.dir.path().join("state")).unwrap();
        PipelineFile::parse(&self.text(), self.dir.path()).unwrap()
    }

    /// A context of a command that starts now. `ahead` is how far its clock is ahead of the account's.
    pub(crate) fn context_ahead(&self, ahead: i64) -> Context {
        let (clock, variables) = (Arc::clone(&self.clock), Arc::clone(&self.variables));
        Context::new(
            Arc::new(move || UnixSeconds(clock.load(Ordering::SeqCst) + ahead)),
            Arc::new(move |name| variables.lock().unwrap().get(name).cloned()),
        )
    }

    pub(crate) fn context(&self) -> Context {
        self.context_ahead(0)
    }

    /// Connects with a person who presses this button.
    pub(crate) async fn answer(&self, decision: &'static str) -> Result<ConnectReport, Error> {
        let mut person = None;
        let show = |url: &str| person = Some(tokio::spawn(press(url.to_owned(), decision)));
        let pipeline = self.pipeline();
        let connected =
            deskmeter_pipeline::connect(&pipeline, &self.context(), Duration::from_mins(5), show).await;
        if let Some(person) = person {
            person.await.unwrap();
        }
        connected
    }

    pub(crate) async fn connected(self) -> Self {
        self.answer("allow").await.unwrap();
        self
    }

    pub(crate) async fn sync(&self) -> Result<SyncReport, Error> {
        deskmeter_pipeline::sync(&self.pipeline(), &self.context(), &SyncOptions::default()).await
    }

    /// Reads everything that is new and dies before the marts: what a test of the collected rows needs, and no more.
    /// Gives rows and pages by stream. The clock goes on until the dead run's lease is over.
    pub(crate) async fn read(&self) -> Result<BTreeMap<&'static str, (u64, u64)>, Error> {
        let watcher = Arc::new(Watcher::default());
        let context = self.context().observed_by(Arc::clone(&watcher) as Arc<dyn Observer>);
        self.read_as(&context, &watcher).await?;
        Ok(watcher.pages())
    }

    /// The same with this context, whose observer is the watcher.
    pub(crate) async fn read_as(&self, context: &Context, watcher: &Watcher) -> Result<(), Error> {
        let (pipeline, options) = (self.pipeline(), SyncOptions::default());
        tokio::select! {
            done = deskmeter_pipeline::sync(&pipeline, context, &options) => done.map(|_| ()),
            () = watcher.refreshing.notified() => {
                self.set_clock(self.now() + 121);
                Ok(())
            }
        }
    }

    pub(crate) async fn status(&self) -> ConnectionStatus {
        deskmeter_pipeline::status(&self.pipeline(), &self.context()).await.unwrap()
    }

    /// The one number of a query.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let (_, batches) = deskmeter_pipeline::query(&self.pipeline(), &self.context(), sql).await.unwrap();
        let column = arrow::compute::cast(batches[0].column(0), &arrow::datatypes::DataType::Int64).unwrap();
        arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(&column).value(0)
    }

    /// Requests to the exports so far.
    pub(crate) fn exports(&self) -> usize {
        self.simulator.requests().iter().filter(|request| request.path.contains("/incremental/")).count()
    }

    /// Files below a folder of the desk.
    pub(crate) fn files(&self, folder: &str) -> usize {
        count(&self.dir.path().join(folder))
    }
}

/// Watches a run until its marts.
#[derive(Default)]
pub(crate) struct Watcher {
    refreshing: Notify,
    pages: Mutex<BTreeMap<&'static str, (u64, u64)>>,
    /// Seconds that the whole run was said to take still.
    pub(crate) left: Mutex<Vec<u64>>,
}

impl Observer for Watcher {
    fn event(&self, event: &Event) {
        match event {
            Event::Page { stream, rows, .. } => {
                let mut pages = self.pages.lock().unwrap();
                let (all_rows, all_pages) = pages.entry(stream.name()).or_default();
                (*all_rows, *all_pages) = (*all_rows + rows, *all_pages + 1);
            }
            Event::Outlook { run_left: Some(left), .. } => self.left.lock().unwrap().push(left.as_secs()),
            Event::Refreshing => self.refreshing.notify_one(),
            _ => {}
        }
    }
}

impl Watcher {
    pub(crate) fn pages(&self) -> BTreeMap<&'static str, (u64, u64)> {
        self.pages.lock().unwrap().clone()
    }
}

fn count(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap);
    entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
}

/// The chain of causes in one line, with the next step.
pub(crate) fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    format!("{text}; next: {}", error.next_step().unwrap_or_default())
}

async fn press(url: String, decision: &'static str) {
    let browser = reqwest::Client::new();
    browser.get(&url).send().await.unwrap().error_for_status().unwrap();
    browser.post(&url).form(&[("decision", decision)]).send().await.unwrap();
}
