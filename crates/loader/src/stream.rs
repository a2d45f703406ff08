//! One stream's rows on their way into the lake.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use deskmeter_sanitizer::CleanBatch;
use deskmeter_tables::{AGENTS, ORGANIZATIONS, TICKET_EVENTS, TICKET_METRIC_EVENTS, TICKETS, Table, by_name};

use crate::{Committed, Error, Loader};

/// The table that carries the stream's position, and most of its rows.
pub(crate) fn cursor_table(stream: &str) -> Result<&'static Table, Error> {
    match stream {
        "users" => Ok(&AGENTS),
        "organizations" => Ok(&ORGANIZATIONS),
        "tickets" => Ok(&TICKETS),
        "ticket_events" => Ok(&TICKET_EVENTS),
        "ticket_metric_events" => Ok(&TICKET_METRIC_EVENTS),
        _ => Err(Error::UnknownStream { stream: stream.to_owned() }),
    }
}

/// Takes a stream's pages and commits them when enough are there. What was pushed and not committed is lost with the
/// writer, and so is the position that would have passed it by: the next run reads these pages again.
#[derive(Debug)]
pub struct StreamWriter<'a> {
    loader: &'a mut Loader,
    stream: &'static str,
    buffer: BTreeMap<&'static str, Vec<RecordBatch>>,
    bytes: u64,
    position: Option<String>,
}

impl<'a> StreamWriter<'a> {
    pub(crate) const fn new(loader: &'a mut Loader, stream: &'static str) -> Self {
        Self { loader, stream, buffer: BTreeMap::new(), bytes: 0, position: None }
    }

    /// Takes the rows of a page and the position behind it. When the buffer is full everything so far is committed,
    /// and what that did is given.
    ///
    /// After an error the writer must be dropped. Whether its last commit took effect shows the stream's position.
    pub async fn push(
        &mut self,
        batches: Vec<CleanBatch>,
        position: String,
    ) -> Result<Option<Committed>, Error> {
        cursor_table(self.stream)?;
        for batch in batches {
            self.bytes += batch.record_batch().get_array_memory_size() as u64;
            self.buffer.entry(batch.table().name).or_default().push(batch.into_record_batch());
        }
        self.position = Some(position);
        if self.bytes < self.loader.options.buffer_bytes {
            return Ok(None);
        }
        self.commit().await.map(Some)
    }

    /// Commits what is left. Gives what this last commit did; the earlier ones were given by [`Self::push`].
    pub async fn finish(mut self) -> Result<Committed, Error> {
        self.commit().await
    }

    /// Tables beside the cursor's go first: a ticket must not be there without its metric set, and if the run dies in
    /// between, the position has not moved and both come again.
    async fn commit(&mut self) -> Result<Committed, Error> {
        let cursor = cursor_table(self.stream)?;
        let mut buffer = std::mem::take(&mut self.buffer);
        let rows = buffer.remove(cursor.name).unwrap_or_default();
        let mut committed = Committed::default();
        for (name, rows) in buffer {
            let table = by_name(name).ok_or_else(|| Error::UnknownStream { stream: name.to_owned() })?;
            committed.add(self.loader.commit_rows(table, rows, None).await?);
        }
        committed.add(self.loader.commit_rows(cursor, rows, self.position.take()).await?);
        self.bytes = 0;
        Ok(committed)
    }
}
