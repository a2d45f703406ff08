//! Reading one stream: fetch, sanitize, go on, commit. While a page is committed the next one is already asked for, so
//! that neither the rate limit nor the disk waits for the other.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use deskmeter_extractor::{Client, ErrorKind as FetchError, RawPage, TokenSource};
use deskmeter_loader::Loader;
use deskmeter_sanitizer::{CleanPage, Sanitizer};
use deskmeter_zendesk::{Next, PageRequest, PageSize, Position, Stream, UnixSeconds};
use tracing::{info, warn};

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
}

impl Reader<'_> {
    /// Reads the stream to its end and commits all of it.
    pub(super) async fn read(
        &self,
        stream: Stream,
        loader: &mut Loader,
        sanitizer: &mut Sanitizer,
        report: &mut StreamReport,
    ) -> Result<(), Error> {
        let stored = self.stored(stream, loader).await?;
        report.newest = stored.as_ref().and_then(Position::reached).map(|reached| reached.0);
        let from = stored.clone().unwrap_or_else(|| Position::start(self.start_time));
        let until = self.context.started_at.minus(RECENT_SECONDS);
        let from = begin(stream, from);
        self.context.observer.event(&Event::StreamStarted { stream, from: from.reached(), until });
        if matches!(from, Position::Time { start_time } if start_time > until) {
            self.context.observer.event(&Event::StreamEnded { stream });
            return Ok(());
        }
        let (from, first) = match self.fetch_or_go_back(stream, &from).await {
            Ok(fetched) => fetched,
            Err(error) => {
                let Some(capability) = refusal(error.kind()) else { return Err(open::of_fetch(error)) };
                warn!(stream = stream.name(), kind = ?error.kind(), "stream refused");
                report.capability = capability;
                self.context.observer.event(&Event::StreamEnded { stream });
                return Ok(());
            }
        };
        self.pages((stream, from), first, loader, sanitizer, report).await?;
        self.context.observer.event(&Event::StreamEnded { stream });
        info!(stream = stream.name(), rows = report.rows_read, pages = report.pages, "stream read");
        Ok(())
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
        first: RawPage,
        loader: &mut Loader,
        sanitizer: &mut Sanitizer,
        report: &mut StreamReport,
    ) -> Result<(), Error> {
        let mut raw = first;
        let mut writer = loader.stream(stream.name());
        let mut committed_at = self.context.now().0;
        loop {
            let page =
                sanitizer.page(stream, raw.bytes()).map_err(|error| open::of_sanitizer(stream, error))?;
            let next = at
                .after(stream, &page.envelope, raw.page_size())
                .map_err(|error| Error::new(ErrorKind::Zendesk, "go on to the next page").because(error))?;
            drop(raw);
            self.count(stream, &page, report);
            let position = serde_json::to_string(&next.position().storable(stream))
                .map_err(|error| Error::new(ErrorKind::Bug, "write a position").because(error))?;
            let push = async {
                let committed = writer.push(page.batches, position).await.map_err(open::of_loader)?;
                Ok::<_, Error>(committed)
            };
            match next {
                Next::End(_) => {
                    if let Some(committed) = push.await? {
                        self.committed(stream, &committed, report);
                    }
                    break;
                }
                Next::Page(_) if self.context.stop.is_asked() => {
                    if let Some(committed) = push.await? {
                        self.committed(stream, &committed, report);
                    }
                    let committed = writer.finish().await.map_err(open::of_loader)?;
                    self.committed(stream, &committed, report);
                    return self.context.stop.check();
                }
                Next::Page(position) => {
                    let fetch =
                        async { self.fetch_or_go_back(stream, &position).await.map_err(open::of_fetch) };
                    let (committed, fetched) = tokio::try_join!(push, fetch)?;
                    if let Some(committed) = committed {
                        self.committed(stream, &committed, report);
                    }
                    (at, raw) = fetched;
                    // Under a slow rate limit the buffer fills in hours: a crash shall not cost more than a minute.
                    if self.context.now().0 - committed_at >= COMMIT_EVERY_SECONDS {
                        let committed = writer.finish().await.map_err(open::of_loader)?;
                        self.committed(stream, &committed, report);
                        writer = loader.stream(stream.name());
                        committed_at = self.context.now().0;
                    }
                }
            }
        }
        let committed = writer.finish().await.map_err(open::of_loader)?;
        self.committed(stream, &committed, report);
        Ok(())
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
    }

    fn committed(&self, stream: Stream, committed: &deskmeter_loader::Committed, report: &mut StreamReport) {
        report.rows_inserted += committed.rows_inserted;
        report.rows_updated += committed.rows_updated;
        report.files_added += committed.files_added;
        let rows = committed.rows_inserted + committed.rows_updated;
        self.context.observer.event(&Event::Committed { stream, rows });
    }

    async fn fetch(&self, stream: Stream, from: &Position) -> Result<RawPage, deskmeter_extractor::Error> {
        let request = PageRequest { stream, from: from.clone(), page_size: self.page_size };
        self.client.fetch(&request, self.tokens).await
    }

    /// The page at this position; where the server refuses a cursor, the page at the newest time seen instead.
    async fn fetch_or_go_back(
        &self,
        stream: Stream,
        at: &Position,
    ) -> Result<(Position, RawPage), deskmeter_extractor::Error> {
        match self.fetch(stream, at).await {
            Err(error) if error.kind() == FetchError::BadCursor => {
                warn!(stream = stream.name(), "cursor refused: going on by time");
                let at = at.by_time(RECENT_SECONDS, self.start_time);
                let page = self.fetch(stream, &at).await?;
                Ok((at, page))
            }
            fetched => Ok((at.clone(), fetched?)),
        }
    }
}

/// Where a run begins: the stored position, minus the overlap in which rows may still be written late.
fn begin(stream: Stream, stored: Position) -> Position {
    match stored {
        Position::Time { start_time } => Position::start(start_time.minus(stream.overlap_seconds())),
        cursor @ Position::Cursor { .. } => cursor,
    }
}
