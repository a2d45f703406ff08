//! How the support desk does, at a glance.

use super::{Content, Dashboard, Extra, Good, Kpi, Kpis, Panel, View, column};
use crate::charts::Kind;
use crate::data::sql;
use crate::format::Unit;

/// The page.
pub(super) const DASHBOARD: Dashboard = Dashboard {
    slug: "overview",
    title: "Overview",
    about: "How the support desk does, against the period before.",
    has_filters: true,
    extra: Extra::None,
    kpis: Some(Kpis { query: &sql::OVERVIEW_KPIS, trend: Some(&sql::OVERVIEW_TREND), items: KPIS }),
    panels: PANELS,
};

pub(super) const KPIS: &[Kpi] = &[
    Kpi {
        column: "n_created",
        label: "Tickets created",
        unit: Unit::Count,
        good: Good::Neutral,
        about: "Tickets created in the period; merged and deleted ones are left out everywhere on this page.",
    },
    Kpi {
        column: "n_resolved",
        label: "Tickets resolved",
        unit: Unit::Count,
        good: Good::Up,
        about: "Tickets whose last solve, else last close, was in the period.",
    },
    Kpi {
        column: "first_reply_median",
        label: "First reply, median",
        unit: Unit::Minutes,
        good: Good::Down,
        about: "From creation to the first public reply of an agent, calendar time, over first replies of the period.",
    },
    Kpi {
        column: "resolution_median",
        label: "Full resolution, median",
        unit: Unit::Minutes,
        good: Good::Down,
        about: "From creation to the last solve, calendar time, over tickets resolved in the period.",
    },
    Kpi {
        column: "sla_rate",
        label: "SLA targets achieved",
        unit: Unit::Percent,
        good: Good::Up,
        about: "Achieved over achieved and breached targets.",
    },
    Kpi {
        column: "one_touch_rate",
        label: "One-touch",
        unit: Unit::Percent,
        good: Good::Up,
        about: "Share of resolved tickets that needed at most one reply.",
    },
    Kpi {
        column: "reopen_rate",
        label: "Reopened",
        unit: Unit::Percent,
        good: Good::Down,
        about: "Share of resolved tickets that were reopened at least once.",
    },
    Kpi {
        column: "n_backlog",
        label: "Unsolved now",
        unit: Unit::Count,
        good: Good::Untold,
        about: "Tickets that are neither solved nor closed, as of the newest data.",
    },
];

const PANELS: &[Panel] = &[
    Panel {
        query: &sql::OVERVIEW_FLOW,
        title: "Created and resolved",
        about: "Tickets by the day they were created, and by the day of their last solve.",
        view: View::Time {
            unit: Unit::Count,
            kind: Kind::Lines,
            series: &[("n_created", "Created"), ("n_resolved", "Resolved")],
        },
        is_wide: true,
    },
    Panel {
        query: &sql::OVERVIEW_GROUPS,
        title: "Groups",
        about: "Tickets resolved in the period, by the group that holds them.",
        view: View::Table(&[
            column("group_id", "Group", Content::Group),
            column("n_resolved", "Resolved", Content::Cell),
            column("resolution_median", "Median resolution", Content::Number(Unit::Minutes)),
            column("one_touch_rate", "One-touch", Content::Number(Unit::Percent)),
        ]),
        is_wide: false,
    },
    Panel {
        query: &sql::OVERVIEW_CHANNELS,
        title: "Channels",
        about: "Tickets created in the period, by where they came from.",
        view: View::Table(&[
            column("channel", "Channel", Content::Word),
            column("n_created", "Created", Content::Cell),
            column("share", "Share", Content::Number(Unit::Percent)),
        ]),
        is_wide: false,
    },
];
