//! What was read, what was kept and what may be kept at all.

use super::{Content, Dashboard, Extra, Good, Kpi, Kpis, Panel, View, column};
use crate::data::sql;
use crate::format::Unit;

/// The page.
pub(super) const DASHBOARD: Dashboard = Dashboard {
    slug: "privacy",
    title: "Privacy",
    about: "What was seen while reading, what was kept, and every column that may be kept at all.",
    has_filters: false,
    extra: Extra::Privacy,
    kpis: Some(Kpis { query: &sql::PRIVACY_KPIS, trend: None, items: KPIS }),
    panels: PANELS,
};

const fn kpi(column: &'static str, label: &'static str, about: &'static str) -> Kpi {
    Kpi { column, label, unit: Unit::Count, good: Good::Untold, about }
}

const KPIS: &[Kpi] = &[
    kpi("n_dropped", "Values dropped", "Seen while reading and never stored: whatever is not on the list."),
    kpi("n_kept", "Values kept", "Structural values of the columns below."),
    kpi(
        "n_pseudonymised",
        "Values pseudonymised",
        "Ids of agents and organizations, replaced by keyed pseudonyms.",
    ),
    kpi("n_other", "Words mapped to other", "Words outside the closed lists; their text is not kept."),
    kpi("n_rejected", "Rows rejected", "Rows whose shape was not understood; nothing of them is kept."),
    kpi("n_runs", "Runs", "Runs that are in the ledger."),
];

const PANELS: &[Panel] = &[
    Panel {
        query: &sql::PRIVACY_STREAMS,
        title: "Ledger by stream",
        about: "What became of every value that was seen, over all runs.",
        view: View::Table(&[
            column("stream", "Stream", Content::Word),
            column("n_dropped", "Dropped", Content::Bar(Unit::Count)),
            column("n_kept", "Kept", Content::Number(Unit::Count)),
            column("n_pseudonymised", "Pseudonymised", Content::Number(Unit::Count)),
            column("n_other", "Mapped to other", Content::Number(Unit::Count)),
        ]),
        is_wide: true,
    },
    Panel {
        query: &sql::PRIVACY_PATHS,
        title: "Dropped by place",
        about: "Where dropped values stood. The place is kept, the value is not.",
        view: View::Table(&[
            column("path", "Place", Content::Text),
            column("stream", "Stream", Content::Word),
            column("n_dropped", "Dropped", Content::Bar(Unit::Count)),
        ]),
        is_wide: true,
    },
];
