//! The five streams and what is fixed about each of them.

use std::fmt;

use crate::Scope;

/// An incremental export that deskmeter reads. There is no sixth: other endpoints cannot be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Agents and admins out of the users export; end users are dropped in the parser. First, so that the
    /// sanitizer knows the agents.
    Users,
    /// Organizations: key and dates.
    Organizations,
    /// Tickets with their metric sets (`include=metric_sets`): one request per 1,000 tickets.
    Tickets,
    /// Ticket events, never with comment events.
    TicketEvents,
    /// Ticket metric events: SLA targets, clocks and breaches.
    TicketMetricEvents,
}

/// A group of requests that share one of Zendesk's documented limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RateBucket {
    /// All incremental exports together: 10 requests a minute, 30 with the High Volume add-on.
    IncrementalExports,
    /// `incremental/users/cursor`: 20 requests a minute of its own, 60 with the add-on.
    UsersExport,
    /// The plain list of tickets beyond its 500th page: 50 requests a minute.
    TicketsIndex,
    /// Everything else counts against the account's limit alone.
    Account,
}

impl Stream {
    /// Every stream, in the order in which a run reads them.
    pub const ALL: [Self; 5] =
        [Self::Users, Self::Organizations, Self::Tickets, Self::TicketEvents, Self::TicketMetricEvents];

    /// The stream's name in logs, the ledger and commit metadata.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Organizations => "organizations",
            Self::Tickets => "tickets",
            Self::TicketEvents => "ticket_events",
            Self::TicketMetricEvents => "ticket_metric_events",
        }
    }

    /// The stream of this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stream| stream.name() == name)
    }

    /// Path of the export below the account's base URL.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Users => "/api/v2/incremental/users/cursor",
            Self::Organizations => "/api/v2/incremental/organizations",
            Self::Tickets => "/api/v2/incremental/tickets/cursor",
            Self::TicketEvents => "/api/v2/incremental/ticket_events",
            Self::TicketMetricEvents => "/api/v2/incremental/ticket_metric_events",
        }
    }

    /// Path of the plain list of the same rows, with what is asked for, for connections whose token opens no export. It
    /// shows neither archived nor deleted tickets; events have none. Of users only those that can work on tickets are
    /// asked for.
    pub const fn list(self) -> Option<&'static str> {
        match self {
            Self::Users => Some("/api/v2/users?role[]=agent&role[]=admin"),
            Self::Organizations => Some("/api/v2/organizations?"),
            Self::Tickets => Some("/api/v2/tickets?include=metric_sets"),
            Self::TicketEvents | Self::TicketMetricEvents => None,
        }
    }

    /// The array of rows in a page's envelope.
    pub const fn rows_key(self) -> &'static str {
        self.name()
    }

    /// Whether pages follow a cursor; else they follow `start_time` and repeat the boundary second.
    pub const fn is_cursor(self) -> bool {
        matches!(self, Self::Users | Self::Tickets)
    }

    /// The granular scope that is taken to open the export (no live probe is published).
    pub const fn scope(self) -> Scope {
        match self {
            Self::Users => Scope::UsersRead,
            Self::Organizations => Scope::OrganizationsRead,
            Self::Tickets | Self::TicketEvents | Self::TicketMetricEvents => Scope::TicketsRead,
        }
    }

    /// The documented limit that a request for this stream counts against, beside the account's.
    pub const fn rate_bucket(self) -> RateBucket {
        match self {
            Self::Users => RateBucket::UsersExport,
            _ => RateBucket::IncrementalExports,
        }
    }

    /// How far behind the newest row a later run starts again, in seconds. Metric events can be written later
    /// than their `time` (a breach at target time), so an hour of them is read again and deduplicated by id.
    pub const fn overlap_seconds(self) -> i64 {
        match self {
            Self::TicketMetricEvents => 3_600,
            _ => 0,
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
