//! The five streams of rows that a world holds, and what a request may leave out or add.

/// An incremental export.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Stream {
    Tickets,
    TicketEvents,
    MetricEvents,
    Users,
    Organizations,
}

impl Stream {
    pub(crate) const ALL: [Self; 5] =
        [Self::Tickets, Self::TicketEvents, Self::MetricEvents, Self::Users, Self::Organizations];

    /// The key that holds the rows, in a page and in a world file.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Tickets => "tickets",
            Self::TicketEvents => "ticket_events",
            Self::MetricEvents => "ticket_metric_events",
            Self::Users => "users",
            Self::Organizations => "organizations",
        }
    }

    /// Rows of the last minute are withheld from the exports of tickets and their events.
    pub(crate) const fn withholds(self) -> bool {
        matches!(self, Self::Tickets | Self::TicketEvents)
    }
}

/// `support_type_scope`: by default tickets that AI agents handle are left out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum SupportScope {
    #[default]
    Agent,
    AiAgent,
    All,
}

/// What a request leaves out, and what it wants beside the rows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) support: SupportScope,
    pub(crate) exclude_deleted: bool,
    pub(crate) metric_sets: bool,
    pub(crate) comment_events: bool,
    /// The state of each ticket's SLA targets at this second.
    pub(crate) slas: Option<i64>,
    /// The metric events of each ticket that are there at this second.
    pub(crate) metric_events: Option<i64>,
    /// Share of rows in an odd shape, in percent.
    pub(crate) oddity_percent: u8,
}
