//! Files of a lake on local disk that its store's listing leaves out: what dead writers staged, and strangers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A file below a folder.
#[derive(Debug)]
pub(crate) struct LocalFile {
    pub(crate) path: PathBuf,
    /// Its path below the folder, with slashes.
    pub(crate) relative: String,
}

/// Every file below `folder` whose relative path is not in `listed`. A folder that is not there has none.
pub(crate) fn unlisted(folder: &Path, listed: &BTreeSet<String>) -> std::io::Result<Vec<LocalFile>> {
    let files = files_below(folder)?.into_iter().map(|path| {
        let relative = path.strip_prefix(folder).unwrap_or(&path);
        let segments = relative.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
        let relative = segments.collect::<Vec<_>>().join("/");
        LocalFile { path, relative }
    });
    Ok(files.filter(|file| !listed.contains(&file.relative)).collect())
}

/// The file itself, or every file below the folder, sorted.
pub(crate) fn files_below(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(path) = open.pop() {
        if !path.is_dir() {
            if path.is_file() {
                files.push(path);
            }
            continue;
        }
        for entry in std::fs::read_dir(&path)? {
            let entry = entry?;
            // A link leads out of the lake, or round: what it leads to is not part of it.
            if !entry.file_type()?.is_symlink() {
                open.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}
