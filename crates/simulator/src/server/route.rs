//! The routes and the scope that each one wants: a table, so that both profiles can be read at a glance.

use crate::options::ScopeProfile;
use crate::world::stream::Stream;
use crate::world::stream::Stream::{MetricEvents, Organizations, TicketEvents, Tickets, Users};

/// What a path leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Endpoint {
    Export(Stream, Mode),
    Sample(Stream),
    Me,
    List(Stream),
    Count(Stream),
    Show(Stream),
    Metrics,
    TicketMetrics,
    TokenCurrent,
    Token,
    /// Outside what the product may read; it exists so that a call to it is seen.
    Forbidden,
}

/// Whether an export goes on by cursor or by time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    Cursor,
    Time,
}

/// One line of the scope table. Any of the scopes opens it, and so does the global `read`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) endpoint: Endpoint,
    lenient: &'static str,
    strict: &'static str,
    /// Admins only, whatever the scope.
    pub(crate) admin: bool,
}

impl Route {
    /// The granular scope that opens this route; `read` when no granular one does.
    pub(crate) fn scope(&self, profile: ScopeProfile) -> &'static str {
        match profile {
            ScopeProfile::Lenient => self.lenient,
            ScopeProfile::Strict => self.strict,
        }
    }
}

const T: &str = "tickets:read";
const U: &str = "users:read";
const O: &str = "organizations:read";
const ALL: &str = "read";
/// No scope: any token will do.
pub(crate) const NONE: &str = "";

const fn row(
    path: &'static str,
    endpoint: Endpoint,
    lenient: &'static str,
    strict: &'static str,
    admin: bool,
) -> Route {
    Route { path, endpoint, lenient, strict, admin }
}

const fn export(path: &'static str, stream: Stream, mode: Mode, lenient: &'static str) -> Route {
    row(path, Endpoint::Export(stream, mode), lenient, ALL, true)
}

const fn forbidden(path: &'static str, scope: &'static str) -> Route {
    row(path, Endpoint::Forbidden, scope, scope, false)
}

/// Every route under `/api/v2/`; `{}` stands for an id.
pub(crate) const ROUTES: &[Route] = &[
    export("incremental/tickets/cursor", Tickets, Mode::Cursor, T),
    export("incremental/tickets", Tickets, Mode::Time, T),
    export("incremental/ticket_events", TicketEvents, Mode::Time, T),
    export("incremental/ticket_metric_events", MetricEvents, Mode::Time, T),
    export("incremental/users/cursor", Users, Mode::Cursor, U),
    export("incremental/users", Users, Mode::Time, U),
    export("incremental/organizations", Organizations, Mode::Time, O),
    row("incremental/tickets/sample", Endpoint::Sample(Tickets), T, ALL, true),
    row("incremental/ticket_events/sample", Endpoint::Sample(TicketEvents), T, ALL, true),
    row("incremental/users/sample", Endpoint::Sample(Users), U, ALL, true),
    row("incremental/organizations/sample", Endpoint::Sample(Organizations), O, ALL, true),
    row("users/me", Endpoint::Me, U, U, false),
    row("tickets", Endpoint::List(Tickets), T, T, false),
    row("tickets/count", Endpoint::Count(Tickets), T, T, false),
    row("tickets/{}", Endpoint::Show(Tickets), T, T, false),
    row("tickets/{}/metrics", Endpoint::Metrics, T, ALL, false),
    row("ticket_metrics", Endpoint::TicketMetrics, T, ALL, false),
    row("users", Endpoint::List(Users), U, U, false),
    row("users/count", Endpoint::Count(Users), U, U, false),
    row("users/{}", Endpoint::Show(Users), U, U, false),
    row("organizations", Endpoint::List(Organizations), O, O, false),
    row("organizations/count", Endpoint::Count(Organizations), O, O, false),
    row("organizations/{}", Endpoint::Show(Organizations), O, O, false),
    row("oauth/tokens/current", Endpoint::TokenCurrent, NONE, NONE, false),
    row("oauth/tokens/{}", Endpoint::Token, NONE, NONE, false),
    forbidden("tickets/{}/comments", ALL),
    forbidden("tickets/{}/audits", ALL),
    forbidden("ticket_audits", ALL),
    forbidden("satisfaction_ratings", "satisfaction_ratings:read"),
    forbidden("satisfaction_ratings/{}", "satisfaction_ratings:read"),
    forbidden("attachments/{}", ALL),
    forbidden("groups", "groups:read"),
    forbidden("groups/{}", "groups:read"),
    forbidden("group_memberships", "groups:read"),
    forbidden("brands", "brands:read"),
    forbidden("slas/policies", "sla_policies:read"),
    forbidden("group_slas/policies", "sla_policies:read"),
    forbidden("business_hours/schedules", ALL),
    forbidden("business_hours/schedules/{}/holidays", ALL),
    forbidden("ticket_fields", ALL),
    forbidden("ticket_forms", ALL),
    forbidden("custom_statuses", ALL),
    forbidden("custom_roles", ALL),
    forbidden("user_fields", ALL),
    forbidden("organization_fields", ALL),
    forbidden("macros", ALL),
    forbidden("tags", ALL),
    forbidden("account/settings", ALL),
    forbidden("search", ALL),
    forbidden("search/export", ALL),
];

/// The route of a path under `/api/v2/`, and the id in it; `.json` at the end is optional.
pub(crate) fn find(path: &str) -> Option<(&'static Route, i64)> {
    let path = path.strip_prefix("/api/v2/")?.trim_end_matches('/');
    let path = path.strip_suffix(".json").unwrap_or(path);
    ROUTES.iter().find_map(|route| matched(route.path, path).map(|id| (route, id)))
}

fn matched(pattern: &str, path: &str) -> Option<i64> {
    let mut id = 0;
    let mut pieces = path.split('/');
    for expected in pattern.split('/') {
        let piece = pieces.next()?;
        if expected == "{}" {
            id = piece.parse().ok()?;
        } else if expected != piece {
            return None;
        }
    }
    pieces.next().is_none().then_some(id)
}
