//! `simulate`: a Zendesk to try things on.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use deskmeter_simulator::{Fault, Options, RateLimit, ScopeProfile, TokenRole, World, WorldOptions};

use super::{Usage, println};
use crate::args::{RoleArg, ScopeProfileArg, SimulateArgs};
use crate::clock;
use crate::exit_code::Exit;

/// Months of history of a generated account.
const MONTHS: u32 = 12;
/// How long before the present a living account starts, in seconds.
const LIVE_SECONDS: i64 = 30 * 86_400;
/// Days that a living account has before it when it starts to be served.
const LIVE_DAYS_AFTER: u32 = 30;

pub(crate) async fn run(args: &SimulateArgs) -> Result<Exit> {
    let options = options(args)?;
    let world = world(args)?;
    write(args.truth.as_deref(), |to| Ok(world.write_truth(to)?))?;
    write(args.canaries.as_deref(), |to| Ok(world.write_canaries(to)?))?;
    let started = deskmeter_simulator::start(world, options).await;
    let running = started.map_err(|error| Usage(crate::failure::chain(&error.into())))?;
    println(&format!("simulator listening on {}", running.base_url()))?;
    tokio::signal::ctrl_c().await.context("wait for Ctrl-C")?;
    running.stop().await;
    Ok(Exit::Ok)
}

/// The account: files of the caller's, or a generated one that ends now.
fn world(args: &SimulateArgs) -> Result<World> {
    if let Some(dir) = &args.world {
        return Ok(World::load(dir).map_err(|error| Usage(error.to_string()))?);
    }
    let end = (clock::clock())().0;
    let options = WorldOptions { tickets: args.tickets, seed: args.seed, end, months: MONTHS };
    Ok(match args.live {
        Some(_) => World::generate_live(&options, LIVE_DAYS_AFTER),
        None => World::generate(&options),
    })
}

/// The account's clock: ours, or one that starts in the past and runs `rate` times as fast until it has caught up.
fn account_clock(rate: Option<u32>) -> deskmeter_simulator::Clock {
    let now = clock::clock();
    let Some(rate) = rate else { return Arc::new(move || now().0) };
    let started_at = now().0;
    Arc::new(move || caught_up(started_at, now().0, i64::from(rate)))
}

fn caught_up(started_at: i64, now: i64, rate: i64) -> i64 {
    (started_at - LIVE_SECONDS).saturating_add((now - started_at).saturating_mul(rate)).min(now)
}

fn options(args: &SimulateArgs) -> Result<Options> {
    let mut options = Options::new(account_clock(args.live));
    options.port = args.port;
    options.withhold_last_minute = !args.serve_last_minute;
    if let Some(percent) = args.oddities {
        options.oddity_percent = percent;
    }
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
        let parsed = Fault::from_str(fault).map_err(|error| {
            Usage(format!("fault `{fault}`: {error}; `deskmeter simulate --help` lists all"))
        })?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_account_runs_ahead_until_it_has_caught_up() {
        let started_at = 1_793_491_200;
        assert_eq!(caught_up(started_at, started_at, 3_600), started_at - LIVE_SECONDS);
        assert_eq!(caught_up(started_at, started_at + 10, 3_600), started_at - LIVE_SECONDS + 36_000);
        assert_eq!(caught_up(started_at, started_at + 86_400, 3_600), started_at + 86_400);
    }
}
