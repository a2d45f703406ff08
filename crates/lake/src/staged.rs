//! Leftovers of dead writers on local disk. The local store writes `name#1` and renames it; a writer that is killed in
//! between leaves the staged file, which no listing of the store shows. They hold rows, so they are found here.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use url::Url;

use crate::Error;

/// Deletes staged files below a `file` URL that were last written before `cutoff`, in seconds since the epoch. Gives
/// their number; 0 for stores that stage nothing.
pub(crate) fn sweep(url: &Url, cutoff: i64) -> Result<u64, Error> {
    local_folder(url).map_or(Ok(0), |folder| sweep_staged(&folder, cutoff))
}

/// Deletes what dead writers left staged below a folder before `cutoff`, in seconds since the epoch. Gives the number of
/// files.
pub fn sweep_staged(folder: &Path, cutoff: i64) -> Result<u64, Error> {
    let failed = |error: std::io::Error| Error::storage("sweep", folder.display(), &error);
    let cutoff = UNIX_EPOCH + Duration::from_secs(cutoff.max(0).unsigned_abs());
    let mut swept = 0;
    for file in files_below(folder).map_err(failed)? {
        let is_old =
            std::fs::metadata(&file).and_then(|meta| meta.modified()).is_ok_and(|time| time < cutoff);
        if is_staged(&file) && is_old {
            std::fs::remove_file(&file).map_err(failed)?;
            swept += 1;
        }
    }
    Ok(swept)
}

/// Staged files below a `file` URL, as paths below it: what writers left that were killed.
pub(crate) fn leftovers(url: &Url) -> Result<Vec<String>, Error> {
    let Some(folder) = local_folder(url) else { return Ok(Vec::new()) };
    let files = files_below(&folder).map_err(|error| Error::storage("list", folder.display(), &error))?;
    let staged =
        files.iter().filter(|file| is_staged(file)).filter_map(|file| file.strip_prefix(&folder).ok());
    Ok(staged.map(|file| file.display().to_string()).collect())
}

/// Removes the folder of a `file` URL with whatever is left in it. Gives the number of files that were left.
pub(crate) fn remove_folder(url: &Url) -> Result<u64, Error> {
    let Some(folder) = local_folder(url) else { return Ok(0) };
    let failed = |error: std::io::Error| Error::storage("delete", folder.display(), &error);
    let left = files_below(&folder).map_err(failed)?.len() as u64;
    std::fs::remove_dir_all(&folder).map_err(failed)?;
    Ok(left)
}

/// The folder that the URL names, when it is a local one and exists.
fn local_folder(url: &Url) -> Option<PathBuf> {
    if url.scheme() != "file" {
        return None;
    }
    url.to_file_path().ok().filter(|folder| folder.is_dir())
}

fn is_staged(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let suffix = name.rsplit_once('#').map(|(_, suffix)| suffix);
    suffix.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn files_below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}
