//! `serve`: the web console.

use anyhow::Result;
use deskmeter_pipeline::{Error, ErrorKind};
use deskmeter_server::{Password, ServeOptions};

use super::{Opened, println_or_tell};
use crate::args::ServeArgs;
use crate::env;
use crate::exit_code::Exit;
use crate::signals::asked_to_end;

pub(crate) async fn run(opened: &Opened, args: &ServeArgs) -> Result<Exit> {
    let mut pipelines = vec![(opened.path.clone(), opened.pipeline.clone())];
    for path in &args.also {
        pipelines.push((path.clone(), super::read(path)?));
    }
    let mut options = ServeOptions::new(pipelines, opened.context.clone());
    options.bind = args.bind;
    options.public_url.clone_from(&args.public_url);
    options.password = password(opened)?;
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

fn password(opened: &Opened) -> Result<Option<Password>> {
    let variable = |name: &str| (opened.context.environment)(name);
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
