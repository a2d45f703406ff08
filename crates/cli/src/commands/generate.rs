//! `schema`, `completions` and `man`: what editors, shells and `man` want to know of us.

use std::path::Path;

use anyhow::{Context as _, Result};
use clap_complete::Shell;

use super::println;
use crate::exit_code::Exit;
use crate::help;

/// Name of the binary.
const NAME: &str = "deskmeter";

pub(crate) fn schema() -> Result<Exit> {
    println(&deskmeter_pipeline::schema().context("write the schema")?)?;
    Ok(Exit::Ok)
}

pub(crate) fn completions(shell: Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut help::command(), NAME, &mut script);
    println(String::from_utf8(script).context("write the script")?.trim_end())?;
    Ok(Exit::Ok)
}

pub(crate) fn man(dir: &Path) -> Result<Exit> {
    std::fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
    clap_mangen::generate_to(help::command(), dir)
        .with_context(|| format!("write pages into {}", dir.display()))?;
    println(&format!(
        "the pages are in {}; read one with: man -l {}",
        dir.display(),
        dir.join("deskmeter.1").display()
    ))?;
    Ok(Exit::Ok)
}
