//! `scheduler` and `executor`: the processes of a Ballista cluster.

use std::net::SocketAddr;

use anyhow::Result;
use deskmeter_pipeline::{Context, Error, ErrorKind};
use deskmeter_warehouse::{ExecutorOptions, SchedulerOptions};

use super::{Usage, println};
use crate::args::{ExecutorArgs, SchedulerArgs};
use crate::exit_code::Exit;
use crate::{clock, env};

pub(crate) async fn scheduler(args: &SchedulerArgs) -> Result<Exit> {
    refuse_strangers(args.bind, args.trusted_network)?;
    println(&format!("scheduler listening on {}", args.bind))?;
    deskmeter_warehouse::scheduler(&SchedulerOptions { bind: args.bind }).await.map_err(failed)?;
    Ok(Exit::Ok)
}

pub(crate) async fn executor(args: &ExecutorArgs) -> Result<Exit> {
    refuse_strangers(args.bind, args.trusted_network)?;
    let address = args.scheduler.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let Some((scheduler_host, scheduler_port)) = address else {
        return Err(Usage("--scheduler: write HOST:PORT".to_owned()).into());
    };
    let context = Context::new(clock::clock(), env::environment());
    let cores = args.cores.or_else(|| std::thread::available_parallelism().ok().map(std::num::NonZero::get));
    let options = ExecutorOptions {
        scheduler_host: scheduler_host.to_owned(),
        scheduler_port,
        bind: args.bind,
        task_port: args.task_port.unwrap_or_else(|| args.bind.port().saturating_add(1)),
        cores: cores.unwrap_or(1).max(1),
        memory_limit_bytes: args.memory << 20,
        work_dir: args.work_dir.clone(),
        store_options: deskmeter_pipeline::cloud_options(&context),
    };
    println(&format!("executor listening on {}", args.bind))?;
    deskmeter_warehouse::executor(&options).await.map_err(failed)?;
    Ok(Exit::Ok)
}

/// Whoever reaches a port of Ballista's may read what it reads.
fn refuse_strangers(bind: SocketAddr, is_trusted: bool) -> Result<(), Usage> {
    if bind.ip().is_loopback() || is_trusted {
        return Ok(());
    }
    Err(Usage(format!(
        "{bind} is reached from other machines, and Ballista asks no one who they are; add --trusted-network if \
         only machines that may read the lake can reach it"
    )))
}

fn failed(error: deskmeter_warehouse::Error) -> Error {
    Error::new(ErrorKind::Storage, "run the cluster's process")
        .next("is the port free, and can the scheduler be reached?")
        .because(error)
}
