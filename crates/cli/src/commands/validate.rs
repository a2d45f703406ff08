//! `validate`: tries everything that a pipeline file names, and tells all that is wrong at once.

use std::fmt::Write as _;

use anyhow::Result;
use deskmeter_pipeline::{Check, CheckScope, Context, Error, ErrorKind};

use super::println;
use crate::args::{Format, Global, ValidateArgs};
use crate::exit_code::Exit;
use crate::{clock, env};

pub(crate) async fn run(global: &Global, args: &ValidateArgs) -> Result<Exit> {
    let (text, folder) = super::text_of(&global.pipeline)?;
    let context = Context::new(clock::clock(), env::environment());
    let scope = if args.offline { CheckScope::Offline } else { CheckScope::Everything };
    let mut checks = deskmeter_pipeline::check(&text, folder, &context, scope).await;
    checks.extend(args.labels.as_deref().map(labels));
    let is_right = checks.iter().all(|check| check.is_ok);
    match global.format {
        Format::Json => println(&serde_json::to_string_pretty(&checks)?)?,
        _ => println(&described(&checks))?,
    }
    if is_right {
        return Ok(Exit::Ok);
    }
    let n = checks.iter().filter(|check| !check.is_ok).count();
    let what = format!("{} has {n} problem(s), listed above", global.pipeline.display());
    Err(Error::new(ErrorKind::Config, what)
        .next("correct them; pipelines/README.md explains every key")
        .into())
}

/// A line for what is right, two for what is not.
fn described(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = if check.is_ok { "ok     " } else { "PROBLEM" };
        let _ = write!(text, "{mark}  {}: {}", check.subject, check.found);
        if let Some(next) = &check.next {
            let _ = write!(text, "\n         next: {next}");
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}

fn labels(path: &std::path::Path) -> Check {
    let subject = "label file";
    match super::labels(path) {
        Ok(_) => Check::ok(subject, format!("{} names groups and agents", path.display())),
        Err(error) => match error.downcast::<Error>() {
            Ok(error) => Check::wrong(subject, &error),
            Err(error) => Check::wrong(subject, &Error::new(ErrorKind::Config, error.to_string())),
        },
    }
}
