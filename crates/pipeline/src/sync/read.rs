//! Reading one stream: fetch, sanitize, go on, commit. While a page is committed the next one is already asked for, so
//! that neither the rate limit nor the disk waits for the other.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use deskmeter_connections::Capability;
use deskmeter_extractor::{Client, ErrorKind as FetchError, RawPage, TokenSource};
use deskmeter_loader::Loader;
use deskmeter_sanitizer::{CleanPage, Sanitizer};
use deskmeter_zendesk::{Next, PageRequest, PageSize, Position, Stream, UnixSeconds};
use tracing::{info, warn};

use super::outlook::Outlook;
use super::{StreamReport, refusal};
use crate::error::{Error, ErrorKind};
use crate::open;
use crate::{Context, Event};

/// `start_time` must be at least a minute in the past; a second more is safe (zendesk-api: `StartTimeTooRecent`).
const RECENT_SECONDS: i64 = 61;

/// What was read is committed at least this often.
const COMMIT_EVERY_SECONDS: i64 = 60;

/// What every stream of a run shares.
pub(super) struct Reader<'a> {
    pub(super) client: &'a Client,
    pub(super) tokens: &'a dyn TokenSource,
    pub(super) context: &'a Context,
    pub(super) start_time: UnixSeconds,
    pub(super) page_size: PageSize,
    pub(super) outlook: Outlook,
}

/// Why a stream's reading ended early.
pub(super) enum Ended {
    /// The failure is this stream's: others may be read all the same.
    Stream(Error),
    /// Nothing else can be read either.
    Run(Error),
}

/// What came of asking for a page.
enum Fetched {
    /// The page, and the position that it was asked for with in the end.
    Page(Position, RawPage),
    /// There can be nothing yet: the position lies within the last minute.
    NothingYet,
}

impl Reader<'_> {
    /// Reads the stream to its end and commits all of it. What was read before a failure is committed too.
    pub(super) async fn read(
        &self,
        stream: Stream,
        loader: &mut Loader,
        sanitizer: &mut Sanitizer,
        report: &mut StreamReport,
    ) -> Result<(), Ended> {
        let stored = self.stored(stream, loader).await.map_err(Ended::Run)?;
        let from = begin(stream, stored.unwrap_or_else(|| Position::start(self.start_time)));
        let until = self.context.started_at.minus(RECENT_SECONDS);
        self.context.observer.event(&Event::StreamStarted { stream, from: from.reached(), until });
        self.context.observer.event(&self.outlook.begins(stream, from.reached(), until));
        let read = self.read_from((stream, from), until, loader, sanitizer, report).await;
        self.context.observer.event(&Event::StreamEnded { stream });
        read?;
        if matches!(report.capability, Capability::Available | Capability::ListOnly) {
            report.complete_until = Some(until.0);
        }
        info!(stream = stream.name(), rows = report.rows_read, pages = report.pages, "stream read");
        Ok(())
    }

    async fn read_from(
        &self,
        (stream, from): (Stream, Position),
        until: UnixSeconds,
        loader: &mut Loader,
        sanitizer: &mut Sanitizer,
        report: &mut StreamReport,
    ) -> Result<(), Ended> {
        if matches!(from, Position::Time { start_time } if start_time > until) {
            return Ok(());
        }
        let mut went_back = None;
        match self.fetch_or_go_back(stream, &from, &mut went_back).await {
            Ok(Fetched::NothingYet) => Ok(()),
            Ok(Fetched::Page(from, first)) => {
                self.pages((stream, from), (first, went_back), loader, sanitizer, report).await
            }
            Err(error) if error.kind() == FetchError::MissingScope && stream.list().is_some() => {
                self.list((stream, from.or_list()), loader, sanitizer, report).await
            }
            Err(error) => refused_or_ended(stream, error, report),
        }
    }

    /// Reads the plain list in the place of an export that the token does not open.
    async fn list(
        &self,
        (stream, from): (Stream, Position),
        loader: &mut Loader,
        sanitizer: &mut Sanitizer,
        report: &mut StreamReport,
    ) -> Result<(), Ended> {
        match self.fetch(stream, &from).await {
            Ok(first) => {
                report.capability = Capability::ListOnly;
                warn!(stream = stream.name(), "export refused: reading the plain list");
                self.pages((stream, from), (first, None), loader, sanitizer, report).await
            }
            Err(error) => refused_or_ended(stream, error, report),
        }
    }

    /// The position of the last run, if there was one that this version understands.
    async fn stored(&self, stream: Stream, loader: &Loader) -> Result<Option<Position>, Error> {
        let text = loader.position(stream.name()).await.map_err(open::of_loader)?;
        let Some(text) = text else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|_| {
            Error::new(ErrorKind::Storage, format!("read the stored position of {stream}"))
                .next("the table was written by another program or version; run `deskmeter lake check`")
        })
    }

    async fn pages(
        &self,
        (stream, mut at): (Stream, Position),
        (mut raw, mut went_back): (RawPage, Option<UnixSeconds>),
        loader: &mut Loader,
        sanitizer: &mut Sanitizer,
        report: &mut StreamReport,
    ) -> Result<(), Ended> {
        let mut writer = loader.stream(stream.name());
        let mut committed_at = self.context.now().0;
        let mut stopped = false;
        let read = loop {
            let read_page = self.sanitize((stream, &at), &raw, sanitizer, report);
            drop(raw);
            let (page, next) = match read_page {
                Ok(read) => read,
                Err(error) => break Err(Ended::Stream(error)),
            };
            let position = serde_json::to_string(&next.position().storable(stream))
                .map_err(|error| Error::new(ErrorKind::Bug, "write a position").because(error))
                .map_err(Ended::Run)?;
            let push = writer.push(page.batches, position);
            stopped = matches!(next, Next::Page(_)) && self.context.stop.is_asked();
            // Both run to their ends: a commit is not cut off by a page that does not come.
            let (pushed, fetched) = match &next {
                Next::End(_) => (push.await, Ok(Fetched::NothingYet)),
                // A run that was asked to end commits what it has.
                Next::Page(_) if stopped => (push.await, Ok(Fetched::NothingYet)),
                Next::Page(position) => {
                    tokio::join!(push, self.fetch_or_go_back(stream, position, &mut went_back))
                }
            };
            if let Some(committed) = pushed.map_err(open::of_loader).map_err(Ended::Run)? {
                self.committed(stream, &committed, report);
            }
            match fetched {
                Ok(Fetched::Page(position, page)) => (at, raw) = (position, page),
                Ok(Fetched::NothingYet) => break Ok(()),
                Err(error) => break refused_or_ended(stream, error, report),
            }
            // Under a slow rate limit the buffer fills in hours: a crash shall not cost more than a minute.
            if self.context.now().0 - committed_at >= COMMIT_EVERY_SECONDS {
                let committed = writer.finish().await.map_err(open::of_loader).map_err(Ended::Run)?;
                self.committed(stream, &committed, report);
                writer = loader.stream(stream.name());
                committed_at = self.context.now().0;
            }
        };
        let committed = writer.finish().await.map_err(open::of_loader).map_err(Ended::Run)?;
        self.committed(stream, &committed, report);
        if stopped {
            self.context.stop.check().map_err(Ended::Run)?;
        }
        read
    }

    /// The page without content, and where it leads.
    fn sanitize(
        &self,
        (stream, at): (Stream, &Position),
        raw: &RawPage,
        sanitizer: &mut Sanitizer,
        report: &mut StreamReport,
    ) -> Result<(CleanPage, Next), Error> {
        let page = sanitizer.page(stream, raw.bytes()).map_err(|error| open::of_sanitizer(stream, error))?;
        let next = at
            .after(stream, &page.envelope, raw.page_size())
            .map_err(|error| Error::new(ErrorKind::Zendesk, "go on to the next page").because(error))?;
        self.count(stream, &page, report);
        Ok((page, next))
    }

    fn count(&self, stream: Stream, page: &CleanPage, report: &mut StreamReport) {
        report.pages += 1;
        report.rows_read += page.rows_seen;
        report.rows_rejected += page.rejects.len() as u64;
        report.newest = report.newest.max(page.envelope.newest.map(|newest| newest.0));
        for batch in &page.batches {
            let rows = batch.record_batch();
            let tickets =
                rows.column_by_name("ticket_id").and_then(|ids| ids.as_primitive_opt::<Int64Type>());
            report.tickets_seen.extend(tickets.into_iter().flatten().flatten());
        }
        for reject in &page.rejects {
            warn!(table = reject.table, record = reject.record_id, rule = ?reject.rule, "row rejected");
        }
        let reached = page.envelope.newest.or(page.envelope.end_time);
        self.context.observer.event(&Event::Page { stream, rows: page.rows_seen, reached });
        self.context.observer.event(&self.outlook.page(stream, reached));
    }

    fn committed(&self, stream: Stream, committed: &deskmeter_loader::Committed, report: &mut StreamReport) {
        report.rows_inserted += committed.rows_inserted;
        report.rows_updated += committed.rows_updated;
        report.files_added += committed.files_added;
        let rows = committed.rows_inserted + committed.rows_updated;
        self.context.observer.event(&Event::Committed { stream, rows });
    }

    /// Where to go on by time: the overlap before the newest row. Where that is no later than the last time, the page
    /// from there was all overlap; then at the newest row. None where that does not lead on either: more rows than a
    /// page holds have one second, and no cursor leads past them.
    fn back_from(&self, at: &Position, went_back: Option<UnixSeconds>) -> Option<Position> {
        let mut places = [RECENT_SECONDS, 0].map(|overlap| at.by_time(overlap, self.start_time)).into_iter();
        places.find(|place| place.reached() > went_back)
    }

    async fn fetch(&self, stream: Stream, from: &Position) -> Result<RawPage, deskmeter_extractor::Error> {
        let request = PageRequest { stream, from: from.clone(), page_size: self.page_size };
        self.client.fetch(&request, self.tokens).await
    }

    /// The page at this position; where the server refuses a cursor, the page at the newest time seen instead, which is
    /// later each time: `went_back` is the last of them.
    async fn fetch_or_go_back(
        &self,
        stream: Stream,
        at: &Position,
        went_back: &mut Option<UnixSeconds>,
    ) -> Result<Fetched, deskmeter_extractor::Error> {
        let (at, fetched) = match self.fetch(stream, at).await {
            Err(error) if error.kind() == FetchError::BadCursor => {
                let Some(at) = self.back_from(at, *went_back) else { return Err(error) };
                warn!(stream = stream.name(), "cursor refused: going on by time");
                *went_back = at.reached();
                let page = self.fetch(stream, &at).await;
                (at, page)
            }
            fetched => (at.clone(), fetched),
        };
        match fetched {
            Ok(page) => Ok(Fetched::Page(at, page)),
            // Zendesk's clock is behind ours: what lies there comes with the next run.
            Err(error) if error.kind() == FetchError::StartTimeTooRecent => Ok(Fetched::NothingYet),
            Err(error) => Err(error),
        }
    }
}

/// A refusal is a missing capability: what was read before stays, and the next run asks again from there.
fn refused_or_ended(
    stream: Stream,
    error: deskmeter_extractor::Error,
    report: &mut StreamReport,
) -> Result<(), Ended> {
    report.capability = refusal(error.kind()).ok_or_else(|| ended(error))?;
    warn!(stream = stream.name(), capability = ?report.capability, "stream refused");
    Ok(())
}

/// Whether the failure is the stream's alone, or would meet the next stream as well.
fn ended(error: deskmeter_extractor::Error) -> Ended {
    use FetchError as E;
    match error.kind() {
        E::ServerFailed | E::Timeout | E::UnexpectedAnswer | E::Forbidden | E::BadCursor => {
            Ended::Stream(open::of_fetch(error))
        }
        _ => Ended::Run(open::of_fetch(error)),
    }
}

/// Where a run begins: the stored position, minus the overlap in which rows may still be written late.
fn begin(stream: Stream, stored: Position) -> Position {
    match stored {
        Position::Time { start_time } => Position::start(start_time.minus(stream.overlap_seconds())),
        stored => stored,
    }
}
