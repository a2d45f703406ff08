//! `simulate`: a Zendesk to try things on.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, Result};
use deskmeter_simulator::{FAULTS, Fault, Options, RateLimit, ScopeProfile, TokenRole, World, WorldOptions};

use super::{Usage, println};
use crate::args::{RoleArg, ScopeProfileArg, SimulateArgs};
use crate::clock;
use crate::exit_code::Exit;

/// Months of history of a generated account.
const MONTHS: u32 = 12;

pub(crate) async fn run(args: &SimulateArgs) -> Result<Exit> {
    if args.fault.iter().any(|fault| fault == "help") {
        for fault in FAULTS {
            let value = if fault.value.is_empty() { String::new() } else { format!("[={}]", fault.value) };
            println(&format!("{:<24} {}", format!("{}{value}", fault.name), fault.sentence));
        }
        return Ok(Exit::Ok);
    }
    let options = options(args)?;
    let end = (clock::clock())().0;
    let world = match &args.world {
        Some(dir) => World::load(dir).map_err(|error| Usage(error.to_string()))?,
        None => {
            World::generate(&WorldOptions { tickets: args.tickets, seed: args.seed, end, months: MONTHS })
        }
    };
    write(args.truth.as_deref(), |to| Ok(world.write_truth(to)?))?;
    write(args.canaries.as_deref(), |to| Ok(world.write_canaries(to)?))?;
    let running =
        deskmeter_simulator::start(world, options).await.map_err(|error| Usage(error.to_string()))?;
    println(&format!("simulator listening on {}", running.base_url()));
    tokio::signal::ctrl_c().await.context("wait for Ctrl-C")?;
    running.stop().await;
    Ok(Exit::Ok)
}

fn options(args: &SimulateArgs) -> Result<Options> {
    let now = clock::clock();
    let mut options = Options::new(std::sync::Arc::new(move || now().0));
    options.port = args.port;
    options.scope_profile = match args.scope_profile {
        ScopeProfileArg::Lenient => ScopeProfile::Lenient,
        ScopeProfileArg::Strict => ScopeProfile::Strict,
    };
    options.token_role = match args.role {
        RoleArg::Admin => TokenRole::Admin,
        RoleArg::Agent => TokenRole::Agent,
    };
    options.token_life_secs = args.token_life;
    options.rate_limit = match args.rate_limit.as_str() {
        "documented" => RateLimit::Documented,
        "off" => RateLimit::Off,
        number => RateLimit::PerMinute(number.parse().map_err(|_| {
            Usage(format!(
                "`{number}` is no rate limit; write documented, off, or a number of requests a minute"
            ))
        })?),
    };
    for fault in &args.fault {
        let parsed = Fault::from_str(fault)
            .map_err(|error| Usage(format!("fault `{fault}`: {error}; `--fault help` lists all")))?;
        options.faults.push(parsed);
    }
    Ok(options)
}

fn write(path: Option<&Path>, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    let file = File::create(path).with_context(|| format!("create {}", path.display()))?;
    let mut file = BufWriter::new(file);
    content(&mut file)?;
    file.flush().with_context(|| format!("write {}", path.display()))
}
