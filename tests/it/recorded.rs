//! Real recorded traffic: synced by the real binary, compared with the recording. (The page mechanics are compared
//! exchange by exchange in the simulator's own tests.)

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use deskmeter_simulator::World;
use serde_json::{Value, json};

use crate::support::{Desk, payloads};

/// Rows of every recorded page, as they came.
fn rows(file: &Path, key: &str) -> Vec<Value> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    let mut rows = Vec::new();
    for line in text.lines() {
        let exchange: Value = serde_json::from_str(line).unwrap();
        let body = match &exchange["body"] {
            Value::String(text) => serde_json::from_str(text).unwrap(),
            other => other.clone(),
        };
        rows.extend(body[key].as_array().cloned().unwrap_or_default());
    }
    rows
}

/// Newest version of each id.
fn newest(rows: &[Value], version: &str) -> BTreeMap<i64, Value> {
    let mut newest: BTreeMap<i64, Value> = BTreeMap::new();
    for row in rows {
        let slot = newest.entry(row["id"].as_i64().unwrap()).or_insert_with(|| row.clone());
        let order = |row: &Value| (row[version].as_i64(), row[version].as_str().map(str::to_owned));
        if order(row) > order(slot) {
            *slot = row.clone();
        }
    }
    newest
}

fn desk_of(folder: &Path) -> Desk {
    let desk = Desk::new(World::load(folder).unwrap(), |_| {});
    desk.connect();
    desk.run(&["sync"]).ok();
    desk
}

#[test]
fn loses_and_doubles_no_recorded_ticket_and_no_recorded_agent() {
    let Some(payloads) = payloads("recorded tickets and users") else { return };
    let tickets = rows(&payloads.join("recorded-incremental-tickets.jsonl.gz"), "tickets");
    let users = rows(&payloads.join("recorded-incremental-users.jsonl.gz"), "users");
    let world = tempfile::tempdir().unwrap();
    std::fs::write(world.path().join("tickets.json"), json!({ "tickets": tickets }).to_string()).unwrap();
    std::fs::write(world.path().join("users.json"), json!({ "users": users }).to_string()).unwrap();
    let desk = desk_of(world.path());

    let expected = newest(&tickets, "generated_timestamp");
    let stored = desk.query(
        "select ticket_id, cast(to_unixtime(generated_at) as bigint) as version, status from tickets order by ticket_id",
    );
    assert_eq!(stored.len(), expected.len());
    for (row, (id, ticket)) in stored.iter().zip(&expected) {
        assert_eq!(row["ticket_id"], *id);
        assert_eq!(row["version"], ticket["generated_timestamp"], "ticket {id}");
        assert_eq!(row["status"], ticket["status"], "ticket {id}");
    }
    let agents = newest(&users, "updated_at").values().filter(|user| user["role"] != "end-user").count();
    assert_eq!(desk.number("select count(distinct agent_key) from agents"), i64::try_from(agents).unwrap());
}

#[test]
fn stores_real_metric_sets_cell_by_cell() {
    let Some(payloads) = payloads("real metric sets") else { return };
    let world = tempfile::tempdir().unwrap();
    let file = payloads.join("real-tickets-with-metric-sets.json");
    std::fs::copy(&file, world.path().join("tickets.json")).unwrap();
    let desk = desk_of(world.path());
    let document: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let stored = desk.query("select * from ticket_metric_sets order by ticket_id");
    let tickets = document["tickets"].as_array().unwrap();
    assert_eq!(stored.len(), tickets.len());
    let mut cells = 0;
    for ticket in tickets {
        let set = &ticket["metric_set"];
        let row = stored.iter().find(|row| row["ticket_id"] == ticket["id"]).unwrap();
        for count in ["group_stations", "assignee_stations", "reopens", "replies"] {
            assert_eq!(row[count], set[count], "ticket {} {count}", ticket["id"]);
            cells += 1;
        }
        for (column, source) in [
            ("reply", "reply_time"),
            ("first_resolution", "first_resolution_time"),
            ("full_resolution", "full_resolution_time"),
            ("agent_wait", "agent_wait_time"),
            ("requester_wait", "requester_wait_time"),
            ("on_hold", "on_hold_time"),
        ] {
            for kind in ["calendar", "business"] {
                let expected = &set[format!("{source}_in_minutes")][kind];
                assert_eq!(
                    row[format!("{column}_minutes_{kind}")],
                    *expected,
                    "ticket {} {source} {kind}",
                    ticket["id"]
                );
                cells += 1;
            }
        }
        for time in [
            "created_at",
            "updated_at",
            "assignee_updated_at",
            "requester_updated_at",
            "status_updated_at",
            "initially_assigned_at",
            "assigned_at",
            "solved_at",
            "latest_comment_added_at",
            "custom_status_updated_at",
        ] {
            assert_eq!(row[time], set[time], "ticket {} {time}", ticket["id"]);
            cells += 1;
        }
    }
    assert_eq!(cells, tickets.len() * 26);
}
