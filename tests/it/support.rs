//! A desk: a simulated account, a folder with a pipeline file, and the binary.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use deskmeter_simulator::{Options, RateLimit, Running, World, WorldOptions};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// End of every generated world: 2026-11-01T00:00:00Z.
pub(crate) const END: i64 = 1_793_491_200;

/// A sealing key for tests: base64 of 32 bytes.
pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What a run of the binary left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    /// Fails the test unless the command ended well.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

/// The binary in `dir`, without the machine's own configuration: the one that was built with the tests, or for long
/// runs the one that `DESKMETER_BINARY` names.
pub(crate) fn deskmeter(dir: &Path, args: &[&str]) -> Command {
    #[expect(clippy::disallowed_methods, reason = "a switch of the test run")]
    let named = std::env::var_os("DESKMETER_BINARY");
    let mut command = Command::new(named.unwrap_or_else(|| env!("CARGO_BIN_EXE_deskmeter").into()));
    command.current_dir(dir).args(args).env_remove("DESKMETER_PIPELINE").env("DESKMETER_KEY", KEY);
    command
}

/// Runs the binary in `dir`.
pub(crate) fn run(dir: &Path, args: &[&str]) -> Ran {
    deskmeter(dir, args).output().unwrap().into()
}

/// Whether missing parts fail a test. `.ci/run` sets the variable.
pub(crate) fn requires_all() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a switch of the test run")]
    std::env::var_os("DESKMETER_REQUIRE_ALL").is_some()
}

/// The recorded traffic, where it is there; tells that a test is skipped otherwise.
pub(crate) fn payloads(test: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/payloads");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED {test}: no recorded traffic beside the checkout (../shared/payloads)");
    None
}

/// A simulated account that runs for the length of a test, and a folder with a pipeline file for it.
pub(crate) struct Desk {
    pub(crate) dir: TempDir,
    runtime: Runtime,
    simulator: Option<Running>,
    clock: Arc<AtomicI64>,
    /// Environment variables of every run.
    pub(crate) variables: Vec<(String, String)>,
}

impl Desk {
    /// An account with a generated world.
    pub(crate) fn generated(tickets: u32, seed: u64) -> Self {
        Self::new(World::generate(&WorldOptions { tickets, seed, end: END, months: 12 }), |_| {})
    }

    /// An account with this world; `change` sets the simulator's switches.
    pub(crate) fn new(world: World, change: impl FnOnce(&mut Options)) -> Self {
        let runtime = Runtime::new().unwrap();
        // An hour after the last event: time is a value.
        let clock = Arc::new(AtomicI64::new(END + 3_600));
        let schedules = schedules_toml(&world);
        let simulator = serve(&runtime, world, &clock, change);
        let dir = TempDir::new().unwrap();
        let desk = Self { dir, runtime, simulator: Some(simulator), clock, variables: Vec::new() };
        desk.write_pipeline(&schedules);
        desk
    }

    fn write_pipeline(&self, schedules: &str) {
        let text = format!(
            "[connection]\nname = \"acme\"\nbase_url = \"{}\"\nclient_id = \"deskmeter\"\nquota_percent = 100\n\
             [lake]\nurl = \"lake\"\n[state]\nurl = \"state\"\nkey_env = \"DESKMETER_KEY\"\n{schedules}",
            self.simulator().base_url()
        );
        std::fs::write(self.dir.path().join("deskmeter.toml"), text).unwrap();
    }

    /// Adds a section to the pipeline file.
    pub(crate) fn append_to_pipeline(&self, text: &str) {
        let file = self.dir.path().join("deskmeter.toml");
        let before = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, format!("{before}\n{text}")).unwrap();
    }

    /// Sets the account's clock: what happens later is not there yet.
    pub(crate) fn set_clock(&self, now: i64) {
        self.clock.store(now, Ordering::Relaxed);
    }

    /// The running simulator.
    pub(crate) fn simulator(&self) -> &Running {
        self.simulator.as_ref().unwrap()
    }

    /// Puts another account at the same address, which knows none of the tokens that were given.
    pub(crate) fn replace_account(&mut self, world: World, change: impl FnOnce(&mut Options)) {
        let address = self.simulator().base_url().to_owned();
        let port = address.rsplit(':').next().unwrap().parse().unwrap();
        self.stop_simulator();
        let options = |options: &mut Options| {
            options.port = port;
            change(options);
        };
        self.simulator = Some(serve(&self.runtime, world, &self.clock, options));
    }

    /// Stops the simulator, as when the network is gone.
    pub(crate) fn stop_simulator(&mut self) {
        if let Some(simulator) = self.simulator.take() {
            self.runtime.block_on(simulator.stop());
        }
    }

    /// Runs the binary.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// The binary in the desk's folder, with its variables.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = deskmeter(self.dir.path(), args);
        command.envs(self.variables.iter().cloned());
        command
    }

    /// The body of an answer, whatever its status.
    pub(crate) fn http(&self, method: &str, url: &str) -> String {
        let request = reqwest::Client::new().request(method.parse().unwrap(), url);
        self.runtime.block_on(async { request.send().await.unwrap().text().await.unwrap() })
    }

    /// A token of the account for another client, by its secret.
    pub(crate) fn token(&self, client: &str, secret: &str) -> String {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("client_secret", secret),
            ("scope", "tickets:read users:read organizations:read"),
        ];
        let url = format!("{}/oauth/tokens", self.simulator().base_url());
        let answer = self.runtime.block_on(async {
            reqwest::Client::new().post(url).form(&form).send().await.unwrap().json::<Value>().await.unwrap()
        });
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// The body of a page that another client asks for, with patience.
    pub(crate) fn get(&self, url: &str, token: &str) -> String {
        let client = reqwest::Client::new();
        self.runtime.block_on(async {
            let answer = client.get(url).bearer_auth(token).send().await.unwrap();
            assert!(answer.status().is_success(), "{}", answer.status());
            answer.text().await.unwrap()
        })
    }

    /// Connects: runs `connect --no-browser`, reads the URL it prints, and presses Allow or Refuse there.
    pub(crate) fn answer_connect(&self, decision: &str) -> Ran {
        let mut child = self
            .command(&["connect", "--no-browser", "--timeout-secs", "60"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        if let Some(url) = line.trim().strip_prefix("Open this URL to authorize: ") {
            self.runtime.block_on(press(url, decision));
        }
        let mut ran: Ran = child.wait_with_output().unwrap().into();
        std::io::Read::read_to_string(&mut stdout, &mut line).unwrap();
        ran.stdout = line;
        ran
    }

    /// Connects, allowing everything.
    pub(crate) fn connect(&self) {
        self.answer_connect("allow").ok();
    }

    /// Rows of a query.
    pub(crate) fn query(&self, sql: &str) -> Vec<Value> {
        let ran = self.run(&["query", "--format", "json", sql]).ok();
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
    }

    /// The one number of a query.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        let rows = self.query(sql);
        rows[0].as_object().unwrap().values().next().unwrap().as_i64().unwrap()
    }

    /// Every file below the lake, with its size, logs excepted.
    pub(crate) fn data_files(&self) -> Vec<(PathBuf, u64)> {
        let mut found = Vec::new();
        let mut folders = vec![self.dir.path().join("lake")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "parquet")
                    && !path.components().any(|part| part.as_os_str() == "_delta_log")
                {
                    let size = path.metadata().unwrap().len();
                    found.push((path, size));
                }
            }
        }
        found.sort();
        found
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop_simulator();
    }
}

/// An account on the desk's clock, without a limit that anybody reaches.
fn serve(
    runtime: &Runtime,
    world: World,
    clock: &Arc<AtomicI64>,
    change: impl FnOnce(&mut Options),
) -> Running {
    let shown = Arc::clone(clock);
    let mut options = Options::new(Arc::new(move || shown.load(Ordering::Relaxed)));
    options.rate_limit = RateLimit::PerMinute(1_000_000);
    change(&mut options);
    runtime.block_on(deskmeter_simulator::start(world, options)).unwrap()
}

/// What a person does on the consent page: the form's button, then the browser follows to the loopback callback.
async fn press(url: &str, decision: &str) {
    let browser = reqwest::Client::new();
    let page = browser.get(url).send().await.unwrap();
    assert!(page.status().is_success(), "consent page: {}", page.status());
    let back = browser.post(url).form(&[("decision", decision)]).send().await.unwrap();
    assert!(back.status().is_success() || back.status().is_client_error(), "callback: {}", back.status());
}

/// The world's business hours and tiers, as an operator would write them.
fn schedules_toml(world: &World) -> String {
    world.tenant().to_toml()
}
