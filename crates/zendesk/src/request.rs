//! What a request for a page may say.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{Cursor, Position, RateBucket, Stream};

/// What is escaped in a query value: all but letters, digits and the unreserved marks. A cursor may hold `+`, `/` and
/// `=` (dust-tt/dust#8702), and Zendesk wants `%20` between scopes.
pub(crate) const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Rows a page: 1 to 1,000. Halved when the server times out on heavy pages, grown again when it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageSize(u16);

impl PageSize {
    /// 1,000 rows: the largest that the exports allow, and their default.
    pub const MAX: Self = Self(1_000);

    /// This many rows, held within 1 to 1,000.
    pub fn new(rows: u16) -> Self {
        Self(rows.clamp(1, Self::MAX.0))
    }

    /// Rows.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Half of it, at least 1 (after a 504).
    #[must_use]
    pub fn halved(self) -> Self {
        Self::new(self.0 / 2)
    }

    /// Twice of it, at most 1,000 (after pages that came through).
    #[must_use]
    pub fn doubled(self) -> Self {
        Self::new(self.0.saturating_mul(2))
    }
}

/// Rows that a page of a plain list holds at most.
const LIST_ROWS_MAX: u16 = 100;
/// Pages of the plain list of tickets before its own limit counts.
const FREE_LIST_PAGES: u32 = 500;

/// A request for one page of one stream. Its fields are all that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Which export.
    pub stream: Stream,
    /// From where.
    pub from: Position,
    /// At most how many rows (time pages may hold more when many share a second).
    pub page_size: PageSize,
}

impl PageRequest {
    /// Path and query below the account's base URL. Holds a cursor: not for logs.
    pub fn path_and_query(&self) -> String {
        let mut url = format!("{}?", self.stream.path());
        match &self.from {
            Position::Cursor { cursor, .. } => {
                url.push_str("cursor=");
                url.extend(utf8_percent_encode(cursor.expose(), QUERY_VALUE));
            }
            Position::Time { start_time, .. } => {
                let _ = write!(url, "start_time={start_time}");
            }
            Position::List { after, .. } => return self.of_list(after.as_ref()),
        }
        match self.stream {
            // The only sideload there is a way to write. AI-agent tickets are left out unless asked for.
            Stream::Tickets => url.push_str("&include=metric_sets&support_type_scope=all"),
            Stream::TicketEvents => url.push_str("&support_type_scope=all"),
            _ => {}
        }
        // Time-mode metric events document no page size; their default is the largest page.
        if self.stream != Stream::TicketMetricEvents {
            let _ = write!(url, "&per_page={}", self.page_size.get());
        }
        url
    }

    /// The documented limit that this request counts against, beside the account's.
    pub const fn rate_bucket(&self) -> RateBucket {
        match (&self.from, self.stream) {
            (Position::List { page, .. }, Stream::Tickets) if *page > FREE_LIST_PAGES => {
                RateBucket::TicketsIndex
            }
            (Position::List { .. }, _) => RateBucket::Account,
            (_, stream) => stream.rate_bucket(),
        }
    }

    fn of_list(&self, after: Option<&Cursor>) -> String {
        // Without a list there is no way to such a position.
        let mut url = self.stream.list().unwrap_or(self.stream.path()).to_owned();
        let rows = self.page_size.get().min(LIST_ROWS_MAX);
        let separator = if url.ends_with('?') { "" } else { "&" };
        let _ = write!(url, "{separator}page[size]={rows}");
        if let Some(after) = after {
            url.push_str("&page[after]=");
            url.extend(utf8_percent_encode(after.expose(), QUERY_VALUE));
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cursor, UnixSeconds};

    fn check(stream: Stream, from: Position, expected: &str) {
        let request = PageRequest { stream, from, page_size: PageSize::MAX };
        assert_eq!(request.path_and_query(), expected);
    }

    #[test]
    fn writes_the_first_and_a_later_request_of_a_cursor_export() {
        check(
            Stream::Tickets,
            Position::start(UnixSeconds(0)),
            "/api/v2/incremental/tickets/cursor?start_time=0&include=metric_sets&support_type_scope=all&per_page=1000",
        );
        check(
            Stream::Users,
            Position::Cursor { cursor: Cursor::new("a+b/c=".into()), newest: None },
            "/api/v2/incremental/users/cursor?cursor=a%2Bb%2Fc%3D&per_page=1000",
        );
    }

    #[test]
    fn writes_the_requests_of_plain_lists_at_most_a_hundred_rows_a_page() {
        let list = |after: Option<&str>| Position::List {
            after: after.map(|after| Cursor::new(after.into())),
            page: 1,
            then: Box::new(Position::start(UnixSeconds(0))),
        };
        check(Stream::Tickets, list(None), "/api/v2/tickets?include=metric_sets&page[size]=100");
        check(
            Stream::Organizations,
            list(Some("a=")),
            "/api/v2/organizations?page[size]=100&page[after]=a%3D",
        );
        check(Stream::Users, list(None), "/api/v2/users?role[]=agent&role[]=admin&page[size]=100");
    }

    #[test]
    fn counts_the_late_pages_of_the_tickets_list_against_its_own_limit() {
        let bucket = |stream, page| {
            let from = Position::List { after: None, page, then: Box::new(Position::start(UnixSeconds(0))) };
            PageRequest { stream, from, page_size: PageSize::MAX }.rate_bucket()
        };
        assert_eq!(bucket(Stream::Tickets, 500), RateBucket::Account);
        assert_eq!(bucket(Stream::Tickets, 501), RateBucket::TicketsIndex);
        assert_eq!(bucket(Stream::Users, 501), RateBucket::Account);
    }

    #[test]
    fn asks_for_no_comment_and_no_person_whatever_the_stream() {
        let start = Position::start(UnixSeconds(7));
        for stream in Stream::ALL {
            let list = stream.list().map(|_| start.clone().or_list());
            for from in std::iter::once(start.clone()).chain(list) {
                let request = PageRequest { stream, from, page_size: PageSize::new(0) };
                let url = request.path_and_query();
                let include = url.split(['&', '?']).find(|pair| pair.contains("include="));
                assert!(include.is_none_or(|pair| pair == "include=metric_sets"), "{url}");
            }
        }
    }
}
