//! Generated worlds through the exports: mechanics, visibility, what is planted.

use crate::client::{Client, NOW, login, options};
use deskmeter_simulator::{Options, RateLimit, World, WorldOptions};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const DAY: i64 = 86_400;
const EXPORT: &str = "/api/v2/incremental/";

fn generated(seed: u64, tickets: u32) -> World {
    World::generate(&WorldOptions { tickets, seed, end: NOW, months: 3 })
}

fn unlimited(now: i64) -> Options {
    let mut options = options(now);
    options.rate_limit = RateLimit::Off;
    options
}

async fn client(options: Options) -> Client {
    Client::start(generated(5, 500), options).await
}

fn ids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["id"].as_i64().expect("id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn small_cursor_pages_hold_each_row_once_and_in_order() {
    let client = client(unlimited(NOW)).await;
    let whole = client.all("tickets", &format!("{EXPORT}tickets/cursor?start_time=0")).await;
    let small = client.all("tickets", &format!("{EXPORT}tickets/cursor?start_time=0&per_page=7")).await;
    assert!(whole == small);
    let keys: Vec<(i64, i64)> = small
        .iter()
        .map(|row| (row["generated_timestamp"].as_i64().expect("time"), row["id"].as_i64().expect("id")))
        .collect();
    assert!(keys.is_sorted());
    assert_eq!(ids(&small).into_iter().collect::<HashSet<_>>().len(), small.len());
    let seconds: HashSet<i64> = keys.iter().map(|(at, _)| *at).collect();
    assert!(seconds.len() < keys.len(), "no two rows share a second: cuts within one are not tested");
}

#[tokio::test(flavor = "multi_thread")]
async fn small_time_pages_hold_every_row_and_repeat_only_boundaries() {
    let client = client(unlimited(NOW)).await;
    for stream in ["tickets", "ticket_events", "ticket_metric_events", "users", "organizations"] {
        let whole = client.all(stream, &format!("{EXPORT}{stream}.json?start_time=0")).await;
        let small = client.all(stream, &format!("{EXPORT}{stream}.json?start_time=0&per_page=5")).await;
        let (whole, mut small): (HashSet<i64>, Vec<i64>) = (ids(&whole).into_iter().collect(), ids(&small));
        assert!(small.len() >= whole.len());
        small.sort_unstable();
        small.dedup();
        assert_eq!(small.len(), whole.len(), "{stream}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metric_events_page_by_cursor_too() {
    let client = client(unlimited(NOW)).await;
    let mut next = format!("{EXPORT}ticket_metric_events?start_time=0&page[size]=1000");
    let mut seen = Vec::new();
    loop {
        let page = client.get(&next).await.json();
        seen.extend(ids(page["ticket_metric_events"].as_array().expect("rows")));
        let more = page["meta"]["has_more"].as_bool().expect("has_more");
        assert_eq!(more, page["links"]["next"].is_string());
        assert!(page["meta"]["after_cursor"].is_string());
        if !more {
            break;
        }
        next = page["links"]["next"].as_str().expect("next").to_owned();
    }
    let whole =
        client.all("ticket_metric_events", &format!("{EXPORT}ticket_metric_events?start_time=0")).await;
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), ids(&whole).iter().collect::<HashSet<_>>().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_bytes_and_another_one_does_not() {
    let path = format!("{EXPORT}ticket_events?start_time=0&include=comment_events");
    let (one, two) = (client(unlimited(NOW)).await, client(unlimited(NOW)).await);
    let rows = |text: String| text.split("\"count\"").next().map(str::to_owned);
    let first = rows(one.get(&path).await.text);
    assert!(first == rows(two.get(&path).await.text));
    let other = Client::start(generated(6, 500), unlimited(NOW)).await;
    assert!(first != rows(other.get(&path).await.text));
    assert!(one.running.requests().iter().any(|request| request.forbidden));
}

#[tokio::test(flavor = "multi_thread")]
async fn ai_agent_tickets_are_left_out_unless_asked_for() {
    let client = client(unlimited(NOW)).await;
    let path = |scope: &str| format!("{EXPORT}tickets/cursor?start_time=0{scope}");
    let default = client.all("tickets", &path("")).await.len();
    let ai_agent = client.all("tickets", &path("&support_type_scope=ai_agent")).await;
    let all = client.all("tickets", &path("&support_type_scope=all")).await.len();
    assert!(!ai_agent.is_empty());
    assert!(ai_agent.iter().all(|ticket| ticket["support_type"] == "ai_agent"));
    assert_eq!((default + ai_agent.len(), all), (all, 500));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_living_world_shows_more_as_the_clock_advances() {
    let now = Arc::new(AtomicI64::new(NOW));
    let clock = Arc::clone(&now);
    let mut options = Options::new(Arc::new(move || clock.load(Ordering::SeqCst)));
    options.rate_limit = RateLimit::Off;
    options.token_life_secs = 172_800;
    let world = World::generate_live(&WorldOptions { tickets: 300, seed: 9, end: NOW, months: 2 }, 30);
    let client = Client::start(world, options).await;
    let first =
        client.get(&format!("{EXPORT}tickets/cursor?start_time=0&support_type_scope=all")).await.json();
    assert_eq!(first["end_of_stream"], true);
    now.fetch_add(DAY, Ordering::SeqCst);
    let cursor = first["after_cursor"].as_str().expect("cursor").replace('=', "%3D");
    let path = format!("{EXPORT}tickets/cursor?cursor={cursor}&support_type_scope=all");
    let second = client.get(&path).await.json();
    let rows = |page: &Value| page["tickets"].as_array().expect("rows").clone();
    let before: HashMap<i64, Value> =
        rows(&first).into_iter().map(|row| (row["id"].as_i64().expect("id"), row)).collect();
    let (changed, new): (Vec<Value>, Vec<Value>) =
        rows(&second).into_iter().partition(|row| before.contains_key(&row["id"].as_i64().expect("id")));
    assert!(!changed.is_empty() && !new.is_empty());
    for row in changed {
        let old = &before[&row["id"].as_i64().expect("id")];
        assert!(row["generated_timestamp"].as_i64() > old["generated_timestamp"].as_i64());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_minute_is_withheld_and_refused() {
    let mut events = Client::start(generated(5, 200), unlimited(NOW)).await;
    let rows = events.all("ticket_events", &format!("{EXPORT}ticket_events?start_time=0")).await;
    let last = rows.iter().filter_map(|row| row["timestamp"].as_i64()).max().expect("rows");
    for (now, shown) in [(last + 59, false), (last + 60, true)] {
        events = Client::start(generated(5, 200), unlimited(now)).await;
        let rows = events.all("ticket_events", &format!("{EXPORT}ticket_events?start_time=0")).await;
        assert_eq!(rows.iter().any(|row| row["timestamp"].as_i64() == Some(last)), shown);
        let recent = events.get(&format!("{EXPORT}tickets?start_time={}", now - 59)).await;
        assert_eq!((recent.status, &recent.json()["error"]), (400, &Value::from("StartTimeTooRecent")));
        assert_eq!(events.get(&format!("{EXPORT}tickets?start_time={}", now - 60)).await.status, 200);
    }
    let bad = events.get(&format!("{EXPORT}tickets/cursor?cursor=bm9uc2Vuc2U=")).await;
    assert_eq!((bad.status, &bad.json()["error"]), (400, &Value::from("InvalidPaginationParameter")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_ticket_is_scrubbed_with_its_old_update_time() {
    let client = client(unlimited(NOW)).await;
    let tickets =
        client.all("tickets", &format!("{EXPORT}tickets/cursor?start_time=0&include=metric_sets")).await;
    let scrubbed: Vec<&Value> = tickets.iter().filter(|ticket| ticket["subject"] == "SCRUBBED").collect();
    assert!(!scrubbed.is_empty());
    for ticket in scrubbed {
        let updated_at: jiff::Timestamp =
            ticket["updated_at"].as_str().expect("time").parse().expect("timestamp");
        let generated_at = ticket["generated_timestamp"].as_i64().expect("time");
        assert!(generated_at >= updated_at.as_second() + 30 * DAY);
        assert_eq!((&ticket["status"], &ticket["metric_set"]), (&Value::from("deleted"), &Value::Null));
        assert!(ticket["tags"].as_array().expect("tags").is_empty());
    }
    let full = tickets.iter().find(|ticket| ticket["status"] == "deleted" && ticket["subject"] != "SCRUBBED");
    assert!(
        full.expect("a fresh deletion")["description"].as_str().expect("text").contains("CANARY-description")
    );
    let path = format!("{EXPORT}tickets/cursor?start_time=0&exclude_deleted=true");
    assert!(client.all("tickets", &path).await.iter().all(|ticket| ticket["status"] != "deleted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_without_tickets_is_an_account_without_tickets() {
    let world = World::generate(&WorldOptions { tickets: 0, seed: 0, end: NOW, months: 0 });
    assert_eq!((world.tenant().schedules.len(), world.tenant().tiers.len()), (3, 4));
    let mut truth = Vec::new();
    world.write_truth(&mut truth).expect("truth");
    assert!(truth.is_empty());
    let client = Client::start(world, unlimited(NOW)).await;
    let page = client.get(&format!("{EXPORT}tickets/cursor?start_time=0")).await.json();
    assert_eq!((&page["tickets"], &page["end_of_stream"]), (&Value::Array(Vec::new()), &Value::Bool(true)));
    assert!(!client.all("users", &format!("{EXPORT}users/cursor?start_time=0")).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sideloads_come_when_asked_for_and_the_log_says_so() {
    let mut client = client(unlimited(NOW)).await;
    client.token = login(&client.http, client.running.base_url(), "read").await;
    for (include, comes) in [("metric_sets", false), ("metric_sets,users", true)] {
        let page = client.get(&format!("{EXPORT}tickets?start_time=0&per_page=2&include={include}")).await;
        assert_eq!(page.json().get("users").is_some(), comes);
        assert_eq!(client.running.requests().last().map(|request| request.forbidden), Some(comes));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_text_is_planted_or_structural() {
    let mut options = unlimited(NOW);
    options.oddity_percent = 60;
    let client = client(options).await;
    let mut canaries = Vec::new();
    generated(5, 500).write_canaries(&mut canaries).expect("canaries");
    let canaries = String::from_utf8(canaries).expect("text");
    let canaries: HashSet<&str> = canaries.lines().collect();
    assert!(canaries.contains("CANARY-"));
    let mut texts = HashSet::new();
    for stream in ["tickets", "ticket_events", "ticket_metric_events", "users", "organizations"] {
        let path = format!("{EXPORT}{stream}?start_time=0&support_type_scope=all&include=comment_events");
        for row in client.all(stream, &path).await {
            collect_texts(&row, &mut texts);
            if stream == "users" {
                assert!(canaries.contains(row["id"].to_string().as_str()));
            }
        }
    }
    texts.retain(|text| !text.contains("CANARY-") && !text.contains("canary-") && !text.ends_with('Z'));
    texts.retain(|text| {
        !text.starts_with("203.0.113.") && !text.starts_with("+1555") && !text.starts_with("+1 (555) 010-")
    });
    texts.retain(|text| text.parse::<i64>().is_err());
    // What is left are words of closed lists.
    assert!(texts.len() < 80, "{texts:?}");
    assert!(texts.iter().all(|text| text.len() < 30), "{texts:?}");
}

fn collect_texts(value: &Value, texts: &mut HashSet<String>) {
    match value {
        Value::String(text) => {
            texts.insert(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| collect_texts(value, texts)),
        Value::Object(values) => values.values().for_each(|value| collect_texts(value, texts)),
        _ => {}
    }
}
