//! A world: the history that a simulated account serves, generated from a seed or read from files.

pub(crate) mod hours;
pub(crate) mod loaded;
pub(crate) mod stream;

use crate::error::Error;
use crate::page::Position;
use crate::tenant::Tenant;
use loaded::Loaded;
use std::io;
use std::path::Path;
use stream::{Filter, Stream};

/// What to generate. The same options give the same world, byte for byte, on every machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WorldOptions {
    /// How many tickets are created before `end`.
    pub tickets: u32,
    /// The seed that all chance follows from.
    pub seed: u64,
    /// Seconds since the Unix epoch at which the history ends: nothing happens in the two minutes before, so
    /// that all of it is visible at `end`.
    pub end: i64,
    /// Length of the history in months of 30 days; 12 is a good default.
    pub months: u32,
}

/// The history of an account.
#[derive(Debug)]
pub struct World {
    inner: Inner,
    tenant: Tenant,
}

#[derive(Debug)]
enum Inner {
    Loaded(Loaded),
}

impl World {
    /// Generates a world from a seed: one simulated history per ticket, from which all else follows.
    pub fn generate(_options: &WorldOptions) -> Self {
        Self { inner: Inner::Loaded(Loaded::default()), tenant: Tenant::default() }
    }

    /// Loads the `*.json` files of a folder; every given row is served, whatever the clock says.
    pub fn load(dir: &Path) -> Result<Self, Error> {
        Ok(Self { inner: Inner::Loaded(Loaded::read(dir, false)?), tenant: Tenant::default() })
    }

    /// Loads the `*.json` files of a folder as the account was at each moment: rows later than the clock are
    /// not visible yet, and of several versions of a row only the newest visible one is served.
    pub fn load_as_of_clock(dir: &Path) -> Result<Self, Error> {
        Ok(Self { inner: Inner::Loaded(Loaded::read(dir, true)?), tenant: Tenant::default() })
    }

    /// What an operator would put in the pipeline file; empty for a world that was loaded from files.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Writes the true answers: one JSON object a line for each ticket; nothing for a loaded world.
    pub fn write_truth(&self, _to: &mut dyn io::Write) -> Result<(), Error> {
        Ok(())
    }

    /// Writes what must never be found in any output, one text a line; nothing for a loaded world.
    pub fn write_canaries(&self, _to: &mut dyn io::Write) -> Result<(), Error> {
        Ok(())
    }

    pub(crate) fn len(&self, stream: Stream) -> usize {
        match &self.inner {
            Inner::Loaded(loaded) => loaded.len(stream),
        }
    }

    pub(crate) fn at(&self, stream: Stream, row: usize) -> i64 {
        match &self.inner {
            Inner::Loaded(loaded) => loaded.at(stream, row),
        }
    }

    pub(crate) fn id(&self, stream: Stream, row: usize) -> i64 {
        match &self.inner {
            Inner::Loaded(loaded) => loaded.id(stream, row),
        }
    }

    /// What orders the rows of one second in time mode.
    pub(crate) fn tie(&self, stream: Stream, row: usize) -> u64 {
        match &self.inner {
            Inner::Loaded(loaded) => loaded.tie(stream, row),
        }
    }

    /// The first row at or after a position.
    pub(crate) fn seek(&self, stream: Stream, start: Position) -> usize {
        match &self.inner {
            Inner::Loaded(loaded) => loaded.seek(stream, start),
        }
    }

    pub(crate) fn shows(&self, stream: Stream, row: usize, as_of: i64, filter: &Filter) -> bool {
        match &self.inner {
            Inner::Loaded(loaded) => loaded.shows(stream, row, as_of, filter.exclude_deleted),
        }
    }

    /// Appends a row as JSON.
    pub(crate) fn write_row(&self, stream: Stream, row: usize, _filter: &Filter, out: &mut Vec<u8>) {
        match &self.inner {
            Inner::Loaded(loaded) => out.extend_from_slice(loaded.json(stream, row).as_bytes()),
        }
    }
}
