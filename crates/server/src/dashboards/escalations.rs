//! How tickets move between groups and tiers.

use super::{Content, Dashboard, Extra, Good, Kpi, Kpis, Panel, View, column};
use crate::charts::Kind;
use crate::data::sql;
use crate::format::Unit;

/// The page.
pub(super) const DASHBOARD: Dashboard = Dashboard {
    slug: "escalations",
    title: "Escalations",
    about: "How tickets move between groups and tiers. An escalation is a move to a higher tier or a raised priority.",
    has_filters: true,
    extra: Extra::None,
    kpis: Some(Kpis { query: &sql::ESCALATION_KPIS, trend: None, items: KPIS }),
    panels: PANELS,
};

const KPIS: &[Kpi] = &[
    Kpi {
        column: "n_escalations",
        label: "Escalations",
        unit: Unit::Count,
        good: Good::Down,
        about: "Moves to a higher tier, and raises of priority, in the period.",
    },
    Kpi {
        column: "n_tickets",
        label: "Tickets escalated",
        unit: Unit::Count,
        good: Good::Down,
        about: "Different tickets with an escalation in the period.",
    },
    Kpi {
        column: "first_median",
        label: "Time to first escalation, median",
        unit: Unit::Minutes,
        good: Good::Neutral,
        about: "From creation to the first escalation of the period.",
    },
    Kpi {
        column: "n_moves",
        label: "Group moves",
        unit: Unit::Count,
        good: Good::Neutral,
        about: "Moves between groups, in either direction.",
    },
    Kpi {
        column: "n_returns",
        label: "Ping-pong",
        unit: Unit::Count,
        good: Good::Down,
        about: "Moves back to a group that had held the ticket before.",
    },
    Kpi {
        column: "n_after_breach",
        label: "After a breach",
        unit: Unit::Count,
        good: Good::Down,
        about: "Escalations within an hour after an SLA breach of the ticket.",
    },
];

const PANELS: &[Panel] = &[
    Panel {
        query: &sql::ESCALATIONS_OVER_TIME,
        title: "Steps over time",
        about: "Moves between groups and raises of priority.",
        view: View::Time {
            unit: Unit::Count,
            kind: Kind::Stacked,
            series: &[
                ("n_tier_up", "To a higher tier"),
                ("n_raise", "Priority raised"),
                ("n_move", "Same tier"),
                ("n_tier_down", "To a lower tier"),
            ],
        },
        is_wide: true,
    },
    Panel {
        query: &sql::ESCALATIONS_DELAY,
        title: "Time to first escalation",
        about: "Tickets by the time from creation to their first escalation of the period.",
        view: View::Classes { unit: Unit::Count, kind: Kind::Columns, series: &[("n_tickets", "Tickets")] },
        is_wide: false,
    },
    Panel {
        query: &sql::ESCALATIONS_BETWEEN_TIERS,
        title: "Between tiers",
        about: "From the tiers on the left to those on the right. Needs tiers in the pipeline file: Zendesk’s groups do not tell \
                them.",
        view: View::Flow(&[
            column("move", "Move", Content::Text),
            column("n_steps", "Moves", Content::Bar(Unit::Count)),
            column("n_tickets", "Tickets", Content::Cell),
            column("since_created_median", "After, median", Content::Number(Unit::Minutes)),
            column("to_resolution_median", "To resolution, median", Content::Number(Unit::Minutes)),
        ]),
        is_wide: false,
    },
    Panel {
        query: &sql::ESCALATIONS_BY_GROUP,
        title: "By group",
        about: "By the group that was left, or that held the ticket when its priority was raised.",
        view: View::Table(&[
            column("group_id", "Group", Content::Group),
            column("n_tickets", "Tickets", Content::Cell),
            column("n_escalations", "Escalations", Content::Bar(Unit::Count)),
            column("n_returns", "Came back", Content::Number(Unit::Count)),
            column("since_created_median", "After, median", Content::Number(Unit::Minutes)),
        ]),
        is_wide: true,
    },
    Panel {
        query: &sql::ESCALATIONS_RETURNS,
        title: "Ping-pong between groups",
        about: "Moves back to a group that had held the ticket before.",
        view: View::Table(&[
            column("from_group_id", "From", Content::Group),
            column("group_id", "Back to", Content::Group),
            column("n_steps", "Moves", Content::Bar(Unit::Count)),
            column("n_tickets", "Tickets", Content::Cell),
        ]),
        is_wide: true,
    },
];
