//! A folder of pipeline files: several accounts.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;
use deskmeter_pipeline::{Error, ErrorKind, PipelineFile};

/// The pipeline files of the folder, read, each with its path; the first wrong one is the error.
pub(super) fn pipelines(folder: &Path) -> Result<Vec<(PathBuf, PipelineFile)>> {
    pipeline_files(folder)?.into_iter().map(|path| super::read(&path).map(|read| (path, read))).collect()
}

/// Every pipeline file of the folder, by name.
pub(super) fn pipeline_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error: io::Error| {
        Error::new(ErrorKind::Config, format!("read folder {}", folder.display()))
            .next("name a folder that holds pipeline files")
            .because(error)
    };
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut files = paths.map_err(failed)?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml") && path.is_file());
    files.sort();
    if files.is_empty() {
        return Err(Error::new(
            ErrorKind::Config,
            format!("find a pipeline file (*.toml) in {}", folder.display()),
        )
        .next("name a folder that holds pipeline files"));
    }
    Ok(files)
}
