//! Whether promised times were kept, and which are about to be missed.

use super::{Content, Dashboard, Extra, Good, Kpi, Kpis, Panel, View, column};
use crate::charts::Kind;
use crate::data::sql;
use crate::format::Unit;

/// The page.
pub(super) const DASHBOARD: Dashboard = Dashboard {
    slug: "sla",
    title: "SLA",
    about: "Whether promised times were kept, by Zendesk’s own breach events, and which are about to be missed.",
    has_filters: true,
    extra: Extra::None,
    kpis: Some(Kpis { query: &sql::SLA_KPIS, trend: None, items: KPIS }),
    panels: PANELS,
};

const KPIS: &[Kpi] = &[
    Kpi {
        column: "target_rate",
        label: "Targets achieved",
        unit: Unit::Percent,
        good: Good::Up,
        about: "Achieved over achieved and breached targets decided in the period.",
    },
    Kpi {
        column: "ticket_rate",
        label: "Tickets without a breach",
        unit: Unit::Percent,
        good: Good::Up,
        about: "Tickets with a decided target in the period and no breached one.",
    },
    Kpi {
        column: "n_breached",
        label: "Targets breached",
        unit: Unit::Count,
        good: Good::Down,
        about: "Breaches in the period.",
    },
    Kpi {
        column: "n_running",
        label: "Running now",
        unit: Unit::Count,
        good: Good::Untold,
        about: "Targets that are neither achieved nor breached, as of the newest data.",
    },
    Kpi {
        column: "n_breached_open",
        label: "Breached and still open",
        unit: Unit::Count,
        good: Good::Untold,
        about: "Targets that are breached and not fulfilled, as of the newest data.",
    },
    Kpi {
        column: "n_at_risk",
        label: "Due within 2 hours",
        unit: Unit::Count,
        good: Good::Untold,
        about: "Running targets that are due within two hours of the newest data.",
    },
];

const PANELS: &[Panel] = &[
    Panel {
        query: &sql::SLA_OVER_TIME,
        title: "Targets achieved over time",
        about: "Share of the targets decided in each step.",
        view: View::Time { unit: Unit::Percent, kind: Kind::Lines, series: &[("achieved", "Achieved")] },
        is_wide: false,
    },
    Panel {
        query: &sql::SLA_OVER_TIME,
        title: "Achieved and breached",
        about: "Targets decided in each step.",
        view: View::Time {
            unit: Unit::Count,
            kind: Kind::Stacked,
            series: &[("n_achieved", "Achieved"), ("n_breached", "Breached")],
        },
        is_wide: false,
    },
    Panel {
        query: &sql::SLA_BY_METRIC,
        title: "By metric",
        about: "Targets decided in the period. Times run as the target counts them.",
        view: View::Table(&[
            column("policy_metric", "Metric", Content::Word),
            column("n_decided", "Targets", Content::Cell),
            column("n_breached", "Breached", Content::Number(Unit::Count)),
            column("achieved", "Achieved", Content::Bar(Unit::Percent)),
            column("target_minutes", "Target, median", Content::Number(Unit::Minutes)),
            column("elapsed_minutes", "Taken, median", Content::Number(Unit::Minutes)),
        ]),
        is_wide: true,
    },
    Panel {
        query: &sql::SLA_BY_POLICY,
        title: "By policy",
        about: "Targets decided in the period. Zendesk’s names of policies are not read: give your own in the label file.",
        view: View::Table(&[
            column("policy", "Policy", Content::Policy),
            column("n_decided", "Targets", Content::Cell),
            column("n_breached", "Breached", Content::Number(Unit::Count)),
            column("achieved", "Achieved", Content::Bar(Unit::Percent)),
            column("target_minutes", "Target, median", Content::Number(Unit::Minutes)),
            column("elapsed_minutes", "Taken, median", Content::Number(Unit::Minutes)),
        ]),
        is_wide: true,
    },
    Panel {
        query: &sql::SLA_BY_GROUP,
        title: "By group",
        about: "By the group that held the ticket when the clock ended.",
        view: View::Table(&[
            column("group_id", "Group", Content::Group),
            column("n_decided", "Targets", Content::Cell),
            column("n_breached", "Breached", Content::Number(Unit::Count)),
            column("achieved", "Achieved", Content::Bar(Unit::Percent)),
        ]),
        is_wide: false,
    },
    Panel {
        query: &sql::SLA_BY_PRIORITY,
        title: "By priority",
        about: "By the priority that the ticket had when the clock ended.",
        view: View::Table(&[
            column("priority", "Priority", Content::Word),
            column("n_decided", "Targets", Content::Cell),
            column("achieved", "Achieved", Content::Bar(Unit::Percent)),
            column("target_minutes", "Target, median", Content::Number(Unit::Minutes)),
        ]),
        is_wide: false,
    },
    Panel {
        query: &sql::SLA_AT_RISK,
        title: "At risk now",
        about: "Running targets due within 24 hours of the newest data, then those already missed.",
        view: View::Table(&[
            column("ticket_id", "Ticket", Content::Ticket),
            column("policy_metric", "Metric", Content::Word),
            column("group_id", "Group", Content::Group),
            column("priority", "Priority", Content::Word),
            column("due_at", "Due", Content::Time),
            column("minutes_left", "Left", Content::Number(Unit::Minutes)),
        ]),
        is_wide: true,
    },
];
