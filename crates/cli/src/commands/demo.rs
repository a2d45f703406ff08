//! `demo`: everything at once, on this machine: a simulated account, the real consent flow, a sync into a local lake,
//! the marts, and the KPI table.

pub(crate) mod kpis;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use deskmeter_pipeline::{Context, PipelineFile, SyncOptions};
use deskmeter_simulator::{Options, RateLimit, Running, World, WorldOptions};
use tokio::task::JoinHandle;

use super::{Usage, println, shell_word, sync};
use crate::args::{DemoArgs, Format, Global};
use crate::exit_code::Exit;
use crate::{clock, env, progress};

/// Months of history of the generated account.
const MONTHS: u32 = 12;
/// Requests a minute that the simulated account allows: as good as no limit.
const RATE_PER_MINUTE: u32 = 1_000_000;
/// Lies in a folder that a demo made and may make anew.
const MARKER: &str = ".deskmeter-demo";
/// Name of the variable that the demo's pipeline file gets its sealing key from.
const KEY_ENV: &str = "DESKMETER_DEMO_KEY";

pub(crate) async fn run(global: &Global, args: &DemoArgs) -> Result<Exit> {
    let now = clock::clock();
    make_folder(&args.dir)?;
    let end = now().0;
    let world =
        World::generate(&WorldOptions { tickets: args.tickets, seed: args.seed, end, months: MONTHS });
    let tenant = world.tenant().to_toml();
    let running = start(world).await?;
    let is_table = global.format == Format::Table;
    let note = |line: &str| if is_table { println(line) } else { Ok(()) };
    note(&format!("A simulated Zendesk with {} tickets listens on {}.", args.tickets, running.base_url()))?;

    let file = args.dir.join("deskmeter.toml");
    let text = pipeline_toml(running.base_url(), &tenant);
    fs::write(&file, &text).with_context(|| format!("write {}", file.display()))?;
    let pipeline = super::read(&file)?;
    let context = context();
    connect(&pipeline, &context).await?;
    note("Connected by OAuth: tickets:read users:read organizations:read, nothing else.")?;

    let context = context.observed_by(progress::observer(global));
    let report = deskmeter_pipeline::sync(&pipeline, &context, &SyncOptions::default()).await?;
    running.stop().await;
    note(&sync::summary(&report))?;
    kpis::print(&pipeline, &context, global.format, None).await?;
    note(&what_next(&args.dir, &file))?;
    Ok(Exit::Ok)
}

/// An empty folder, an earlier demo's removed; a folder of someone else's is refused.
fn make_folder(dir: &Path) -> Result<()> {
    if dir.exists() {
        let is_empty = fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none());
        if !is_empty && !dir.join(MARKER).exists() {
            let what = format!("{} is not a demo's folder: name another with --dir", dir.display());
            return Err(Usage(what).into());
        }
        fs::remove_dir_all(dir).with_context(|| format!("remove {}", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
    fs::write(dir.join(MARKER), "made by `deskmeter demo`, which removes this folder when it runs again\n")
        .with_context(|| format!("write into {}", dir.display()))
}

async fn start(world: World) -> Result<Running> {
    let now = clock::clock();
    let mut options = Options::new(Arc::new(move || now().0));
    // Announced, so that the client does not keep to the documented ten requests a minute.
    options.rate_limit = RateLimit::PerMinute(RATE_PER_MINUTE);
    Ok(deskmeter_simulator::start(world, options).await?)
}

fn pipeline_toml(base_url: &str, tenant: &str) -> String {
    format!(
        "# Written by `deskmeter demo`. The simulated account is gone when the demo ends; the lake stays.\n\
         [connection]\nname = \"demo\"\nbase_url = \"{base_url}\"\nclient_id = \"deskmeter\"\nquota_percent = 100\n\n\
         [lake]\nurl = \"lake\"\n\n[state]\nurl = \"state\"\nkey_env = \"{KEY_ENV}\"\n\n{tenant}"
    )
}

/// The real environment, with a sealing key that lives as long as this process.
fn context() -> Context {
    let key = rand::random::<[u64; 4]>().map(|part| format!("{part:016x}")).concat();
    let own: HashMap<String, String> = [(KEY_ENV.to_owned(), key)].into();
    let real = env::environment();
    Context::new(clock::clock(), Arc::new(move |name| own.get(name).cloned().or_else(|| real(name))))
}

/// The consent flow, with someone who presses Allow.
async fn connect(pipeline: &PipelineFile, context: &Context) -> Result<()> {
    let mut person: Option<JoinHandle<Result<()>>> = None;
    let press = |url: &str| person = Some(tokio::spawn(allow(url.to_owned())));
    deskmeter_pipeline::connect(pipeline, context, Duration::from_secs(30), press).await?;
    if let Some(person) = person {
        person.await.context("press Allow")??;
    }
    Ok(())
}

/// What a person does in the browser: looks at the consent page, presses Allow, is sent back to the callback.
async fn allow(url: String) -> Result<()> {
    let browser = reqwest::Client::new();
    browser.get(&url).send().await.context("open the consent page")?.error_for_status()?;
    let back = browser.post(&url).form(&[("decision", "allow")]).send().await.context("press Allow")?;
    back.error_for_status()?;
    Ok(())
}

fn what_next(dir: &Path, file: &Path) -> String {
    let (lake, file) = (dir.join("lake").join("demo"), shell_word(file));
    format!(
        "\nThe Parquet lies in {}: Delta tables that any Delta reader opens.\nTry next:\n  \
         deskmeter serve -p {file} --open    charts in your browser\n  \
         deskmeter query -p {file} \"select * from ticket_metrics limit 5\"\n  \
         deskmeter metrics list -p {file}\n  deskmeter metrics show sla_targets -p {file}\n  \
         deskmeter privacy ledger -p {file}\n(From the source tree: cargo run -- query -p {file} …)",
        lake.display()
    )
}
