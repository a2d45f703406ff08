//! How long customers wait for replies and for solutions.

use super::{Content, Dashboard, Extra, Good, Kpi, Kpis, Panel, View, column};
use crate::charts::Kind;
use crate::data::sql;
use crate::format::Unit;

/// The page.
pub(super) const DASHBOARD: Dashboard = Dashboard {
    slug: "resolution",
    title: "Resolution and reply",
    about: "How long customers wait for a reply and for a solution. Calendar time unless it says business.",
    has_filters: true,
    extra: Extra::Split,
    kpis: Some(Kpis { query: &sql::RESOLUTION_KPIS, trend: None, items: KPIS }),
    panels: PANELS,
};

const fn kpi(column: &'static str, label: &'static str, about: &'static str) -> Kpi {
    Kpi { column, label, unit: Unit::Minutes, good: Good::Down, about }
}

const KPIS: &[Kpi] = &[
    kpi("first_reply_median", "First reply, median", "First replies given in the period."),
    kpi(
        "first_reply_p90",
        "First reply, 90th percentile",
        "Nine of ten first replies came at least this fast.",
    ),
    kpi("resolution_median", "Full resolution, median", "Tickets resolved in the period."),
    kpi(
        "resolution_p90",
        "Full resolution, 90th percentile",
        "Nine of ten tickets were resolved at least this fast.",
    ),
    kpi(
        "first_reply_business_median",
        "First reply, business",
        "Median within business hours; needs a schedule.",
    ),
    kpi(
        "resolution_business_median",
        "Full resolution, business",
        "Median within business hours; needs a schedule.",
    ),
    kpi("requester_wait_median", "Requester wait, median", "Time in new, open and on-hold."),
    kpi("agent_wait_median", "Agent wait, median", "Time in pending: waiting for the customer."),
];

const PERCENTILES: &[(&str, &str)] = &[("median", "Median"), ("p90", "90th percentile")];

const PANELS: &[Panel] = &[
    Panel {
        query: &sql::RESOLUTION_OVER_TIME,
        title: "Full resolution over time",
        about: "Tickets by the day of their last solve.",
        view: View::Time { unit: Unit::Minutes, kind: Kind::Lines, series: PERCENTILES },
        is_wide: false,
    },
    Panel {
        query: &sql::REPLY_OVER_TIME,
        title: "First reply over time",
        about: "Tickets by the day of their first reply.",
        view: View::Time { unit: Unit::Minutes, kind: Kind::Lines, series: PERCENTILES },
        is_wide: false,
    },
    Panel {
        query: &sql::RESOLUTION_SPLIT,
        title: "Full resolution, median, split",
        about: "The five largest parts. Choose above by what to split.",
        view: View::Split { unit: Unit::Minutes, column: "median" },
        is_wide: false,
    },
    Panel {
        query: &sql::RESOLUTION_SPLIT,
        title: "Full resolution, 90th percentile, split",
        about: "Nine of ten tickets were resolved at least this fast.",
        view: View::Split { unit: Unit::Minutes, column: "p90" },
        is_wide: false,
    },
    Panel {
        query: &sql::REPLY_SPLIT,
        title: "First reply, median, split",
        about: "The five largest parts.",
        view: View::Split { unit: Unit::Minutes, column: "median" },
        is_wide: false,
    },
    Panel {
        query: &sql::REPLY_SPLIT,
        title: "First reply, 90th percentile, split",
        about: "Nine of ten first replies came at least this fast.",
        view: View::Split { unit: Unit::Minutes, column: "p90" },
        is_wide: false,
    },
    Panel {
        query: &sql::RESOLUTION_DISTRIBUTION,
        title: "Distribution of full resolution",
        about: "How many of the period’s resolved tickets took how long.",
        view: View::Classes { unit: Unit::Count, kind: Kind::Columns, series: &[("n_tickets", "Tickets")] },
        is_wide: false,
    },
    Panel {
        query: &sql::REPLY_DISTRIBUTION,
        title: "Distribution of first reply",
        about: "How many of the period’s first replies took how long.",
        view: View::Classes { unit: Unit::Count, kind: Kind::Columns, series: &[("n_tickets", "Tickets")] },
        is_wide: false,
    },
    Panel {
        query: &sql::RESOLUTION_BY_GROUP,
        title: "By group",
        about: "Tickets resolved in the period, by the group that holds them.",
        view: View::Table(&[
            column("group_id", "Group", Content::Group),
            column("n_tickets", "Tickets", Content::Cell),
            column("first_reply_median", "First reply, median", Content::Number(Unit::Minutes)),
            column("resolution_median", "Resolution, median", Content::Bar(Unit::Minutes)),
            column("resolution_p90", "Resolution, 90th", Content::Number(Unit::Minutes)),
            column("reopen_rate", "Reopened", Content::Number(Unit::Percent)),
        ]),
        is_wide: true,
    },
    Panel {
        query: &sql::RESOLUTION_BY_PRIORITY,
        title: "By priority",
        about: "Tickets resolved in the period.",
        view: View::Table(&[
            column("priority", "Priority", Content::Word),
            column("n_tickets", "Tickets", Content::Cell),
            column("first_reply_median", "First reply, median", Content::Number(Unit::Minutes)),
            column("resolution_median", "Resolution, median", Content::Bar(Unit::Minutes)),
        ]),
        is_wide: false,
    },
    Panel {
        query: &sql::RESOLUTION_BY_CHANNEL,
        title: "By channel",
        about: "Tickets resolved in the period.",
        view: View::Table(&[
            column("channel", "Channel", Content::Word),
            column("n_tickets", "Tickets", Content::Cell),
            column("first_reply_median", "First reply, median", Content::Number(Unit::Minutes)),
            column("resolution_median", "Resolution, median", Content::Bar(Unit::Minutes)),
        ]),
        is_wide: false,
    },
];
