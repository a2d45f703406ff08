//! What can go wrong while a world is read or a server is started.

use std::io;
use std::path::PathBuf;

/// Why a world could not be loaded, a fault could not be read, or the server could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The port on 127.0.0.1 is taken, or may not be opened.
    #[error("listen on 127.0.0.1:{port}")]
    Listen {
        /// The port that was asked for; 0 means that any would do.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
    /// The folder of a world could not be read.
    #[error("read world folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The folder of a world holds no `*.json` file.
    #[error("no *.json file in world folder {path}")]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A file of a world could not be read.
    #[error("read world file {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of a world is not a JSON object of row lists. Line and column count from one.
    #[error("world file {path} is not JSON as Zendesk sends it (line {line}, column {column})")]
    Json {
        /// The file.
        path: PathBuf,
        /// Line of the first fault.
        line: usize,
        /// Column of the first fault.
        column: usize,
    },
    /// A file of a world is JSON but has no key that the simulator can serve.
    #[error("world file {path} has none of the keys {}", crate::world::loaded::KEYS.join(", "))]
    Keys {
        /// The file.
        path: PathBuf,
    },
    /// A row lacks its id or the time that orders it.
    #[error("world file {path}: row {row} of \"{key}\" lacks a usable {field}")]
    Row {
        /// The file.
        path: PathBuf,
        /// The list that the row is in.
        key: &'static str,
        /// Which row, from one.
        row: usize,
        /// The field that is missing or malformed.
        field: &'static str,
    },
    /// A fault is spelled wrong.
    #[error("unknown fault \"{spelling}\": {expected}")]
    Fault {
        /// What was given.
        spelling: String,
        /// What would have been right.
        expected: String,
    },
    /// The truth or the list of canaries could not be written.
    #[error("write {what}")]
    Write {
        /// What was being written.
        what: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
}
