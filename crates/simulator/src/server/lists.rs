//! What is not an export: `users/me`, plain lists, single rows, metric sets.

use super::Simulator;
use super::answer::Answer;
use super::asked::Asked;
use super::route::Endpoint;
use super::sideloads::Sideloads;
use crate::options::TokenRole;
use crate::server::ME;
use crate::world::stream::{Filter, Stream, SupportScope};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// Most rows of a list's page.
const LIST_ROWS_MAX: usize = 100;
/// Offset pagination ends here.
const OFFSET_ROWS_MAX: usize = 10_000;

/// Lists show the tickets of all support types, and none that are deleted.
const LISTED: Filter = Filter {
    support: SupportScope::All,
    exclude_deleted: true,
    metric_sets: false,
    comment_events: false,
    slas: None,
    metric_events: None,
    oddity_percent: 0,
};

/// `users/me`: with no or ignored credentials it answers 200 with an anonymous user, as recorded.
pub(crate) fn me(simulator: &Simulator, asked: &Asked, known: Option<()>) -> Answer {
    let role = match simulator.options.token_role {
        TokenRole::Admin => "admin",
        TokenRole::Agent => "agent",
    };
    let user = match known {
        Some(()) => json!({
            "id": ME, "url": format!("{}/api/v2/users/{ME}.json", asked.origin()), "name": "CANARY-me-name-0",
            "email": "canary-me-0@example.test", "created_at": "2020-01-02T03:04:05Z",
            "updated_at": "2020-01-02T03:04:05Z", "time_zone": "Eastern Time (US & Canada)",
            "iana_time_zone": "America/New_York", "phone": null, "locale": "en-US", "role": role,
            "verified": true, "active": true, "suspended": false, "tags": [], "user_fields": {},
        }),
        None => json!({
            "id": null, "url": "", "name": "Anonymous user", "email": "invalid@example.com", "created_at": null,
            "updated_at": null, "time_zone": null, "phone": null, "locale_id": 1, "locale": "en-US",
            "organization_id": null, "role": "end-user", "verified": false, "active": false, "tags": [],
        }),
    };
    Answer::json(200, json!({"user": user}).to_string())
}

/// Everything else that a token may read.
pub(crate) fn answer(
    simulator: &Simulator,
    asked: &Asked,
    (endpoint, id): (Endpoint, i64),
    sideloads: Sideloads,
) -> Answer {
    let beside = |stream: Stream, rows: &str| {
        let mut arrays = Vec::new();
        if stream == Stream::Tickets {
            sideloads.write(simulator, format!("[{rows}]").as_bytes(), simulator.now(), &mut arrays);
        }
        String::from_utf8(arrays).unwrap_or_default()
    };
    match endpoint {
        Endpoint::Me => me(simulator, asked, Some(())),
        Endpoint::List(stream) => {
            let filter = Filter { metric_events: None, ..included(simulator, asked) };
            let rows = visible(simulator, stream, &roles(asked), filter);
            listed(asked, stream.key(), &rows, |rows| beside(stream, rows))
        }
        Endpoint::Count(stream) => {
            let value = visible(simulator, stream, &roles(asked), LISTED).len();
            let refreshed_at = crate::render::timestamp(simulator.now());
            Answer::json(200, json!({"count": {"value": value, "refreshed_at": refreshed_at}}).to_string())
        }
        Endpoint::Show(stream) => {
            match shown(simulator, stream, Some(id), included(simulator, asked)).pop() {
                Some(row) => {
                    wrapped(stream.key().trim_end_matches('s'), &row.json, &beside(stream, &row.json))
                }
                None => Answer::not_found(),
            }
        }
        Endpoint::TicketMetrics => {
            let mut sets = metric_sets(simulator, None);
            sets.reverse();
            listed(asked, "ticket_metrics", &sets, |_| String::new())
        }
        Endpoint::Metrics => match metric_sets(simulator, Some(id)).pop() {
            Some(set) => wrapped("ticket_metric", &set.json, ""),
            None => Answer::not_found(),
        },
        _ => forbidden(asked),
    }
}

/// What the product must never ask for, to a token with the scope for it: one row that has what published clients
/// look at.
fn forbidden(asked: &Asked) -> Answer {
    let time = "2020-01-02T03:04:05Z";
    let row = json!({
        "id": 1, "name": "CANARY-forbidden-name-0", "body": "CANARY-forbidden-body-0", "created_at": time,
        "updated_at": time, "type": "text", "key": "canary-forbidden-key-0", "events": [],
    });
    let key = match asked.path.trim_end_matches(".json").rsplit('/').next().unwrap_or_default() {
        "settings" => {
            let features = json!({"organization_access_enabled": true});
            return Answer::json(200, json!({"settings": {"active_features": features}}).to_string());
        }
        "ticket_audits" => "audits",
        "policies" => "sla_policies",
        "search" => "results",
        other => other,
    };
    listed(asked, key, &[Row { id: 1, json: row.to_string() }], |_| String::new())
}

struct Row {
    id: i64,
    json: String,
}

/// What a ticket may bring along, here as it stands now.
fn included(simulator: &Simulator, asked: &Asked) -> Filter {
    let includes = asked.words("include");
    let wants = |name: &str| includes.iter().any(|include| include == name);
    let now = simulator.now();
    Filter {
        metric_sets: wants("metric_sets"),
        slas: wants("slas").then_some(now),
        metric_events: wants("metric_events").then_some(now),
        oddity_percent: simulator.options.oddity_percent,
        ..LISTED
    }
}

fn roles(asked: &Asked) -> Vec<&str> {
    let role = |key: &String| key == "role[]" || key == "role";
    asked.query.iter().filter(|(key, _)| role(key)).map(|(_, value)| value.as_str()).collect()
}

/// The rows of a stream that a list shows now, in order of id, or the one of this id; deleted tickets are not
/// among them.
fn shown(simulator: &Simulator, stream: Stream, id: Option<i64>, filter: Filter) -> Vec<Row> {
    let (world, now) = (&simulator.world, simulator.now());
    let mut rows: Vec<Row> = (0..world.len(stream))
        .filter(|row| id.is_none_or(|id| world.id(stream, *row) == id))
        .filter(|row| world.shows(stream, *row, now, filter))
        .filter_map(|row| {
            let mut json = Vec::new();
            world.write_row(stream, row, filter, &mut json);
            Some(Row { id: world.id(stream, row), json: String::from_utf8(json).ok()? })
        })
        .collect();
    rows.sort_by_key(|row| row.id);
    rows
}

/// The rows of a list, of these roles when any are named.
fn visible(simulator: &Simulator, stream: Stream, roles: &[&str], filter: Filter) -> Vec<Row> {
    #[derive(Deserialize)]
    struct Role {
        role: Option<String>,
    }
    let role = |row: &Row| serde_json::from_str::<Role>(&row.json).ok()?.role;
    let mut rows = shown(simulator, stream, None, filter);
    rows.retain(|row| roles.is_empty() || role(row).is_some_and(|role| roles.contains(&role.as_str())));
    rows
}

/// Metric sets of the tickets that still have one, in order of ticket id, or the one of this ticket.
fn metric_sets(simulator: &Simulator, id: Option<i64>) -> Vec<Row> {
    #[derive(Deserialize)]
    struct Ticket<'a> {
        #[serde(borrow)]
        metric_set: Option<&'a RawValue>,
    }
    let tickets = shown(simulator, Stream::Tickets, id, Filter { metric_sets: true, ..LISTED });
    let set = |row: Row| {
        let ticket: Ticket<'_> = serde_json::from_str(&row.json).ok()?;
        Some(Row { id: row.id, json: ticket.metric_set?.get().to_owned() })
    };
    tickets.into_iter().filter_map(set).collect()
}

fn wrapped(key: &str, json: &str, beside: &str) -> Answer {
    Answer::json(200, format!("{{\"{key}\":{json}{beside}}}"))
}

/// One page of a list, by cursor with `page[size]`, else by offset; `beside` writes what stands beside its rows.
fn listed(asked: &Asked, key: &str, rows: &[Row], beside: impl Fn(&str) -> String) -> Answer {
    let number = |name: &str| asked.value(name).and_then(|text| text.parse::<usize>().ok());
    let size = |name: &str| number(name).filter(|size| *size > 0).unwrap_or(LIST_ROWS_MAX).min(LIST_ROWS_MAX);
    let by_cursor = asked.value("page[size]").is_some();
    let (from, size) = if by_cursor {
        (number("page[after]").unwrap_or(0), size("page[size]"))
    } else {
        let size = size("per_page");
        (number("page").unwrap_or(1).saturating_sub(1) * size, size)
    };
    if !by_cursor && from >= OFFSET_ROWS_MAX {
        return Answer::refusal(
            400,
            "InvalidPaginationDepth",
            "Number of pages is limited to 100 records per page",
        );
    }
    let page: Vec<&str> = rows.iter().skip(from).take(size).map(|row| row.json.as_str()).collect();
    let next = from + page.len();
    let has_more = next < rows.len();
    let tail = if by_cursor {
        let url = asked.again(&[("page[after]", &next.to_string())]);
        json!({"meta": {"has_more": has_more, "after_cursor": next.to_string(), "before_cursor": null},
            "links": {"next": has_more.then_some(url), "prev": null}})
    } else {
        let url = asked.again(&[("page", &(from / size + 2).to_string())]);
        json!({"next_page": has_more.then_some(url), "previous_page": null, "count": rows.len()})
    };
    let tail = tail.to_string();
    let tail = tail.strip_prefix('{').unwrap_or(&tail);
    let page = page.join(",");
    Answer::json(200, format!("{{\"{key}\":[{page}]{},{tail}", beside(&page)))
}
