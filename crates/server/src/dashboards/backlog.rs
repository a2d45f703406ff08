//! What is unsolved, and for how long.

use super::{Content, Dashboard, Extra, Good, Kpi, Kpis, Panel, View, column};
use crate::charts::Kind;
use crate::data::sql;
use crate::format::Unit;

/// The page.
pub(super) const DASHBOARD: Dashboard = Dashboard {
    slug: "backlog",
    title: "Backlog",
    about: "What is unsolved at the end of a day that you choose, and how it came to be.",
    has_filters: true,
    extra: Extra::Instant,
    kpis: Some(Kpis { query: &sql::BACKLOG_KPIS, trend: None, items: KPIS }),
    panels: PANELS,
};

const fn kpi(column: &'static str, label: &'static str, unit: Unit, about: &'static str) -> Kpi {
    Kpi { column, label, unit, good: Good::Down, about }
}

const KPIS: &[Kpi] = &[
    kpi("n_unsolved", "Unsolved", Unit::Count, "Neither solved nor closed nor deleted."),
    kpi("n_unassigned", "Unassigned", Unit::Count, "Unsolved and without an assignee."),
    kpi("n_unreplied", "Without a reply", Unit::Count, "Unsolved and not publicly answered by an agent yet."),
    kpi("n_reopened", "Reopened and open", Unit::Count, "Solved once, unsolved then."),
    kpi("n_old", "Older than 7 days", Unit::Count, "Unsolved and created more than seven days before."),
    kpi("age_median", "Age, median", Unit::Minutes, "From creation to the instant that is looked at."),
];

const PANELS: &[Panel] = &[
    Panel {
        query: &sql::BACKLOG_OVER_TIME,
        title: "Unsolved over time",
        about: "Tickets that were unsolved at the end of each step.",
        view: View::Time { unit: Unit::Count, kind: Kind::Lines, series: &[("n_unsolved", "Unsolved")] },
        is_wide: true,
    },
    Panel {
        query: &sql::BACKLOG_AGES,
        title: "Age",
        about: "Unsolved tickets by the time since their creation.",
        view: View::Classes { unit: Unit::Count, kind: Kind::Columns, series: &[("n_tickets", "Tickets")] },
        is_wide: false,
    },
    Panel {
        query: &sql::BACKLOG_STATUS,
        title: "Status and priority",
        about: "Unsolved tickets by what they wait for.",
        view: View::Classes {
            unit: Unit::Count,
            kind: Kind::Stacked,
            series: &[
                ("n_urgent", "Urgent"),
                ("n_high", "High"),
                ("n_normal", "Normal"),
                ("n_low", "Low"),
                ("n_none", "None"),
            ],
        },
        is_wide: false,
    },
    Panel {
        query: &sql::BACKLOG_BY_GROUP,
        title: "By group",
        about: "Unsolved tickets by the group that holds them.",
        view: View::Table(&[
            column("group_id", "Group", Content::Group),
            column("n_tickets", "Unsolved", Content::Cell),
            column("n_unassigned", "Unassigned", Content::Number(Unit::Count)),
            column("n_old", "Older than 7 days", Content::Number(Unit::Count)),
            column("age_median", "Age, median", Content::Number(Unit::Minutes)),
        ]),
        is_wide: true,
    },
    Panel {
        query: &sql::BACKLOG_OLDEST,
        title: "Oldest",
        about: "The twenty tickets that had been unsolved longest.",
        view: View::Table(&[
            column("ticket_id", "Ticket", Content::Ticket),
            column("status", "Status", Content::Word),
            column("priority", "Priority", Content::Word),
            column("group_id", "Group", Content::Group),
            column("age_minutes", "Age", Content::Number(Unit::Minutes)),
            column("unchanged_minutes", "In this state for", Content::Number(Unit::Minutes)),
        ]),
        is_wide: true,
    },
];
