//! A world: the history that a simulated account serves, generated from a seed or read from files.

pub(crate) mod cast;
pub(crate) mod clocks;
pub(crate) mod generated;
pub(crate) mod history;
pub(crate) mod hours;
pub(crate) mod life;
pub(crate) mod live_sla;
pub(crate) mod loaded;
pub(crate) mod metric_event;
pub(crate) mod metric_set;
pub(crate) mod stream;
pub(crate) mod truth;

use crate::error::Error;
use crate::page::Position;
use crate::render::{self, canary};
use crate::tenant::Tenant;
use generated::Generated;
use loaded::Loaded;
use std::fmt;
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
pub struct World(Inner);

enum Inner {
    Generated(Box<Generated>),
    Loaded { rows: Loaded, tenant: Tenant },
}

/// Shows how many rows there are, never what they hold.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut world = f.debug_struct("World");
        for stream in Stream::ALL {
            world.field(stream.key(), &self.len(stream));
        }
        world.finish_non_exhaustive()
    }
}

impl World {
    /// Generates a world from a seed: one simulated history per ticket, from which all else follows.
    pub fn generate(options: &WorldOptions) -> Self {
        Self(Inner::Generated(Box::new(Generated::new(options, 0))))
    }

    /// Generates a world that goes on for `days` after `end`, at the same rate: the future is there already
    /// and shows as the clock advances.
    pub fn generate_live(options: &WorldOptions, days: u32) -> Self {
        Self(Inner::Generated(Box::new(Generated::new(options, days))))
    }

    /// Loads the `*.json` files of a folder; every given row is served, whatever the clock says.
    pub fn load(dir: &Path) -> Result<Self, Error> {
        Ok(Self(Inner::Loaded { rows: Loaded::read(dir, false)?, tenant: Tenant::default() }))
    }

    /// Loads the `*.json` files of a folder as the account was at each moment: rows later than the clock are
    /// not visible yet, and of several versions of a row only the newest visible one is served.
    pub fn load_as_of_clock(dir: &Path) -> Result<Self, Error> {
        Ok(Self(Inner::Loaded { rows: Loaded::read(dir, true)?, tenant: Tenant::default() }))
    }

    /// What an operator would put in the pipeline file; empty for a world that was loaded from files.
    pub fn tenant(&self) -> &Tenant {
        match &self.0 {
            Inner::Generated(generated) => &generated.cast.tenant,
            Inner::Loaded { tenant, .. } => tenant,
        }
    }

    /// Writes the true answers at the end of the history: one JSON object a line for each ticket; nothing for
    /// a loaded world.
    pub fn write_truth(&self, to: &mut dyn io::Write) -> Result<(), Error> {
        match &self.0 {
            Inner::Generated(generated) => self.write_truth_as_of(generated.cast.horizon, to),
            Inner::Loaded { .. } => Ok(()),
        }
    }

    /// Writes the true answers as they were at `as_of` (seconds since the Unix epoch): of tickets that existed
    /// by then, with everything later unknown.
    pub fn write_truth_as_of(&self, as_of: i64, to: &mut dyn io::Write) -> Result<(), Error> {
        let Inner::Generated(generated) = &self.0 else { return Ok(()) };
        truth::write(generated, as_of, to).map_err(|source| Error::Write { what: "the truth", source })
    }

    /// Writes what each agent did and held as it was at `as_of`: one JSON object a line for each agent (null:
    /// nobody) and UTC day on which something changed; nothing for a loaded world.
    pub fn write_agents_truth_as_of(&self, as_of: i64, to: &mut dyn io::Write) -> Result<(), Error> {
        let Inner::Generated(generated) = &self.0 else { return Ok(()) };
        truth::agents::write(generated, as_of, to)
            .map_err(|source| Error::Write { what: "the truth of the agents", source })
    }

    /// Writes what must never be found in any output, one text a line; nothing for a loaded world.
    pub fn write_canaries(&self, to: &mut dyn io::Write) -> Result<(), Error> {
        let Inner::Generated(generated) = &self.0 else { return Ok(()) };
        canary::write(generated, to).map_err(|source| Error::Write { what: "the list of canaries", source })
    }

    pub(crate) fn len(&self, stream: Stream) -> usize {
        match &self.0 {
            Inner::Generated(generated) => generated.len(stream),
            Inner::Loaded { rows, .. } => rows.len(stream),
        }
    }

    pub(crate) fn at(&self, stream: Stream, row: usize) -> i64 {
        match &self.0 {
            Inner::Generated(generated) => generated.at(stream, row),
            Inner::Loaded { rows, .. } => rows.at(stream, row),
        }
    }

    pub(crate) fn id(&self, stream: Stream, row: usize) -> i64 {
        match &self.0 {
            Inner::Generated(generated) => generated.id(stream, row),
            Inner::Loaded { rows, .. } => rows.id(stream, row),
        }
    }

    /// What orders the rows of one second in time mode.
    pub(crate) fn tie(&self, stream: Stream, row: usize) -> u64 {
        match &self.0 {
            Inner::Generated(generated) => generated.tie(stream, row),
            Inner::Loaded { rows, .. } => rows.tie(stream, row),
        }
    }

    /// The first row at or after a position.
    pub(crate) fn seek(&self, stream: Stream, start: Position) -> usize {
        match &self.0 {
            Inner::Generated(generated) => generated.seek(stream, start),
            Inner::Loaded { rows, .. } => rows.seek(stream, start),
        }
    }

    pub(crate) fn shows(&self, stream: Stream, row: usize, as_of: i64, filter: Filter) -> bool {
        match &self.0 {
            Inner::Generated(generated) => generated.shows(stream, row, as_of, filter),
            Inner::Loaded { rows, .. } => rows.shows(stream, row, as_of, filter.exclude_deleted),
        }
    }

    /// Appends a row as JSON.
    pub(crate) fn write_row(&self, stream: Stream, row: usize, filter: Filter, out: &mut Vec<u8>) {
        match &self.0 {
            Inner::Generated(generated) => render::write_row(generated, stream, row, filter, out),
            Inner::Loaded { rows, .. } => out.extend_from_slice(rows.json(stream, row).as_bytes()),
        }
    }
}
