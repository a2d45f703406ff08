//! Where a stream stands, and how a page moves it.

use serde::{Deserialize, Serialize};

use crate::{Cursor, Envelope, Error, PageSize, Stream, UnixSeconds};

/// Where the next request of a stream starts. It is stored in the same commit as the rows before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Strictly after this cursor.
    Cursor {
        /// The server's own cursor, never computed.
        cursor: Cursor,
        /// The newest version seen so far: where to start by time if the cursor is refused.
        newest: Option<UnixSeconds>,
    },
    /// From this second on, inclusive.
    Time {
        /// Unix seconds, at least a minute in the past when sent.
        start_time: UnixSeconds,
    },
    /// In the plain list, where the export is not open to the token. A list has no place to go on from in a later run:
    /// it is read whole each time.
    List {
        /// Strictly after this cursor; none for the first page.
        after: Option<Cursor>,
        /// Number of the page, from 1.
        page: u32,
        /// Where the export goes on once it is open.
        then: Box<Position>,
    },
}

/// What follows a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Another page, from here.
    Page(Position),
    /// Nothing more for now; a later run starts from here.
    End(Position),
}

impl Next {
    /// The position, whether or not the stream has ended.
    pub fn position(&self) -> &Position {
        match self {
            Self::Page(position) | Self::End(position) => position,
        }
    }
}

impl Position {
    /// The position of a stream that has never been read.
    pub fn start(start_time: UnixSeconds) -> Self {
        Self::Time { start_time }
    }

    /// Where to start by time when the server refuses the cursor: `overlap_seconds` before the newest version
    /// seen, or `fallback` when nothing was seen.
    #[must_use]
    pub fn by_time(&self, overlap_seconds: i64, fallback: UnixSeconds) -> Self {
        match self {
            Self::Cursor { newest, .. } => {
                Self::start(newest.map_or(fallback, |newest| newest.minus(overlap_seconds)))
            }
            Self::Time { .. } | Self::List { .. } => self.clone(),
        }
    }

    /// The start of the plain list, in place of the export from here.
    #[must_use]
    pub fn or_list(self) -> Self {
        Self::List { after: None, page: 1, then: Box::new(self) }
    }

    /// The position as it may be stored between runs. A cursor of the users export holds a user's id (recorded: base64 of
    /// `<updated_at>.0||<user id>|`), which must not lie in the lake: the time that it stands for is stored instead, and
    /// the next run reads the rows of that second again.
    #[must_use]
    pub fn storable(&self, stream: Stream) -> Self {
        match (stream, self) {
            (Stream::Users, Self::Cursor { newest: Some(newest), .. }) => Self::start(*newest),
            (Stream::Users, Self::Cursor { newest: None, .. }) => Self::start(UnixSeconds(0)),
            (_, Self::List { then, .. }) => then.storable(stream),
            _ => self.clone(),
        }
    }

    /// The second this position stands for, when it is known: what progress bars show.
    pub fn reached(&self) -> Option<UnixSeconds> {
        match self {
            Self::Cursor { newest, .. } => *newest,
            Self::Time { start_time } => Some(*start_time),
            Self::List { .. } => None,
        }
    }

    /// Where the page leads, by the recorded mechanics of each mode.
    ///
    /// # Errors
    /// [`Error::Stuck`] or [`Error::SameCursor`] when the server does not advance, [`Error::MissingField`] when the
    /// envelope does not say where to go on.
    pub fn after(&self, stream: Stream, page: &Envelope, page_size: PageSize) -> Result<Next, Error> {
        match self {
            Self::List { after, page: number, then } => {
                after_list(stream, (after.as_ref(), *number, then), page)
            }
            _ if stream.is_cursor() => self.after_cursor(stream, page),
            _ => self.after_time(stream, page, page_size),
        }
    }

    fn after_cursor(&self, stream: Stream, page: &Envelope) -> Result<Next, Error> {
        let newest = page.newest.max(self.reached());
        let end_of_stream =
            page.end_of_stream.ok_or(Error::MissingField { stream, field: "end_of_stream" })?;
        let Some(cursor) = page.after_cursor.clone() else {
            // An empty account has nothing to point after.
            return if end_of_stream && page.rows == 0 {
                Ok(Next::End(self.clone()))
            } else {
                Err(Error::MissingField { stream, field: "after_cursor" })
            };
        };
        let is_same = matches!(self, Self::Cursor { cursor: old, .. } if *old == cursor);
        if is_same && !end_of_stream {
            return Err(Error::SameCursor { stream });
        }
        let position = Self::Cursor { cursor, newest };
        Ok(if end_of_stream { Next::End(position) } else { Next::Page(position) })
    }

    fn after_time(&self, stream: Stream, page: &Envelope, page_size: PageSize) -> Result<Next, Error> {
        let start_time = self.reached().unwrap_or_default();
        // An empty page may carry no end_time: stay.
        let Some(end_time) = page.end_time else {
            return if page.rows == 0 {
                Ok(Next::End(self.clone()))
            } else {
                Err(Error::MissingField { stream, field: "end_time" })
            };
        };
        let stands_still = end_time <= start_time;
        let is_full = page.rows >= u64::from(page_size.get());
        // A page that stands still is the last one only where the server does not say that there is more.
        let says_more = page.end_of_stream == Some(false) || page.end_of_stream.is_none() && is_full;
        if stands_still && says_more {
            return Err(Error::Stuck { stream, rows: page.rows });
        }
        let position = Self::start(end_time.max(start_time));
        // Without `end_of_stream` the last page is the one that no longer moves (zenpy#489, dlt#629).
        let has_ended = page.end_of_stream.unwrap_or(page.rows == 0) || stands_still;
        Ok(if has_ended { Next::End(position) } else { Next::Page(position) })
    }
}

/// Lists say `has_more`, and a cursor wherever there is a row.
fn after_list(
    stream: Stream,
    (before, number, then): (Option<&Cursor>, u32, &Position),
    page: &Envelope,
) -> Result<Next, Error> {
    let end_of_stream = page.end_of_stream.ok_or(Error::MissingField { stream, field: "has_more" })?;
    if end_of_stream {
        return Ok(Next::End(then.clone()));
    }
    let after = page.after_cursor.clone().ok_or(Error::MissingField { stream, field: "after_cursor" })?;
    if before == Some(&after) {
        return Err(Error::SameCursor { stream });
    }
    Ok(Next::Page(Position::List { after: Some(after), page: number + 1, then: Box::new(then.clone()) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time_page(rows: u64, end_time: i64, end_of_stream: Option<bool>) -> Envelope {
        Envelope { rows, end_time: Some(UnixSeconds(end_time)), end_of_stream, ..Envelope::default() }
    }

    fn after(page: &Envelope) -> Result<Next, Error> {
        Position::start(UnixSeconds(100)).after(Stream::TicketEvents, page, PageSize::new(10))
    }

    #[test]
    fn goes_on_from_the_end_time_and_stops_at_the_end_of_the_stream() {
        let there = Position::start(UnixSeconds(200));
        assert_eq!(after(&time_page(10, 200, Some(false))).unwrap(), Next::Page(there.clone()));
        assert_eq!(after(&time_page(3, 200, Some(true))).unwrap(), Next::End(there));
    }

    #[test]
    fn stops_without_end_of_stream_when_the_time_no_longer_moves() {
        assert_eq!(after(&time_page(3, 100, None)).unwrap(), Next::End(Position::start(UnixSeconds(100))));
    }

    #[test]
    fn fails_instead_of_looping_when_a_full_page_stands_still() {
        assert_eq!(
            after(&time_page(10, 100, Some(false))).unwrap_err(),
            Error::Stuck { stream: Stream::TicketEvents, rows: 10 }
        );
        assert!(after(&time_page(10, 100, None)).is_err());
    }

    #[test]
    fn fails_instead_of_skipping_when_a_short_page_stands_still_and_the_server_says_there_is_more() {
        assert!(matches!(after(&time_page(3, 100, Some(false))), Err(Error::Stuck { .. })));
        let last = Next::End(Position::start(UnixSeconds(100)));
        assert_eq!(after(&time_page(10, 100, Some(true))).unwrap(), last);
    }

    #[test]
    fn fails_instead_of_looping_when_the_cursor_comes_back() {
        let here = Position::Cursor { cursor: Cursor::new("c1".into()), newest: None };
        let page = Envelope {
            rows: 1,
            after_cursor: Some(Cursor::new("c1".into())),
            end_of_stream: Some(false),
            ..Envelope::default()
        };
        let error = here.after(Stream::Tickets, &page, PageSize::MAX).unwrap_err();
        assert_eq!(error, Error::SameCursor { stream: Stream::Tickets });
    }

    #[test]
    fn reads_a_list_to_its_end_and_stores_where_the_export_goes_on() {
        let export = Position::start(UnixSeconds(9));
        let page = |after: &str, has_more: bool| Envelope {
            rows: 1,
            after_cursor: Some(Cursor::new(after.into())),
            end_of_stream: Some(!has_more),
            ..Envelope::default()
        };
        let after = |at: &Position, page: &Envelope| at.after(Stream::Users, page, PageSize::MAX);
        let Next::Page(second) = after(&export.clone().or_list(), &page("a", true)).unwrap() else {
            panic!("there is more")
        };
        assert!(matches!(&second, Position::List { page: 2, .. }));
        assert_eq!(second.storable(Stream::Users), export);
        assert_eq!(
            after(&second, &page("a", true)).unwrap_err(),
            Error::SameCursor { stream: Stream::Users }
        );
        assert_eq!(after(&second, &page("b", false)).unwrap(), Next::End(export));
    }

    #[test]
    fn stores_no_cursor_that_holds_a_users_id() {
        let cursor = Position::Cursor { cursor: Cursor::new("c".into()), newest: Some(UnixSeconds(7)) };
        assert_eq!(cursor.storable(Stream::Users), Position::start(UnixSeconds(7)));
        assert_eq!(cursor.storable(Stream::Tickets), cursor);
    }

    #[test]
    fn keeps_the_newest_version_beside_the_cursor_for_when_it_is_refused() {
        let page = Envelope {
            rows: 2,
            after_cursor: Some(Cursor::new("c2".into())),
            end_of_stream: Some(true),
            newest: Some(UnixSeconds(500)),
            ..Envelope::default()
        };
        let next = Position::start(UnixSeconds(0)).after(Stream::Tickets, &page, PageSize::MAX).unwrap();
        let Next::End(position) = next else { panic!("the stream has ended") };
        assert_eq!(position.by_time(60, UnixSeconds(0)), Position::start(UnixSeconds(440)));
    }
}
