//! Sample pages: what is counted on them before they are dropped.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use deskmeter_extractor::{Client, Error as FetchError, RawPage, TokenSource};
use deskmeter_sanitizer::{CleanPage, Sanitizer};
use deskmeter_zendesk::{PageRequest, PageSize, Position, Stream, UnixSeconds};

use crate::Timer;
use crate::error::Error;
use crate::open;

/// What was counted on a page that was asked for from this second on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// From when on it was asked for, Unix seconds.
    pub(crate) from: i64,
    /// Time of the newest row, Unix seconds.
    pub(crate) newest: Option<i64>,
    /// Rows on the page.
    pub(crate) rows: u64,
    /// Whether nothing follows.
    pub(crate) is_last: bool,
    /// The numbers of its tickets, ascending.
    pub(crate) ticket_ids: Vec<i64>,
    /// Bytes as they crossed the network.
    pub(crate) bytes: u64,
    /// How long the page took, waits left out.
    pub(crate) seconds: f64,
}

/// Asks for sample pages.
pub(crate) struct Sampler<'a> {
    client: &'a Client,
    tokens: &'a dyn TokenSource,
    sanitizer: Sanitizer,
    timer: &'a dyn Timer,
    /// The end of what is served, about now.
    pub(crate) until: UnixSeconds,
}

impl<'a> Sampler<'a> {
    pub(crate) fn new(
        (client, tokens): (&'a Client, &'a dyn TokenSource),
        sanitizer: Sanitizer,
        timer: &'a dyn Timer,
        until: UnixSeconds,
    ) -> Self {
        Self { client, tokens, sanitizer, timer, until }
    }

    /// One page of the stream from this second on. A stream whose position lies within the last minute has none.
    pub(crate) async fn page(&mut self, stream: Stream, from: UnixSeconds) -> Result<Sample, FetchError> {
        if from > self.until {
            return Ok(Sample { from: from.0, is_last: true, ..Sample::default() });
        }
        let request = PageRequest { stream, from: Position::start(from), page_size: PageSize::MAX };
        let (started, waited) = (self.timer.now(), self.waited());
        let raw = self.client.fetch(&request, self.tokens).await?;
        let seconds = ((self.timer.now() - started).as_secs_f64() - (self.waited() - waited)).max(0.0);
        Ok(Sample { seconds, ..self.count(stream, from, &raw) })
    }

    /// What can be read of a page; a page that cannot be read counts as empty: the run itself tells why.
    fn count(&mut self, stream: Stream, from: UnixSeconds, raw: &RawPage) -> Sample {
        let empty = Sample { from: from.0, bytes: raw.bytes_received(), ..Sample::default() };
        let Ok(page) = self.sanitizer.page(stream, raw.bytes()) else { return empty };
        let is_short = page.rows_seen < u64::from(raw.page_size().get());
        let batch = main_batch(stream, &page);
        Sample {
            newest: page.envelope.newest.or(page.envelope.end_time).map(|time| time.0),
            rows: page.rows_seen,
            is_last: page.envelope.end_of_stream.unwrap_or(is_short),
            ticket_ids: batch.as_ref().map(ticket_ids).unwrap_or_default(),
            ..empty
        }
    }

    fn waited(&self) -> f64 {
        let stats = self.client.stats();
        (stats.waited_for_rate + stats.waited_to_retry).as_secs_f64()
    }
}

/// A refusal of one stream, or the error of the whole plan.
pub(crate) fn refused(error: FetchError) -> Result<deskmeter_connections::Capability, Error> {
    crate::sync::refusal(error.kind()).ok_or_else(|| open::of_fetch(error))
}

/// The rows of the stream's own table.
fn main_batch(stream: Stream, page: &CleanPage) -> Option<RecordBatch> {
    let name = stream.name();
    page.batches.iter().find(|batch| batch.table().name == name).map(|batch| batch.record_batch().clone())
}

fn ticket_ids(batch: &RecordBatch) -> Vec<i64> {
    let ids = batch.column_by_name("ticket_id").and_then(|ids| ids.as_primitive_opt::<Int64Type>());
    let mut ids: Vec<i64> = ids.into_iter().flatten().flatten().collect();
    ids.sort_unstable();
    ids
}
