//! The sanitizer: pages in, clean pages out.

use std::collections::HashSet;

use deskmeter_zendesk::{Envelope, Stream};

use crate::context::Context;
use crate::streams::{Agents, MetricEvents, Organizations, Rows, TicketEvents, Tickets};
use crate::table_builder::Room;
use crate::{AllowList, CleanBatch, Error, Ledger, Pseudonym, PseudonymKey, Reject, page};

/// Rejects that are let pass whatever their share, so that a small page with a few odd rows does not stop a stream.
const REJECTS_ALWAYS_ALLOWED: u64 = 10;

/// What may be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct SanitizerOptions {
    /// The largest share of rejects among the rows of a page, and of a stream so far, 0 to 1. More of them, and more
    /// than 10, refuse the page. 0.01 unless told.
    pub reject_share_max: f64,
    /// Tags and options of custom fields that are stored under labels. None unless told.
    pub allow: AllowList,
}

impl Default for SanitizerOptions {
    fn default() -> Self {
        Self { reject_share_max: 0.01, allow: AllowList::default() }
    }
}

/// What a page gave.
#[derive(Debug, Clone, PartialEq)]
pub struct CleanPage {
    /// Everything of the page but its rows.
    pub envelope: Envelope,
    /// Rows by table, in the order in which they must be stored: metric sets before the tickets that carry them.
    /// Batches without rows are there too. A record that stands on the page twice comes out twice, in order.
    pub batches: Vec<CleanBatch>,
    /// Records that were refused. A ticket event's children are refused one by one.
    pub rejects: Vec<Reject>,
    /// Rows of the page, refused and dropped ones included.
    pub rows_seen: u64,
}

/// Rows and rejects of a stream so far.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    rows: u64,
    rejects: u64,
}

/// Turns pages into clean pages and keeps the ledger of what it dropped.
#[derive(Debug)]
pub struct Sanitizer {
    key: PseudonymKey,
    options: SanitizerOptions,
    agents: HashSet<Pseudonym>,
    ledger: Ledger,
    totals: [Totals; Stream::ALL.len()],
    room: Room,
}

impl Sanitizer {
    /// A sanitizer for one connection, whose pseudonyms are made with `key`.
    pub fn new(key: PseudonymKey, options: SanitizerOptions) -> Self {
        Self {
            key,
            options,
            agents: HashSet::new(),
            ledger: Ledger::default(),
            totals: [Totals::default(); Stream::ALL.len()],
            room: Room::default(),
        }
    }

    /// Makes agents of earlier runs known by their pseudonyms, so that their later life as end users is kept. All
    /// other end users are dropped. Agents on the pages themselves become known by that.
    pub fn know_agents(&mut self, keys: impl IntoIterator<Item = String>) {
        self.agents.extend(keys.into_iter().filter_map(|key| Pseudonym::parse(&key)));
    }

    /// Reads a page.
    ///
    /// # Errors
    /// When the body is not a page of the stream, or too many of its rows are refused. Nothing of such a page is
    /// kept, not in the ledger either; the same bytes give the same error.
    pub fn page(&mut self, stream: Stream, bytes: &[u8]) -> Result<CleanPage, Error> {
        match stream {
            Stream::Users => self.read::<Agents>(stream, bytes),
            Stream::Organizations => self.read::<Organizations>(stream, bytes),
            Stream::Tickets => self.read::<Tickets>(stream, bytes),
            Stream::TicketEvents => self.read::<TicketEvents>(stream, bytes),
            Stream::TicketMetricEvents => self.read::<MetricEvents>(stream, bytes),
        }
    }

    /// What was seen on all pages so far.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn read<R: Rows>(&mut self, stream: Stream, bytes: &[u8]) -> Result<CleanPage, Error> {
        let context = Context::new(&self.key, &self.options.allow, &self.agents);
        let (envelope, rows, context) = page::read(stream, bytes, R::new(&self.room), context)?;
        let Context { new_agents, tally, rejects, rows: rows_seen, .. } = context;

        let page = Totals { rows: rows_seen, rejects: rejects.len() as u64 };
        let before = self.totals[stream as usize];
        let stream_totals = Totals { rows: before.rows + page.rows, rejects: before.rejects + page.rejects };
        for totals in [page, stream_totals] {
            if let Some(reject) = rejects.first().filter(|_| self.options.forbid(totals)) {
                let Totals { rows, rejects } = totals;
                return Err(Error::TooManyRejects { stream, rejects, rows, rule: reject.rule });
            }
        }
        self.totals[stream as usize] = stream_totals;
        self.agents.extend(new_agents);
        self.ledger.add(&tally.ledger);
        let batches = rows.finish();
        self.room.note(&batches);
        Ok(CleanPage { envelope, batches, rejects, rows_seen })
    }
}

impl SanitizerOptions {
    fn forbid(&self, totals: Totals) -> bool {
        totals.rejects > REJECTS_ALWAYS_ALLOWED
            && totals.rejects as f64 > totals.rows as f64 * self.reject_share_max
    }
}
