//! Whether the numbers can be trusted.

use super::{Content, Dashboard, Extra, Good, Kpi, Kpis, Panel, View, column};
use crate::data::sql;
use crate::format::Unit;

/// The page.
pub(super) const DASHBOARD: Dashboard = Dashboard {
    slug: "quality",
    title: "Data quality",
    about: "Whether the numbers can be trusted: compared with Zendesk’s own, ticket by ticket, and what is missing.",
    has_filters: false,
    extra: Extra::None,
    kpis: Some(Kpis { query: &sql::QUALITY_KPIS, trend: None, items: KPIS }),
    panels: PANELS,
};

const KPIS: &[Kpi] = &[
    Kpi {
        column: "parity_rate",
        label: "Agrees with Zendesk",
        unit: Unit::Percent,
        good: Good::Untold,
        about: "Values that equal Zendesk’s own but for rounding.",
    },
    Kpi {
        column: "n_compared",
        label: "Values compared",
        unit: Unit::Count,
        good: Good::Untold,
        about: "Tickets times metrics that either side knows.",
    },
    Kpi {
        column: "n_gaps",
        label: "Tickets with a gap",
        unit: Unit::Count,
        good: Good::Untold,
        about: "Tickets with a status change that is missing from the events.",
    },
    Kpi {
        column: "n_missing",
        label: "Tables without rows",
        unit: Unit::Count,
        good: Good::Untold,
        about: "Not granted, or nothing there.",
    },
    Kpi {
        column: "n_rows",
        label: "Rows collected",
        unit: Unit::Count,
        good: Good::Untold,
        about: "Rows of all collected tables.",
    },
];

const PANELS: &[Panel] = &[
    Panel {
        query: &sql::QUALITY_PARITY,
        title: "Parity with Zendesk",
        about: "Ours against the metric set that Zendesk computes for each ticket.",
        view: View::Table(&[
            column("metric", "Metric", Content::Word),
            column("n_tickets", "Tickets", Content::Cell),
            column("agrees", "Agrees", Content::Bar(Unit::Percent)),
            column("equal", "Exactly", Content::Number(Unit::Percent)),
            column("n_differ", "Differs", Content::Number(Unit::Count)),
        ]),
        is_wide: true,
    },
    Panel {
        query: &sql::QUALITY_REASONS,
        title: "Why values differ",
        about: "Every difference has a reason; the unexplained ones are worth a look.",
        view: View::Table(&[
            column("reason", "Reason", Content::Word),
            column("n_values", "Values", Content::Bar(Unit::Count)),
            column("n_tickets", "Tickets", Content::Cell),
            column("difference_median", "Difference, median", Content::Number(Unit::Ratio)),
        ]),
        is_wide: true,
    },
    Panel {
        query: &sql::QUALITY_CHECKS,
        title: "Checks",
        about: "What must hold of the marts. Each sync checks every table besides; one that fails is not published.",
        view: View::Table(&[
            column("rule", "Rule", Content::Text),
            column("outcome", "Outcome", Content::Word),
            column("n_against", "Rows against it", Content::Number(Unit::Count)),
            column("n_rows", "Rows", Content::Number(Unit::Count)),
        ]),
        is_wide: true,
    },
    Panel {
        query: &sql::QUALITY_COVERAGE,
        title: "Coverage",
        about: "What has been collected, and up to when.",
        view: View::Table(&[
            column("table_name", "Table", Content::Word),
            column("n_rows", "Rows", Content::Number(Unit::Count)),
            column("n_tickets_with_gap", "Tickets with a gap", Content::Number(Unit::Count)),
            column("first_at", "Oldest", Content::Time),
            column("last_at", "Newest", Content::Time),
            column("age_minutes", "Behind by", Content::Number(Unit::Minutes)),
        ]),
        is_wide: true,
    },
];
