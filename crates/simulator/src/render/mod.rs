//! Rows as Zendesk writes them: straight into the page's buffer, with no tree of values in between.

pub(crate) mod canary;
pub(crate) mod event;
pub(crate) mod json;
pub(crate) mod live;
pub(crate) mod metrics;
pub(crate) mod people;
pub(crate) mod ticket;

use crate::dice::mix;
use crate::world::generated::{FIRST_AGENT, FIRST_END_USER, FIRST_ORGANIZATION, Generated};
use crate::world::history::Actor;
use crate::world::stream::{Filter, Stream};

/// Kinds of odd rows.
const ODDITIES: u64 = 7;

/// Arrays of people and content that a server change might add unasked, by key.
pub(crate) const SIDELOADS: [(&str, &str); 4] = [
    (
        "users",
        r#","users":[{"id":39999999999999,"name":"CANARY-sideload-user-0","email":"canary-sideload-0@example.test"}]"#,
    ),
    ("organizations", r#","organizations":[{"id":37999999999999,"name":"CANARY-sideload-organization-0"}]"#),
    ("groups", r#","groups":[{"id":36999999999999,"name":"CANARY-sideload-group-0"}]"#),
    ("audits", r#","audits":[{"id":1,"events":[{"type":"Comment","body":"CANARY-sideload-audit-0"}]}]"#),
];

/// Whether, and in which of seven ways, the row of this id comes in an odd shape.
pub(crate) fn oddity(percent: u8, id: i64) -> Option<u8> {
    let drawn = mix(0x0DD, id as u64);
    (drawn % 100 < u64::from(percent)).then_some(((drawn >> 32) % ODDITIES) as u8)
}

pub(crate) fn agent_id(agent: u16) -> i64 {
    FIRST_AGENT + i64::from(agent)
}

pub(crate) fn end_user_id(user: u32) -> i64 {
    FIRST_END_USER + i64::from(user)
}

pub(crate) fn organization_id(organization: u32) -> i64 {
    FIRST_ORGANIZATION + i64::from(organization)
}

/// The id that an update is signed with; -1 is the system.
pub(crate) fn person_id(actor: Actor) -> i64 {
    match actor {
        Actor::System => -1,
        Actor::Agent(agent) => agent_id(agent),
        Actor::EndUser(user) => end_user_id(user),
    }
}

/// Writes a row of a generated world.
pub(crate) fn write_row(world: &Generated, stream: Stream, row: usize, filter: Filter, out: &mut Vec<u8>) {
    let written = match stream {
        Stream::Tickets => {
            world.update(row).map(|(history, audit)| ticket::write_ticket(world, history, audit, filter, out))
        }
        Stream::TicketEvents => world
            .update(row)
            .map(|(history, audit)| event::write_event(history, audit, world.id(stream, row), filter, out)),
        Stream::MetricEvents => world
            .metric_event(row)
            .map(|event| metrics::write_metric_event(event, filter.oddity_percent, out)),
        Stream::Users => world.user(row).map(|(index, at)| people::write_user(world, index, at, out)),
        Stream::Organizations => {
            world.organization(row).map(|(index, at)| people::write_organization(world, index, at, out))
        }
    };
    debug_assert!(written.is_some(), "a page holds only rows of its stream");
}

/// Writes a group; the account has no stream of them.
pub(crate) fn write_group(id: i64, out: &mut Vec<u8>) {
    json::int(out, "{\"url\":\"https://canary-subdomain.example.test/api/v2/groups/", id);
    json::int(out, ".json\",\"id\":", id);
    json::canary(out, ",\"name\":", "group-name", id);
    json::canary(out, ",\"description\":", "group-description", id);
    json::lit(out, ",\"default\":false,\"deleted\":false}");
}

/// RFC 3339 in UTC with whole seconds, as every timestamp of the API.
pub(crate) fn timestamp(secs: i64) -> String {
    let mut out = Vec::with_capacity(20);
    push_time(&mut out, secs);
    String::from_utf8(out).unwrap_or_default()
}

/// Appends a timestamp without quotes.
pub(crate) fn push_time(out: &mut Vec<u8>, secs: i64) {
    let (days, second) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
    // Days to civil date, by eras of 400 years that begin in March (Hinnant's algorithm).
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    push_int(out, year);
    for (mark, value) in
        [(b'-', month), (b'-', day), (b'T', second / 3600), (b':', second / 60 % 60), (b':', second % 60)]
    {
        out.extend_from_slice(&[mark, b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
    }
    out.push(b'Z');
}

/// Appends a whole number.
pub(crate) fn push_int(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0_u8; 20];
    let mut left = value.unsigned_abs();
    let mut from = digits.len();
    for (place, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
        from = place;
        if left == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(digits.get(from..).unwrap_or_default());
}
