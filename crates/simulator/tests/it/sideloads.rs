//! What `include` brings along with tickets.

use crate::client::{Client, NOW, SCOPES, login, options};
use deskmeter_simulator::{RateLimit, World, WorldOptions};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

async fn client() -> Client {
    let mut options = options(NOW);
    options.rate_limit = RateLimit::Off;
    let world = World::generate(&WorldOptions { tickets: 150, seed: 11, end: NOW, months: 1 });
    Client::start(world, options).await
}

fn rows(page: &Value, key: &str) -> Vec<Value> {
    page[key].as_array().expect(key).clone()
}

fn secs(time: &Value) -> i64 {
    time.as_str().expect("time").parse::<Timestamp>().expect("time").as_second()
}

/// All metric events of the account by ticket.
async fn events_by_ticket(client: &Client) -> HashMap<i64, Vec<Value>> {
    let mut events: HashMap<i64, Vec<Value>> = HashMap::new();
    let path = "/api/v2/incremental/ticket_metric_events?start_time=0&page[size]=1000";
    let mut next = Some(path.to_owned());
    while let Some(url) = next {
        let page = client.get(&url).await.json();
        for event in rows(&page, "ticket_metric_events") {
            events.entry(event["ticket_id"].as_i64().expect("id")).or_default().push(event);
        }
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    events
}

async fn listed(client: &Client, include: &str) -> Vec<Value> {
    let mut tickets = Vec::new();
    let mut next = Some(format!("/api/v2/tickets?page[size]=100&include={include}"));
    while let Some(url) = next {
        let page = client.get(&url).await.json();
        tickets.extend(rows(&page, "tickets"));
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    tickets
}

/// The events of the newest instance that a policy's metric speaks of, without what was taken back.
fn instance<'a>(events: &'a [Value], policy_metric: &str) -> Vec<&'a Value> {
    let (metric, fits): (&str, fn(i64) -> bool) = match policy_metric {
        "first_reply_time" => ("reply_time", |number| number == 1),
        "next_reply_time" => ("reply_time", |number| number > 1),
        "total_resolution_time" => ("resolution_time", |number| number > 0),
        other => (other, |number| number > 0),
    };
    let number = |event: &Value| event["instance_id"].as_i64().expect("instance");
    let of = |event: &&Value| event["metric"] == metric && fits(number(event)) && event["deleted"] != true;
    let with_target =
        events.iter().filter(of).filter(|event| event["type"] == "apply_sla" && !event["sla"].is_null());
    let newest = with_target.map(number).max().expect("an instance with a target");
    events.iter().filter(of).filter(|event| number(event) == newest).collect()
}

fn last<'a>(events: &[&'a Value], kinds: &[&str]) -> Option<&'a Value> {
    events.iter().rev().find(|event| kinds.iter().any(|kind| event["type"] == *kind)).copied()
}

fn check_distance(metric: &Value, breach_at: i64) {
    let units = [("days", 86_400), ("hours", 3_600), ("minutes", 60)];
    let said: Vec<_> = units.iter().filter(|(key, _)| metric.get(key).is_some()).collect();
    assert_eq!(said.len(), 1, "{metric}");
    let (key, unit) = said[0];
    let (distance, said) = (breach_at - NOW, metric[*key].as_i64().expect("whole"));
    assert!((said * unit - distance).abs() * 2 <= *unit, "{metric}");
    assert!(*unit == 60 || distance.abs() >= *unit, "{metric}");
}

#[tokio::test(flavor = "multi_thread")]
async fn live_targets_agree_with_the_metric_events() {
    let client = client().await;
    let events = events_by_ticket(&client).await;
    let (mut stages, mut names, mut bare, mut exact) = (BTreeSet::new(), BTreeSet::new(), 0, 0);
    for ticket in listed(&client, "slas").await {
        let metrics = rows(&ticket["slas"], "policy_metrics");
        bare += usize::from(metrics.is_empty());
        for metric in &metrics {
            let name = metric["metric"].as_str().expect("name");
            let events = instance(&events[&ticket["id"].as_i64().expect("id")], name);
            let turn = last(&events, &["activate", "pause", "fulfill"]).expect("a clock that began");
            let stage = match turn["type"].as_str() {
                Some("activate") => "active",
                Some("pause") => "paused",
                _ => "achieved",
            };
            assert_eq!(metric["stage"], stage, "{metric} {events:?}");
            let breach_at = secs(&metric["breach_at"]);
            check_distance(metric, breach_at);
            if let Some(breach) = last(&events, &["breach"]) {
                assert_eq!(breach_at, secs(&breach["time"]));
            } else {
                let clean_until = if stage == "achieved" { secs(&turn["time"]) } else { NOW - 120 };
                assert!(breach_at >= clean_until, "{metric}");
            }
            // A clock that never rested and had one target by the calendar: the sum can be done by hand.
            let applied: Vec<_> = events.iter().filter(|event| event["type"] == "apply_sla").collect();
            let turns = events.iter().filter(|event| event["type"] == "activate" || event["type"] == "pause");
            let begin = secs(&events[0]["time"]);
            let target = &applied[0]["sla"];
            if applied.len() == 1
                && turns.count() == 1
                && target["business_hours"] == false
                && secs(&applied[0]["time"]) == begin
            {
                assert_eq!(breach_at, begin + target["target"].as_i64().expect("minutes") * 60, "{metric}");
                exact += 1;
            }
            stages.insert(stage);
            names.insert(name.to_owned());
        }
    }
    assert!(bare > 0 && exact > 10, "{bare} {exact}");
    assert_eq!(stages.into_iter().collect::<Vec<_>>(), ["achieved", "active", "paused"]);
    assert!(names.contains("first_reply_time") && names.contains("next_reply_time"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_brings_its_targets_and_the_exports_metric_events_when_asked() {
    let client = client().await;
    let events = events_by_ticket(&client).await;
    for listed in listed(&client, "slas,metric_events").await.iter().take(20) {
        assert!(listed.get("metric_events").is_none());
        let id = listed["id"].as_i64().expect("id");
        let path = format!("/api/v2/tickets/{id}.json");
        let plain = client.get(&path).await.json();
        assert!(plain["ticket"].get("slas").is_none() && plain["ticket"].get("metric_events").is_none());
        let full = client.get(&format!("{path}?include=slas,metric_events")).await.json();
        assert_eq!(full["ticket"]["slas"], listed["slas"]);
        let by_metric = full["ticket"]["metric_events"].as_object().expect("by metric");
        assert_eq!(by_metric.len(), 7);
        for (metric, rows) in by_metric {
            let told: Vec<&Value> = events[&id].iter().filter(|event| event["metric"] == *metric).collect();
            assert_eq!(rows.as_array().expect("events").iter().collect::<Vec<_>>(), told);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_come_beside_tickets_for_the_global_read_alone() {
    let mut client = client().await;
    let include = "include=users,groups,organizations";
    let paths = [
        format!("/api/v2/incremental/tickets/cursor?start_time=0&per_page=40&{include}"),
        format!("/api/v2/incremental/tickets?start_time=0&per_page=40&{include}"),
        format!("/api/v2/tickets?per_page=40&{include}"),
    ];
    for scopes in [SCOPES, "read"] {
        client.token = login(&client.http, client.running.base_url(), scopes).await;
        for path in &paths {
            let page = client.get(path).await.json();
            if scopes == SCOPES {
                assert!(page.get("users").is_none() && page.get("tickets").is_some());
                continue;
            }
            for (key, fields) in [
                ("users", &["requester_id", "submitter_id", "assignee_id"][..]),
                ("groups", &["group_id"]),
                ("organizations", &["organization_id"]),
            ] {
                let named: BTreeSet<i64> = rows(&page, "tickets")
                    .iter()
                    .flat_map(|ticket| fields.iter().filter_map(|field| ticket[*field].as_i64()))
                    .collect();
                let beside = rows(&page, key);
                assert!(beside.iter().all(|row| row["name"].as_str().expect("name").starts_with("CANARY-")));
                let ids: BTreeSet<i64> = beside.iter().filter_map(|row| row["id"].as_i64()).collect();
                assert!(!ids.is_empty() && beside.len() == ids.len());
                // The system, which signs as -1, is nobody.
                assert_eq!(ids, named.into_iter().filter(|id| *id > 0).collect(), "{path} {key}");
            }
        }
    }
    let single = client.get("/api/v2/tickets/1001?include=groups").await.json();
    assert_eq!(single["groups"][0]["id"], single["ticket"]["group_id"]);
    assert_eq!(single.get("users"), None);
    assert_eq!(client.running.requests().last().map(|row| json!(row.forbidden)), Some(json!(true)));
}
