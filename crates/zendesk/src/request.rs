//! What a request for a page may say.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{Position, Stream};

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
    fn asks_for_no_comment_and_no_person_whatever_the_stream() {
        for stream in Stream::ALL {
            let request =
                PageRequest { stream, from: Position::start(UnixSeconds(7)), page_size: PageSize::new(0) };
            let url = request.path_and_query();
            let include = url.split('&').find(|pair| pair.contains("include="));
            assert!(include.is_none_or(|pair| pair == "include=metric_sets"), "{url}");
        }
    }
}
