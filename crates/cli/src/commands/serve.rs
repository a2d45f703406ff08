//! `serve`: the web console.

use std::path::PathBuf;

use anyhow::Result;
use deskmeter_pipeline::{Context, Error, ErrorKind, PipelineFile};
use deskmeter_server::{Password, ServeOptions};

use super::println_or_tell;
use crate::args::{Global, ServeArgs};
use crate::exit_code::Exit;
use crate::signals::asked_to_end;
use crate::{clock, env};

pub(crate) async fn run(global: &Global, args: &ServeArgs) -> Result<Exit> {
    let context = Context::new(clock::clock(), env::environment());
    let password = password(&context)?;
    let mut options = ServeOptions::new(pipelines(global, args)?, context);
    options.bind = args.bind;
    options.public_url.clone_from(&args.public_url);
    options.password = password;
    if let Some(path) = &args.labels {
        options.labels = super::labels(path)?;
    }
    let tell = |serving: deskmeter_server::Serving| {
        let url = format!("http://{}", serving.address);
        println_or_tell(&format!("console listening on {url}"));
        // Without a browser the line above is all that can be done.
        if args.open && open::that_detached(url).is_err() {
            println_or_tell("No browser could be opened: open the address above.");
        }
    };
    deskmeter_server::serve(options, tell, asked_to_end()).await.map_err(usage)?;
    Ok(Exit::Ok)
}

/// The accounts of the console, each with the path of its file.
fn pipelines(global: &Global, args: &ServeArgs) -> Result<Vec<(PathBuf, PipelineFile)>> {
    let mut pipelines = if let Some(folder) = &args.all {
        super::folder::pipelines(folder)?
    } else {
        let files = std::iter::once(&global.pipeline).chain(&args.also);
        files.map(|path| Ok((path.clone(), super::read(path)?))).collect::<Result<Vec<_>>>()?
    };
    for (_, pipeline) in &mut pipelines {
        super::set_engine(pipeline, global);
    }
    Ok(pipelines)
}

fn password(context: &Context) -> Result<Option<Password>> {
    let variable = |name: &str| (context.environment)(name);
    // Whoever set it wanted a password: without one, everybody could come in.
    if let Some(name) = [env::PASSWORD_HASH, env::PASSWORD].into_iter().find(|name| env::is_set_empty(name)) {
        return Err(Error::new(ErrorKind::Config, format!("environment variable {name} is empty"))
            .next("set the password, or unset the variable for a console without one")
            .into());
    }
    if let Some(hash) = variable(env::PASSWORD_HASH) {
        return Ok(Some(Password::from_hash(&hash).map_err(usage)?));
    }
    match variable(env::PASSWORD) {
        Some(plain) => Ok(Some(Password::from_plain(&plain).map_err(usage)?)),
        None => Ok(None),
    }
}

fn usage(error: deskmeter_server::Error) -> Error {
    let next = error.next_step().map(str::to_owned);
    let failure = Error::new(ErrorKind::Config, "serve the console").because(error);
    match next {
        Some(next) => failure.next(next),
        None => failure,
    }
}
