//! Made-up pages of a thousand rows, with the sizes and the key order of recorded ones.

use deskmeter_zendesk::Stream;
use serde_json::{Value, json};

const ROWS: i64 = 1_000;

/// A page of this stream.
pub(crate) fn page(stream: Stream) -> String {
    let row = match stream {
        Stream::Users => user,
        Stream::Organizations => organization,
        Stream::Tickets => ticket,
        Stream::TicketEvents => ticket_event,
        Stream::TicketMetricEvents => metric_event,
    };
    // Written by hand around the rows, so that the rows' array comes first, as it is recorded.
    let rows: Vec<_> = (1..=ROWS).map(row).collect();
    format!(r#"{{"{}":[{}],"count":{ROWS},"end_of_stream":false}}"#, stream.rows_key(), rows.join(","))
}

const TIME: &str = "2026-11-02T09:14:07Z";
const TEXT: &str =
    "I wrote to you last week about the order that has not come, and \\\"nobody\\\" answered.\\n";

/// Thirty custom fields, most of them empty, which a ticket holds twice.
fn fields() -> Value {
    let value = |at: i64| match at % 5 {
        0 => json!("some words that a customer chose"),
        1 => json!(true),
        2 => json!(["first_choice", "second_choice"]),
        _ => Value::Null,
    };
    (0..30).map(|at| json!({"id": 35_000_000_000_000_i64 + at, "value": value(at)})).collect()
}

fn ticket(number: i64) -> String {
    let (id, user) = (410_000 + number, 39_000_000_000_000 + number);
    let (description, fields) = (TEXT.repeat(8), fields());
    format!(
        r#"{{"url":"https://acme-sim.zendesk.com/api/v2/tickets/{id}.json","id":{id},"external_id":null,"via":{{"channel":"email","source":{{"from":{{"address":"someone{id}@example.test","name":"Some One"}},"to":{{"name":"Acme","address":"support@example.test"}},"rel":null}}}},"created_at":"{TIME}","updated_at":"{TIME}","type":"incident","subject":"Where is my order {id}?","raw_subject":"Where is my order {id}?","description":"{description}","priority":"high","status":"open","recipient":"support@example.test","requester_id":{user},"submitter_id":{user},"assignee_id":38000000000007,"organization_id":37000000000003,"group_id":36000000000002,"collaborator_ids":[],"follower_ids":[],"email_cc_ids":[39000000000177],"forum_topic_id":null,"problem_id":null,"has_incidents":false,"is_public":true,"due_at":null,"tags":["order","late","tier2","english"],"custom_fields":{fields},"satisfaction_rating":{{"score":"unoffered"}},"sharing_agreement_ids":[],"custom_status_id":32000000000004,"encoded_id":"AB12CD-EF34","fields":{fields},"followup_ids":[],"ticket_form_id":31000000000001,"brand_id":30000000000001,"allow_channelback":false,"allow_attachments":true,"from_messaging_channel":false,"generated_timestamp":1793720475,"metric_set":{{"url":"https://acme-sim.zendesk.com/api/v2/ticket_metrics/{id}.json","id":{id},"ticket_id":{id},"created_at":"{TIME}","updated_at":"{TIME}","group_stations":2,"assignee_stations":1,"reopens":0,"replies":3,"assignee_updated_at":"{TIME}","requester_updated_at":"{TIME}","status_updated_at":"{TIME}","initially_assigned_at":"{TIME}","assigned_at":"{TIME}","solved_at":null,"latest_comment_added_at":"{TIME}","reply_time_in_minutes":{{"calendar":155,"business":100}},"first_resolution_time_in_minutes":{{"calendar":null,"business":null}},"full_resolution_time_in_minutes":{{"calendar":null,"business":null}},"agent_wait_time_in_minutes":{{"calendar":7,"business":5}},"requester_wait_time_in_minutes":{{"calendar":null,"business":null}},"on_hold_time_in_minutes":{{"calendar":0,"business":0}},"custom_status_updated_at":"{TIME}"}}}}"#
    )
}

fn ticket_event(number: i64) -> String {
    let id = 46_000_000_000_000 + number * 10;
    let child = |at: i64, change: &str| {
        format!(r#"{{"id":{},"via":"Web form","via_reference_id":null,{change}}}"#, id + at)
    };
    let children = [
        child(1, r#""comment_present":true,"comment_public":true,"event_type":"Comment""#),
        child(2, r#""status":"pending","event_type":"Change","previous_value":"open""#),
        child(3, r#""group_id":36000000000005,"event_type":"Change","previous_value":36000000000002"#),
        child(4, r#""subject":"Where is my order?","event_type":"Change","previous_value":"Order""#),
        child(
            5,
            r#""added_tags":["late"],"removed_tags":[],"tags":["late","tier2"],"event_type":"Change","previous_value":["tier2"]"#,
        ),
        child(
            6,
            r#""custom_ticket_fields":{"35000000000011":"words"},"event_type":"Change","previous_value":null"#,
        ),
    ];
    format!(
        r#"{{"id":{id},"ticket_id":{number},"timestamp":1793627400,"created_at":"{TIME}","updater_id":38000000000007,"via":"Web form","system":{{"client":"Mozilla/5.0 (X11; Linux x86_64)","ip_address":"203.0.113.9","location":"Somewhere","latitude":1.25,"longitude":2.5}},"metadata":{{}},"event_type":"Audit","child_events":[{}]}}"#,
        children.join(",")
    )
}

fn metric_event(number: i64) -> String {
    format!(
        r#"{{"id":{number},"ticket_id":410019,"metric":"reply_time","instance_id":1,"type":"apply_sla","time":"{TIME}","deleted":false,"sla":{{"target":60,"business_hours":false,"policy":{{"id":29000000000001,"title":"Gold","description":null}},"target_in_seconds":3600}}}}"#
    )
}

/// One user in ten is an agent.
fn user(number: i64) -> String {
    let role = if number % 10 == 0 { "agent" } else { "end-user" };
    format!(
        r#"{{"id":{number},"url":"https://acme-sim.zendesk.com/api/v2/users/{number}.json","name":"Some One","email":"someone{number}@example.test","created_at":"{TIME}","updated_at":"{TIME}","time_zone":"America/New_York","iana_time_zone":"America/New_York","phone":null,"shared_phone_number":null,"photo":null,"locale_id":1,"locale":"en-US","organization_id":null,"role":"{role}","verified":false,"external_id":null,"tags":[],"alias":null,"active":true,"shared":false,"shared_agent":false,"last_login_at":null,"two_factor_auth_enabled":false,"signature":null,"details":null,"notes":null,"role_type":null,"custom_role_id":null,"moderator":false,"ticket_restriction":"requested","only_private_comments":false,"restricted_agent":true,"suspended":false,"default_group_id":null,"report_csv":false,"user_fields":{{}}}}"#
    )
}

fn organization(number: i64) -> String {
    format!(
        r#"{{"url":"https://acme-sim.zendesk.com/api/v2/organizations/{number}.json","id":{number},"name":"Some Company","shared_tickets":false,"shared_comments":false,"external_id":null,"created_at":"{TIME}","updated_at":"{TIME}","domain_names":["example.test"],"details":null,"notes":null,"group_id":null,"tags":[],"organization_fields":{{}},"deleted_at":null}}"#
    )
}
