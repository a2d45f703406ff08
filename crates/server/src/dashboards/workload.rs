//! How work is spread.

use super::{Content, Dashboard, Extra, Good, Kpi, Kpis, Panel, View, column};
use crate::charts::Kind;
use crate::data::sql;
use crate::format::Unit;

/// The page.
pub(super) const DASHBOARD: Dashboard = Dashboard {
    slug: "workload",
    title: "Workload",
    about: "How work is spread. Agents are shown by pseudonym unless you gave names in a label file.",
    has_filters: true,
    extra: Extra::None,
    kpis: Some(Kpis { query: &sql::WORKLOAD_KPIS, trend: None, items: KPIS }),
    panels: PANELS,
};

const KPIS: &[Kpi] = &[
    Kpi {
        column: "n_agents",
        label: "Agents with assignments",
        unit: Unit::Count,
        good: Good::Neutral,
        about: "Agents who were assigned a ticket in the period.",
    },
    Kpi {
        column: "assigned_median",
        label: "Assignments per agent, median",
        unit: Unit::Count,
        good: Good::Neutral,
        about: "Half of the agents were assigned more, half fewer.",
    },
    Kpi {
        column: "assigned_max",
        label: "Most assignments",
        unit: Unit::Count,
        good: Good::Neutral,
        about: "Assignments of the agent with the most.",
    },
    Kpi {
        column: "open_median",
        label: "Open per agent, median",
        unit: Unit::Count,
        good: Good::Untold,
        about: "Unsolved tickets that agents hold, as of the newest data.",
    },
    Kpi {
        column: "gini",
        label: "Imbalance (Gini)",
        unit: Unit::Ratio,
        good: Good::Down,
        about: "0 when all agents got the same number of assignments, towards 1 when one got all.",
    },
];

const PANELS: &[Panel] = &[
    Panel {
        query: &sql::WORKLOAD_FLOW,
        title: "Assignments over time",
        about: "First assignments of a ticket, and handovers from another agent.",
        view: View::Time {
            unit: Unit::Count,
            kind: Kind::Stacked,
            series: &[("n_first", "First assignment"), ("n_handover", "Handover")],
        },
        is_wide: false,
    },
    Panel {
        query: &sql::WORKLOAD_BALANCE,
        title: "Balance",
        about: "Share of all assignments by tenths of the agents, busiest first. Even work is 10 % each.",
        view: View::Classes { unit: Unit::Percent, kind: Kind::Columns, series: &[("share", "Share")] },
        is_wide: false,
    },
    Panel {
        query: &sql::WORKLOAD_CONCURRENCY,
        title: "Tickets held at once",
        about: "Unsolved tickets that an agent holds at the end of each step: half of the agents with any hold more, half fewer.",
        view: View::Time {
            unit: Unit::Count,
            kind: Kind::Lines,
            series: &[("held_median", "Median agent"), ("held_max", "Busiest agent")],
        },
        is_wide: true,
    },
    Panel {
        query: &sql::WORKLOAD_AGENTS,
        title: "Agents",
        about: "Assignments received and tickets resolved in the period, and what is open now.",
        view: View::Table(&[
            column("agent_key", "Agent", Content::Agent),
            column("n_assigned", "Assigned", Content::Bar(Unit::Count)),
            column("share", "Share", Content::Number(Unit::Percent)),
            column("n_resolved", "Resolved", Content::Number(Unit::Count)),
            column("n_open", "Open now", Content::Number(Unit::Count)),
            column("resolution_median", "Resolution, median", Content::Number(Unit::Minutes)),
        ]),
        is_wide: true,
    },
    Panel {
        query: &sql::WORKLOAD_GROUPS,
        title: "Balance by group and month",
        about: "Gini is 0 when all agents of the group got the same; HHI is 1 when one agent got all.",
        view: View::Table(&[
            column("assigned_month", "Month", Content::Month),
            column("group_id", "Group", Content::Group),
            column("n_agents", "Agents", Content::Number(Unit::Count)),
            column("n_assignments", "Assignments", Content::Cell),
            column("share_max", "Largest share", Content::Bar(Unit::Percent)),
            column("gini", "Gini", Content::Number(Unit::Ratio)),
            column("hhi", "HHI", Content::Number(Unit::Ratio)),
        ]),
        is_wide: true,
    },
];
