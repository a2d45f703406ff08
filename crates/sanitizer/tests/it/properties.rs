//! Pages bent in every way: keys, types, nesting, order. The streaming sanitizer and the obvious one must agree.

use deskmeter_sanitizer::{CleanPage, Error, LedgerRow, PseudonymKey, Sanitizer, SanitizerOptions};
use deskmeter_zendesk::{Cursor, Stream};
use proptest::prelude::*;

use crate::labels;
use crate::node::Node;
use crate::reference::{self, Outcome, TIMES, WAYS};
use crate::text;

/// A valid page of each stream, which holds every key that is read.
const PAGES: [(Stream, &str); 5] = [
    (
        Stream::Tickets,
        r#"{"tickets":[{"url":"POISON","id":410019,"via":{"channel":"email","source":{"from":{"address":"POISON"},"to":{},"rel":"follow_up"}},"created_at":"2026-11-02T09:14:07Z","updated_at":"2026-11-03T15:40:51Z","generated_timestamp":1793720475,"type":"incident","subject":"POISON","priority":"high","status":"open","requester_id":39000000000101,"submitter_id":39000000000101,"assignee_id":38000000000007,"organization_id":37000000000003,"group_id":36000000000002,"collaborator_ids":[],"follower_ids":[1],"email_cc_ids":[39000000000177,1],"problem_id":7,"has_incidents":false,"is_public":true,"due_at":"2026-11-02T11:49:07Z","tags":["POISON","closed_by_merge"],"custom_fields":[{"id":1,"value":"POISON"},{"id":7,"value":["POISON","task"]},{"id":1,"value":"hold"}],"fields":[{"id":7,"value":true}],"satisfaction_rating":{"score":"good"},"custom_status_id":32000000000004,"followup_ids":[],"ticket_form_id":31000000000001,"brand_id":30000000000001,"from_messaging_channel":false,"support_type":"agent","metric_set":{"url":"POISON","id":47000000000001,"ticket_id":410019,"created_at":"2026-11-02T09:14:07Z","updated_at":"2026-11-03T15:40:51Z","group_stations":2,"assignee_stations":1,"reopens":0,"replies":3,"assignee_updated_at":"2026-11-03T15:40:51Z","requester_updated_at":"2026-11-02T09:14:07Z","status_updated_at":"2026-11-02T11:49:07Z","initially_assigned_at":"2026-11-02T09:14:07Z","assigned_at":"2026-11-02T09:14:07Z","solved_at":null,"latest_comment_added_at":"2026-11-03T15:40:51Z","reply_time_in_minutes":{"calendar":155,"business":8},"first_resolution_time_in_minutes":{"calendar":1,"business":2},"full_resolution_time_in_minutes":{"calendar":3,"business":4},"agent_wait_time_in_minutes":{"calendar":7,"business":5},"requester_wait_time_in_minutes":{"calendar":null,"business":null},"on_hold_time_in_minutes":{"calendar":0,"business":0},"custom_status_updated_at":"2026-11-02T11:49:07Z","reply_time_in_seconds":{"calendar":9300}}},{"id":2,"via":4,"created_at":"2025-12-31T23:30:00-01:00","updated_at":"2026-01-01T00:30:00.75+01:00","generated_timestamp":5,"status":"deleted"}],"after_cursor":"c1","end_of_stream":false,"meta":{"has_more":true,"after_cursor":"c2"}}"#,
    ),
    (
        Stream::TicketEvents,
        r#"{"ticket_events":[{"id":46000000000001,"ticket_id":410019,"timestamp":1793627400,"created_at":"2026-11-02T09:14:07Z","updater_id":38000000000007,"via":"Web form","system":{"ip_address":"POISON"},"metadata":{},"event_type":"Audit","child_events":[{"id":2,"via":"Mail","comment_present":true,"comment_public":true,"event_type":"Comment"},{"id":3,"via":"Rule","via_reference_id":null,"status":"pending","event_type":"Change","previous_value":"open"},{"id":4,"group_id":36000000000005,"event_type":"Change","previous_value":36000000000002},{"id":5,"subject":"POISON","event_type":"Change","previous_value":"POISON"},{"id":6,"via":{"channel":"chat"},"assignee_id":7,"event_type":"Change","previous_value":null},{"id":7,"is_public":true,"event_type":"Create"},{"id":8,"field_name":"organization_id","value":"37000000000003","event_type":"Change","previous_value":"8"},{"id":9,"priority":"high","type":"task","event_type":"Change","previous_value":"low"},{"id":10,"custom_status_id":5,"x_new":1,"event_type":"Change","previous_value":7},{"id":13,"added_tags":["urgent","POISON"],"removed_tags":["POISON"],"tags":["urgent"],"event_type":"Change","previous_value":["POISON"]},{"id":14,"tags":["breach"],"event_type":"Change","previous_value":"urgent closed_by_merge POISON"},{"id":15,"custom_ticket_fields":{"7":"task"},"event_type":"Change","previous_value":true},{"id":16,"field_name":"1","value":"hold","event_type":"Create"}]},{"id":11,"ticket_id":2,"timestamp":1793627400,"updater_id":-1,"child_events":[{"id":12,"brand_id":null,"event_type":"Change","previous_value":7}]}],"end_time":1793627400,"end_of_stream":true}"#,
    ),
    (
        Stream::TicketMetricEvents,
        r#"{"ticket_metric_events":[{"id":3,"ticket_id":410019,"metric":"reply_time","instance_id":1,"type":"apply_sla","time":"2026-11-02T09:14:07Z","deleted":false,"sla":{"target":60,"business_hours":false,"policy":{"id":29000000000001,"title":"POISON","description":null},"target_in_seconds":3600}},{"id":6,"ticket_id":410019,"metric":"reply_time","instance_id":1,"type":"update_status","time":"2026-11-02T11:49:07Z","status":{"business":155,"calendar":155}},{"id":8,"ticket_id":5,"metric":"group_ownership_time","instance_id":1,"type":"apply_group_sla","time":"2026-11-03T15:40:51Z","deleted":true,"group_sla":{"target":61,"business_hours":true,"policy":{"id":"01H8XGJWBWBAQ4ZJ9P3Z5V7K2M","title":"POISON"}}},{"id":9,"ticket_id":5,"metric":"group_ownership_time","instance_id":1,"type":"apply_sla","time":"2026-11-03T15:40:51Z","sla":{"target":7,"policy":null},"group_sla":{"target":61,"business_hours":true,"policy":null,"target_in_seconds":8}}],"end_time":5}"#,
    ),
    (
        Stream::Users,
        r#"{"users":[{"id":38000000000007,"name":"POISON","role":"agent","role_type":0,"custom_role_id":1,"default_group_id":36000000000002,"created_at":"2026-11-02T09:14:07Z","updated_at":"2026-11-03T15:40:51Z","active":true,"suspended":false},{"id":38000000000007,"role":"end-user","created_at":"2026-11-02T09:14:07Z","updated_at":"2026-11-02T11:49:07Z","active":false},{"id":5,"role":"end-user","email":"POISON","created_at":"2026-11-02T09:14:07Z","updated_at":"2026-11-02T11:49:07Z"}],"after_cursor":"c1","end_of_stream":true}"#,
    ),
    (
        Stream::Organizations,
        r#"{"organizations":[{"id":37000000000003,"name":"POISON","created_at":"2025-12-31T23:30:00-01:00","updated_at":"2026-11-02T09:14:07Z","deleted_at":null,"tags":["POISON"]},{"id":5,"created_at":"2026-11-02T09:14:07Z","updated_at":"2026-11-02T09:14:07Z","deleted_at":"2026-11-03T15:40:51Z"}],"end_time":1793627400,"end_of_stream":false}"#,
    ),
];

const KEYS: [&str; 46] = [
    "7",
    "added_tags",
    "removed_tags",
    "custom_fields",
    "fields",
    "custom_ticket_fields",
    "id",
    "ticket_id",
    "via",
    "channel",
    "source",
    "rel",
    "created_at",
    "updated_at",
    "generated_timestamp",
    "timestamp",
    "time",
    "status",
    "priority",
    "type",
    "assignee_id",
    "group_id",
    "organization_id",
    "custom_status_id",
    "is_public",
    "tags",
    "metric_set",
    "reply_time_in_minutes",
    "calendar",
    "sla",
    "policy",
    "target",
    "target_in_seconds",
    "child_events",
    "event_type",
    "previous_value",
    "field_name",
    "value",
    "comment_present",
    "comment_public",
    "subject",
    "requester_id",
    "role",
    "meta",
    "x_new",
    "POISON",
];

const TEXTS: [&str; 28] = [
    "",
    "POISON",
    "open",
    "hold",
    "urgent",
    "task",
    "agent",
    "admin",
    "end-user",
    "Comment",
    "Change",
    "Create",
    "true",
    "7",
    "38000000000007",
    "9007199254740993",
    "closed_by_merge",
    "reply_time",
    "breach",
    "status",
    "group_id",
    "subject",
    "2026-11-02",
    "a\u{0}b",
    "é\"\\",
    "01H8XGJWBWBAQ4ZJ9P3Z5V7K2M",
    "poison_customer_name_gold_",
    "follow_up",
];

const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "-2",
    "7",
    "7.0",
    "7.5",
    "-0",
    "1e3",
    "1793627400",
    "9007199254740992",
    "9007199254740993",
    "99999999999999999999999",
    "1e400",
];

/// One bend of a page: at which value, what, and from which lists.
#[derive(Debug, Clone, Copy)]
struct Bend {
    at: usize,
    how: u8,
    key: usize,
    with: usize,
}

fn bend() -> impl Strategy<Value = Bend> {
    (any::<usize>(), 0..7_u8, 0..KEYS.len(), any::<usize>()).prop_map(|(at, how, key, with)| Bend {
        at,
        how,
        key,
        with,
    })
}

/// A value out of the lists.
fn odd_value(with: usize) -> Node {
    let texts = TEXTS.len();
    let ways = texts + WAYS.len();
    let times = ways + TIMES.len();
    let numbers = times + NUMBERS.len();
    match with % (numbers + 7) {
        at if at < texts => Node::Text(TEXTS[at].into()),
        at if at < ways => Node::Text(WAYS[at - texts].0.into()),
        at if at < times => Node::Text(TIMES[at - ways].0.into()),
        at if at < numbers => Node::Number(NUMBERS[at - times].into()),
        at => match at - numbers {
            0 => Node::Null,
            1 => Node::Bool(true),
            2 => Node::Bool(false),
            3 => Node::Array(vec![Node::Text("closed_by_merge".into()), Node::Null]),
            4 => Node::Object(vec![("POISON".into(), Node::Text("POISON".into()))]),
            5 => Node::Raw(r#""\ud800""#),
            _ => Node::Array(vec![]),
        },
    }
}

/// Bends the value at position `left` in the order of the text; tells how many values are left to pass.
fn apply(node: &mut Node, left: &mut usize, bend: Bend) -> bool {
    let children: Vec<&mut Node> = match node {
        Node::Array(nodes) => {
            let length = nodes.len();
            if *left < length {
                bend_element(nodes, *left, bend);
                return true;
            }
            *left -= length;
            nodes.iter_mut().collect()
        }
        Node::Object(entries) => {
            let length = entries.len();
            if *left < length {
                bend_entry(entries, *left, bend);
                return true;
            }
            *left -= length;
            entries.iter_mut().map(|(_, node)| node).collect()
        }
        _ => return false,
    };
    children.into_iter().any(|child| apply(child, left, bend))
}

fn bend_element(nodes: &mut Vec<Node>, at: usize, bend: Bend) {
    match bend.how {
        0 => drop(nodes.remove(at)),
        1 => nodes.push(nodes[at].clone()),
        2 => nodes[at] = Node::Array(vec![nodes[at].clone()]),
        3 => nodes.rotate_left(1),
        4 => nodes.insert(at, odd_value(bend.with)),
        _ => nodes[at] = odd_value(bend.with),
    }
}

fn bend_entry(entries: &mut Vec<(String, Node)>, at: usize, bend: Bend) {
    match bend.how {
        0 => drop(entries.remove(at)),
        1 => entries.push((entries[at].0.clone(), odd_value(bend.with))),
        2 => entries[at].1 = Node::Array(vec![entries[at].1.clone()]),
        3 => entries.rotate_left(1),
        4 => entries.insert(at, (KEYS[bend.key].into(), odd_value(bend.with))),
        5 => entries[at].0 = KEYS[bend.key].into(),
        _ => entries[at].1 = odd_value(bend.with),
    }
}

fn count(node: &Node) -> usize {
    match node {
        Node::Array(nodes) => nodes.len() + nodes.iter().map(count).sum::<usize>(),
        Node::Object(entries) => entries.len() + entries.iter().map(|(_, node)| count(node)).sum::<usize>(),
        _ => 0,
    }
}

fn key() -> PseudonymKey {
    PseudonymKey::from_bytes([7; 32])
}

/// A sanitizer that refuses no page for its rejects.
fn lenient_sanitizer() -> Sanitizer {
    Sanitizer::new(key(), SanitizerOptions { reject_share_max: f64::INFINITY, allow: labels::allow_list() })
}

fn outcome(page: &CleanPage) -> Outcome {
    let rows = page.batches.iter().map(|batch| {
        let cells = batch.record_batch();
        let row = |row| (0..cells.num_columns()).map(|column| text::cell(cells, column, row)).collect();
        (batch.table().name, (0..batch.num_rows()).map(row).collect())
    });
    let rejects = page.rejects.iter().map(|reject| (reject.table, reject.record_id, reject.rule.to_string()));
    Outcome {
        rows: rows.collect(),
        rejects: rejects.collect(),
        rows_seen: page.rows_seen,
        newest: page.envelope.newest.map(|time| time.0),
        after_cursor: page.envelope.after_cursor.as_ref().map(Cursor::expose).map(str::to_owned),
        end_time: page.envelope.end_time.map(|time| time.0),
        end_of_stream: page.envelope.end_of_stream,
    }
}

fn bent(which: usize, bends: &[Bend]) -> (Stream, Node) {
    let (stream, json) = PAGES[which];
    let mut page = Node::parse(json);
    for bend in bends {
        let mut left = bend.at % count(&page).max(1);
        apply(&mut page, &mut left, *bend);
    }
    (stream, page)
}

fn read(sanitizer: &mut Sanitizer, stream: Stream, page: &Node, mut noise: u32) -> Result<CleanPage, Error> {
    let mut json = String::new();
    page.render(&mut noise, &mut json);
    sanitizer.page(stream, json.as_bytes())
}

/// The ledger without what stands beside the rows.
fn of_rows(sanitizer: &Sanitizer) -> Vec<LedgerRow> {
    sanitizer.ledger().rows().filter(|row| !row.path.starts_with("page.")).collect()
}

fn check(stream: Stream, page: &Node, mut noise: u32) {
    let mut json = String::new();
    page.render(&mut noise, &mut json);
    let streaming = lenient_sanitizer().page(stream, json.as_bytes());
    let obvious = reference::sanitize(stream, page, &key());
    match (&streaming, obvious) {
        (Ok(clean), Some(expected)) => {
            let outcome = outcome(clean);
            assert!(outcome == expected, "{json}\nstreaming: {outcome:#?}\nreference: {expected:#?}");
        }
        (Err(_), None) => {}
        (streaming, obvious) => panic!("{streaming:?} but {obvious:?}: {json}"),
    }
}

#[test]
fn whole_pages_give_what_the_reference_gives() {
    for (stream, page) in PAGES {
        check(stream, &Node::parse(page), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bent_pages_give_what_the_reference_gives(
        which in 0..PAGES.len(),
        bends in prop::collection::vec(bend(), 1..6),
        noise in any::<u32>(),
    ) {
        let (stream, page) = bent(which, &bends);
        check(stream, &page, noise);
    }

    /// What one row leaves behind must not be found in the next.
    #[test]
    fn a_page_is_accounted_for_as_its_rows_one_by_one(
        which in 0..PAGES.len(),
        bends in prop::collection::vec(bend(), 0..6),
        noise in any::<u32>(),
    ) {
        let (stream, page) = bent(which, &bends);
        let (mut whole, mut single) = (lenient_sanitizer(), lenient_sanitizer());
        if read(&mut whole, stream, &page, noise).is_ok()
            && let Some(Node::Array(rows)) = page.get(stream.rows_key())
        {
            for row in rows {
                let alone = Node::Object(vec![(stream.rows_key().into(), Node::Array(vec![row.clone()]))]);
                read(&mut single, stream, &alone, noise).unwrap();
            }
            prop_assert_eq!(of_rows(&whole), of_rows(&single));
        }
    }

    #[test]
    fn broken_bytes_never_panic_and_never_leave_a_trace(
        which in 0..PAGES.len(),
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..4),
        is_cut in any::<bool>(),
    ) {
        let (stream, json) = PAGES[which];
        let mut broken = json.as_bytes().to_vec();
        let at = at.index(broken.len());
        if is_cut {
            broken.truncate(at);
        } else {
            let end = (at + bytes.len()).min(broken.len());
            broken.splice(at..end, bytes);
        }
        let mut sanitizer = lenient_sanitizer();
        let before = sanitizer.ledger().clone();
        match sanitizer.page(stream, &broken) {
            Ok(page) => prop_assert!(!is_cut && page.rows_seen <= 8),
            Err(error) => {
                let printed = format!("{error} {error:?}");
                prop_assert!(!printed.contains("POISON"));
                prop_assert_eq!(sanitizer.ledger(), &before);
            }
        }
    }
}
