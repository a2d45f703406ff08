//! Validation: tries everything that a pipeline file names, changes nothing, and tells all that is wrong at once.

use std::path::Path as FilePath;

use deskmeter_publisher::PublishOptions;
use deskmeter_warehouse::{MemoryTables, RefreshScope};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt as _, PutMode};
use serde::Serialize;
use url::Url;

use crate::connect::client;
use crate::error::{Error, ErrorKind};
use crate::open::{client_secret, new_warehouse, of_fetch, of_warehouse, sealing_keys, whole_lake};
use crate::publish::{database_url, parse_url};
use crate::state::{State, of_state};
use crate::tokens::VaultTokens;
use crate::{Context, PipelineFile};

/// How far validation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckScope {
    /// The file, the environment and the models: nothing is opened.
    Offline,
    /// The stores, the database and Zendesk too.
    Everything,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What: `lake`, `sealing key`.
    pub subject: String,
    /// Whether it is as it must be.
    pub is_ok: bool,
    /// What was found.
    pub found: String,
    /// What helps, where something is wrong.
    pub next: Option<String>,
}

impl Check {
    /// Something that is right.
    pub fn ok(subject: &str, found: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), is_ok: true, found: found.into(), next: None }
    }

    /// Something that is wrong: an error with its causes in one line.
    pub fn wrong(subject: &str, error: &Error) -> Self {
        let mut found = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            let text = cause.to_string();
            if !found.contains(&text) {
                found = format!("{found}: {text}");
            }
            source = cause.source();
        }
        Self { subject: subject.to_owned(), is_ok: false, found, next: error.next_step().map(str::to_owned) }
    }

    fn of(subject: &str, outcome: Result<String, Error>) -> Self {
        outcome.map_or_else(|error| Self::wrong(subject, &error), |found| Self::ok(subject, found))
    }
}

/// Looks at the text of a pipeline file that lies in `folder` and at all that it names.
pub async fn check(text: &str, folder: &FilePath, context: &Context, scope: CheckScope) -> Vec<Check> {
    let (file, problems) = PipelineFile::read(text, folder);
    let mut checks: Vec<Check> = problems
        .iter()
        .map(|problem| Check {
            subject: problem.at.clone(),
            is_ok: false,
            found: problem.what.clone(),
            next: None,
        })
        .collect();
    if checks.is_empty() {
        checks.push(Check::ok("pipeline file", "every key is known and every value makes sense"));
    }
    let Some(file) = file else { return checks };
    checks.extend(environment(&file, context));
    checks.push(Check::of("models and schedules", models(&file, context).await));
    if scope == CheckScope::Everything {
        checks.push(Check::of("lake", lake(&file, context).await));
        checks.push(Check::of("state", state(&file, context).await));
        checks.push(Check::of("connection", connection(&file, context).await));
        if file.publish.is_some() {
            checks.push(Check::of("publish database", database(&file, context).await));
        }
    }
    checks
}

/// The secrets that the file names.
fn environment(file: &PipelineFile, context: &Context) -> Vec<Check> {
    let key = sealing_keys(file, context).map(|keys| match keys.len() {
        1 => format!("{} holds one", file.state.key_env),
        n => format!("{} holds {n}: the first seals, all open", file.state.key_env),
    });
    let mut checks = vec![Check::of("sealing key", key)];
    if let Some(name) = &file.connection.client_secret_env {
        let secret = client_secret(file, context).map(|_| format!("{name} is set"));
        checks.push(Check::of("client secret", secret));
    }
    if let Some(publish) = &file.publish {
        let url = database_url(file, context).and_then(|url| parse_url(&url));
        checks.push(Check::of("database url", url.map(|_| format!("{} holds one", publish.url_env))));
    }
    checks
}

async fn models(file: &PipelineFile, context: &Context) -> Result<String, Error> {
    if file.start_time() > context.started_at.0 {
        return Err(Error::new(
            ErrorKind::Config,
            "sync.start_date lies in the future: nothing would be read",
        ));
    }
    let mut warehouse = new_warehouse(file)?;
    let fit = if file.warehouse.models_dir.is_some() {
        // Whether an own model can be planned is known when all before it are: they are made of no rows, in memory.
        let mut inside = file.clone();
        "embedded".clone_into(&mut inside.warehouse.engine);
        warehouse = new_warehouse(&inside)?;
        warehouse.open(MemoryTables::default()).await.map_err(of_warehouse)?;
        let made = warehouse.refresh(context.started_at.0, RefreshScope::Full).await;
        made.map_err(of_model)?;
        "fit together and can be made"
    } else {
        "fit together"
    };
    let schedules = match file.schedules.len() {
        0 => "no schedule: business-time columns are NULL".to_owned(),
        n => format!("{n} schedule(s)"),
    };
    Ok(format!("{} models {fit}; {schedules}", warehouse.catalogue().models().len()))
}

/// A model that cannot be made of no rows is one that somebody wrote.
fn of_model(error: deskmeter_warehouse::Error) -> Error {
    if matches!(error, deskmeter_warehouse::Error::Model { .. }) {
        return Error::new(ErrorKind::Config, "make the models of no rows").because(error);
    }
    of_warehouse(error)
}

async fn lake(file: &PipelineFile, context: &Context) -> Result<String, Error> {
    let url = file.lake_url();
    let made = Made::before(&url);
    let outcome = async {
        let lake = whole_lake(file, context)?.connection(&file.connection.name);
        // Beside the connection's folder, in which only tables may lie.
        let mut parts: Vec<_> = lake.prefix().parts().collect();
        parts.pop();
        try_out(lake.store().as_ref(), &parts.into_iter().collect(), context).await
    };
    let outcome = outcome.await.map_err(|error| error.or_next(PLACE_NEXT));
    made.undo();
    outcome
}

async fn state(file: &PipelineFile, context: &Context) -> Result<String, Error> {
    let made = Made::before(&file.state_url());
    let outcome = async {
        let state = State::open(file, context)?;
        try_out(state.store(), state.prefix(), context).await
    };
    let outcome = outcome.await.map_err(|error| error.or_next(PLACE_NEXT));
    made.undo();
    outcome
}

/// What helps when a place cannot be used.
const PLACE_NEXT: &str = "check the URL, the credentials in the environment, and who may write there";

/// Whether objects can be written, found, read, kept from being overwritten, and deleted.
async fn try_out(store: &dyn ObjectStore, prefix: &Path, context: &Context) -> Result<String, Error> {
    let failed = |what: &'static str| {
        move |error: StoreError| {
            Error::new(ErrorKind::Storage, what).because(deskmeter_lake::Cause::of(&error))
        }
    };
    let name = format!("deskmeter-probe-{}-{:016x}", context.started_at.0, rand::random::<u64>());
    let at = prefix.clone().join(name);
    store.put_opts(&at, "1".into(), PutMode::Create.into()).await.map_err(failed("write an object"))?;
    let outcome = try_object(store, &at).await;
    store.delete(&at).await.map_err(failed("delete an object"))?;
    match outcome {
        Ok(true) => Ok("objects can be written, read and deleted; a second writer is refused".to_owned()),
        Ok(false) => Err(Error::new(
            ErrorKind::Storage,
            "write on condition: the store lets a second writer overwrite",
        )
        .next(
            "use a store with conditional puts (If-None-Match): without them two runs could undo each other",
        )),
        Err(error) => Err(failed("read an object back")(error)),
    }
}

/// Whether the store refuses to create what is there.
async fn try_object(store: &dyn ObjectStore, at: &Path) -> Result<bool, StoreError> {
    let second = store.put_opts(at, "2".into(), PutMode::Create.into()).await;
    let is_refused =
        matches!(second, Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }));
    store.get(at).await?.bytes().await?;
    Ok(is_refused)
}

/// A local folder that opening makes: it goes again when it was not there before and is empty.
struct Made(Option<std::path::PathBuf>);

impl Made {
    fn before(url: &str) -> Self {
        let folder = Url::parse(url).ok().filter(|url| url.scheme() == "file");
        Self(folder.and_then(|url| url.to_file_path().ok()).filter(|folder| !folder.exists()))
    }

    fn undo(self) {
        if let Some(folder) = self.0 {
            // What is not empty stays, and says so by staying.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// Whether the key opens what is sealed, and Zendesk takes the token.
async fn connection(file: &PipelineFile, context: &Context) -> Result<String, Error> {
    let made = Made::before(&file.state_url());
    let opened = async {
        let state = State::open(file, context)?;
        let vault = state.vault(sealing_keys(file, context)?)?;
        let loaded = vault.load_for(&state.connection, file.base_url()).await;
        let sealed = loaded.map_err(|error| of_state("open the stored connection", error))?;
        Ok::<_, Error>((state, vault, sealed))
    };
    let opened = opened.await;
    made.undo();
    let (state, vault, sealed) = opened?;
    let Some(sealed) = sealed else { return Ok("not made yet: run `deskmeter connect`".to_owned()) };
    let (client, secret) = (client(file, context)?, client_secret(file, context)?);
    let tokens = VaultTokens::new(vault, state.connection, client.clone(), secret, context, sealed);
    client.me(&tokens).await.map_err(of_fetch)?;
    Ok("the key opens the stored tokens, and Zendesk takes them".to_owned())
}

async fn database(file: &PipelineFile, context: &Context) -> Result<String, Error> {
    let url = parse_url(&database_url(file, context)?)?;
    let options = PublishOptions {
        reader_role: file.publish.as_ref().and_then(|publish| publish.reader_role.clone()),
        ..PublishOptions::new(&file.connection.name, context.started_at.0)
    };
    let checked = deskmeter_publisher::check(&url, &options).await;
    checked.map_err(|error| Error::new(ErrorKind::Storage, "try the database").because(error))?;
    Ok(format!("schema {} is ours or can be made", options.schema))
}
