//! A console on a free port, a visitor with a cookie, and a simulated account.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deskmeter_pipeline::{Context, PipelineFile};
use deskmeter_server::{Limits, Password, ServeOptions};
use deskmeter_simulator::{Options, RateLimit, Running, World, WorldOptions};
use deskmeter_zendesk::UnixSeconds;
use reqwest::header::{COOKIE, HOST, HeaderMap, HeaderName, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The time in which all tests live: 2026-11-22 12:00 UTC.
pub(crate) const NOW: i64 = 1_795_348_800;
pub(crate) const PASSWORD: &str = "correct horse battery";
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A console that is served until it is stopped.
pub(crate) struct Console {
    pub(crate) base: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), deskmeter_server::Error>>,
    dir: TempDir,
    pub(crate) pipeline: PipelineFile,
}

pub(crate) fn context() -> Context {
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let environment = |name: &str| (name == "DESKMETER_KEY").then(|| key.to_owned());
    Context::new(Arc::new(|| UnixSeconds(NOW)), Arc::new(environment))
}

pub(crate) fn pipeline(dir: &Path, account: &str, rest: &str) -> PipelineFile {
    let text = format!(
        "[connection]\nname = \"acme\"\nbase_url = \"{account}\"\nclient_id = \"deskmeter\"\nquota_percent = 100\n\
         [lake]\nurl = \"lake\"\n[state]\nurl = \"state\"\nkey_env = \"DESKMETER_KEY\"\n{rest}"
    );
    PipelineFile::parse(&text, dir).unwrap()
}

impl Console {
    /// A console for an account that does not answer.
    pub(crate) async fn lonely(password: Option<&str>) -> Self {
        Self::of("http://127.0.0.1:9", "", password).await
    }

    /// A console for the account at this address.
    pub(crate) async fn of(account: &str, rest: &str, password: Option<&str>) -> Self {
        let dir = TempDir::new().unwrap();
        let pipeline = pipeline(dir.path(), account, rest);
        Self::start(dir, pipeline, password).await
    }

    /// A console with a password behind a proxy.
    pub(crate) async fn behind_a_proxy() -> Self {
        let dir = TempDir::new().unwrap();
        let pipeline = pipeline(dir.path(), "http://127.0.0.1:9", "");
        Self::serve(dir, pipeline, |options| {
            options.password = Some(Password::from_plain(PASSWORD).unwrap());
            options.public_url = Some("https://desk.example".parse().unwrap());
        })
        .await
    }

    /// A console that waits for a slow sender hardly at all.
    pub(crate) async fn impatient() -> Self {
        let dir = TempDir::new().unwrap();
        let pipeline = pipeline(dir.path(), "http://127.0.0.1:9", "");
        let short = Duration::from_millis(50);
        Self::serve(dir, pipeline, |options| options.limits = Limits { head: short, body: short }).await
    }

    /// A console for two accounts that do not answer.
    pub(crate) async fn of_two() -> Self {
        let dir = TempDir::new().unwrap();
        let acme = pipeline(dir.path(), "http://127.0.0.1:9", "");
        let mut beta = acme.clone();
        beta.connection.name = "beta".into();
        let path = dir.path().join("beta.toml");
        Self::serve(dir, acme, |options| options.pipelines.push((path, beta))).await
    }

    async fn start(dir: TempDir, pipeline: PipelineFile, password: Option<&str>) -> Self {
        let password = password.map(|password| Password::from_plain(password).unwrap());
        Self::serve(dir, pipeline, |options| options.password = password).await
    }

    async fn serve(dir: TempDir, pipeline: PipelineFile, change: impl FnOnce(&mut ServeOptions)) -> Self {
        let mut options =
            ServeOptions::new(vec![(dir.path().join("acme.toml"), pipeline.clone())], context());
        options.bind.set_port(0);
        change(&mut options);
        let (stop, stopped) = oneshot::channel::<()>();
        let (started, address) = oneshot::channel();
        let served = tokio::spawn(deskmeter_server::serve(
            options,
            move |serving| started.send(serving.address).unwrap(),
            async move { drop(stopped.await) },
        ));
        let base = format!("http://{}", address.await.unwrap());
        Self { base, stop, served, dir, pipeline }
    }

    /// Stops it; whatever was under way must have ended.
    pub(crate) async fn stop(self) {
        self.end().await;
    }

    /// Stops it and starts another one over the same files.
    pub(crate) async fn restart(self) -> Self {
        let pipeline = self.pipeline.clone();
        Self::start(self.end().await, pipeline, None).await
    }

    async fn end(self) -> TempDir {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
        self.dir
    }

    pub(crate) fn visitor(&self) -> Visitor {
        self.visitor_by(HeaderMap::new())
    }

    /// A visitor for whom a proxy asks, which sends this as `X-Forwarded-For`.
    pub(crate) fn visitor_for(&self, forwarded: &str) -> Visitor {
        self.visitor_by(HeaderMap::from_iter([(FORWARDED_FOR, forwarded.parse().unwrap())]))
    }

    fn visitor_by(&self, headers: HeaderMap) -> Visitor {
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Visitor { http, base: self.base.clone(), cookie: String::new() }
    }
}

/// A browser without a script: keeps a cookie and reads forms' tokens out of pages.
pub(crate) struct Visitor {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) cookie: String,
}

impl Visitor {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).header(COOKIE, &self.cookie)
    }

    pub(crate) async fn get(&mut self, path: &str) -> Response {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        self.keep(&answer);
        answer
    }

    pub(crate) async fn page(&mut self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    /// Sends the form that stands on the page, with these fields.
    pub(crate) async fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Response {
        let token = token(&self.page(page).await);
        let mut fields = fields.to_vec();
        fields.push(("token", &token));
        let answer = self.request(Method::POST, action).form(&fields).send().await.unwrap();
        self.keep(&answer);
        answer
    }

    /// How the console answers when the visitor tries to sign in by this password.
    pub(crate) async fn signs_in(&mut self, password: &str) -> Response {
        self.submit("/login", "/login", &[("password", password)]).await
    }

    pub(crate) async fn with_host(&self, host: &str) -> Response {
        self.request(Method::GET, "/integrations").header(HOST, host).send().await.unwrap()
    }

    fn keep(&mut self, answer: &Response) {
        if let Some(cookie) = answer.headers().get(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
            cookie.split(';').next().unwrap().clone_into(&mut self.cookie);
        }
    }
}

/// The token of the page's forms.
pub(crate) fn token(page: &str) -> String {
    let rest = page.split("name=\"token\" value=\"").nth(1).expect("a form");
    rest.split('"').next().unwrap().to_owned()
}

/// A simulated account with this many tickets, and the lines about it for the pipeline file.
pub(crate) async fn account(tickets: u32, rate: u32) -> (Running, String) {
    let world = World::generate(&WorldOptions { tickets, seed: 7, end: NOW, months: 6 });
    let rest = world.tenant().to_toml();
    let mut options = Options::new(Arc::new(|| NOW));
    options.rate_limit = RateLimit::PerMinute(rate);
    (deskmeter_simulator::start(world, options).await.unwrap(), rest)
}

/// A mart of the operator's own.
pub(crate) fn own_mart(folder: &Path) {
    let folder = folder.join("models/marts");
    std::fs::create_dir_all(&folder).unwrap();
    let sql = "select\n    group_id,\n    count(*) as n_tickets\nfrom ticket_metrics\ngroup by group_id\n";
    std::fs::write(folder.join("group_sizes.sql"), sql).unwrap();
    let toml = "about = \"How many tickets each group has.\"\ngrain = \"group\"\nkey = [\"group_id\"]\n\
                columns = [{ name = \"group_id\", about = \"Group.\", null = \"No group.\" }, \
                { name = \"n_tickets\", unit = \"tickets\", about = \"Tickets.\", min = 1 }]\n";
    std::fs::write(folder.join("group_sizes.toml"), toml).unwrap();
}
