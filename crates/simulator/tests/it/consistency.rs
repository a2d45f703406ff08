//! The exports and the truth tell the same history: every ticket of several worlds is rebuilt from its ticket
//! events and metric events as a client must do it, and compared with its metric set and with the truth.

use crate::client::{Client, NOW, options};
use deskmeter_simulator::{RateLimit, TenantSchedule, World, WorldOptions};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

struct Account {
    tickets: HashMap<i64, Value>,
    events: HashMap<i64, Vec<Value>>,
    metric_events: HashMap<i64, Vec<Value>>,
    truth: Vec<Value>,
    schedules: Vec<TenantSchedule>,
}

/// 700 tickets hold every oddity; `DESKMETER_CONSISTENCY_TICKETS=20000`, set at compile time, takes a minute or two.
fn tickets() -> u32 {
    option_env!("DESKMETER_CONSISTENCY_TICKETS").and_then(|tickets| tickets.parse().ok()).unwrap_or(700)
}

async fn account(seed: u64, as_of: i64) -> Account {
    let world = World::generate(&WorldOptions { tickets: tickets(), seed, end: NOW, months: 7 });
    let mut truth = Vec::new();
    world.write_truth_as_of(as_of, &mut truth).expect("truth");
    let truth = String::from_utf8(truth).expect("text");
    let truth: Vec<Value> = truth.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let schedules = world.tenant().schedules.clone();
    let mut options = options(as_of);
    options.withhold_last_minute = false;
    options.rate_limit = RateLimit::Off;
    let client = Client::start(world, options).await;
    let path = |rest: &str| format!("/api/v2/incremental/{rest}");
    let tickets = path("tickets/cursor.json?start_time=0&include=metric_sets&support_type_scope=all");
    let tickets = client.all("tickets", &tickets).await;
    assert_eq!(tickets.len(), truth.len());
    let events = path("ticket_events.json?start_time=0&support_type_scope=all");
    let metric_events = path("ticket_metric_events.json?start_time=0");
    Account {
        tickets: tickets.into_iter().map(|ticket| (int(&ticket["id"]), ticket)).collect(),
        events: by_ticket(client.all("ticket_events", &events).await),
        metric_events: by_ticket(client.all("ticket_metric_events", &metric_events).await),
        truth,
        schedules,
    }
}

/// Rows of each ticket, each row once, the last one seen.
fn by_ticket(rows: Vec<Value>) -> HashMap<i64, Vec<Value>> {
    let mut newest: BTreeMap<i64, Value> = BTreeMap::new();
    for row in rows {
        newest.insert(int(&row["id"]), row);
    }
    let mut tickets: HashMap<i64, Vec<Value>> = HashMap::new();
    for row in newest.into_values() {
        tickets.entry(int(&row["ticket_id"])).or_default().push(row);
    }
    tickets
}

fn int(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).expect("a number")
}

fn secs(value: &Value) -> i64 {
    value.as_str().expect("time").parse::<Timestamp>().expect("timestamp").as_second()
}

fn agent(event: &Value) -> bool {
    int(&event["updater_id"]) / 1_000_000_000_000 == 38
}

/// What a client can tell from ticket events alone, by the calendar.
#[derive(Default)]
struct Rebuilt {
    replies: i64,
    first_reply: Option<i64>,
    solves: Vec<i64>,
    closed: Option<i64>,
    reopens: i64,
    spans: Vec<(String, i64, i64)>,
    groups: Vec<i64>,
    assignees: Vec<i64>,
    group_at: Vec<(i64, i64)>,
    status: String,
    priority: Value,
}

fn rebuild(events: &[Value]) -> Rebuilt {
    let mut rebuilt = Rebuilt::default();
    let mut since = int(&events[0]["timestamp"]);
    for (number, event) in events.iter().enumerate() {
        let at = int(&event["timestamp"]);
        for child in event["child_events"].as_array().expect("children") {
            if child["event_type"] == "Change" && child.get("status").is_some() {
                assert_eq!(child["previous_value"], rebuilt.status, "a gap in the statuses");
            }
            if child["comment_public"] == true && agent(event) && number > 0 {
                rebuilt.replies += 1;
                rebuilt.first_reply.get_or_insert(at);
            }
            if let Some(group) = child.get("group_id").filter(|group| !group.is_null()) {
                rebuilt.groups.push(int(group));
                rebuilt.group_at.push((at, int(group)));
            }
            if let Some(assignee) = child.get("assignee_id").filter(|assignee| !assignee.is_null()) {
                rebuilt.assignees.push(int(assignee));
            }
            if let Some(priority) = child.get("priority") {
                rebuilt.priority = priority.clone();
            }
            let Some(status) = child.get("status").and_then(Value::as_str) else { continue };
            if status == "solved" {
                rebuilt.solves.push(at);
            }
            if status == "closed" {
                rebuilt.closed = Some(at);
            }
            if rebuilt.status == "solved" && status != "closed" && status != "deleted" {
                rebuilt.reopens += 1;
            }
            if !rebuilt.status.is_empty() {
                rebuilt.spans.push((rebuilt.status.clone(), since, at));
            }
            (rebuilt.status, since) = (status.to_owned(), at);
        }
    }
    rebuilt
}

impl Rebuilt {
    fn spent(&self, status: &str) -> Option<i64> {
        let spans: Vec<i64> =
            self.spans.iter().filter(|(name, _, _)| name == status).map(|(_, from, to)| to - from).collect();
        (!spans.is_empty()).then(|| spans.iter().sum())
    }

    /// The group just before an update.
    fn group_before(&self, at: i64) -> Option<i64> {
        self.group_at.iter().rev().find(|(since, _)| *since < at).map(|(_, group)| *group)
    }
}

/// Business seconds, day by day.
fn business(schedule: &TenantSchedule, from: i64, to: i64) -> i64 {
    let zone = TimeZone::get(&schedule.time_zone).expect("zone");
    let local = |secs: i64| Timestamp::from_second(secs).expect("instant").to_zoned(zone.clone());
    let (mut day, last) = (local(from).date(), local(to).date());
    let mut total = 0;
    while day <= last {
        let off = schedule.holidays.iter().any(|(first, last)| (*first..=*last).contains(&day));
        let weekday = i64::from(day.weekday().to_sunday_zero_offset());
        for (open, close) in schedule.weekly.iter().filter(|_| !off) {
            if i64::from(*open) / 1440 != weekday {
                continue;
            }
            let at = |minute: u32| {
                let (hour, minute) = ((minute % 1440 / 60) as i8, (minute % 60) as i8);
                day.at(hour, minute, 0, 0).to_zoned(zone.clone()).expect("local").timestamp().as_second()
            };
            total += (at(*close).min(to) - at(*open).max(from)).max(0);
        }
        day = day.checked_add(1.day()).expect("day");
    }
    total
}

fn schedule_of(schedules: &[TenantSchedule], group: Option<i64>) -> &TenantSchedule {
    let named =
        schedules.iter().find(|schedule| group.is_some_and(|group| schedule.group_ids.contains(&group)));
    named.unwrap_or(&schedules[0])
}

/// Truth in seconds against a metric set in minutes, rounded to the nearest.
fn same(set: &Value, key: &str, truth: &Value) {
    for side in ["calendar", "business"] {
        let minutes = truth[side].as_i64().map(|secs| (secs + 30) / 60);
        assert_eq!(set[format!("{key}_in_minutes")][side].as_i64(), minutes, "{key} {side} in {set}");
    }
}

fn check_ticket(account: &Account, truth: &Value) {
    let id = int(&truth["ticket_id"]);
    let ticket = &account.tickets[&id];
    let rebuilt = rebuild(&account.events[&id]);
    let created_at = int(&truth["created_at"]);
    assert_eq!(secs(&ticket["created_at"]), created_at);
    for (key, value) in [("status", json!(rebuilt.status)), ("priority", rebuilt.priority.clone())] {
        assert_eq!((&ticket[key], &truth[key]), (&value, &value), "{key} of ticket {id}");
    }
    let resolved = rebuilt.solves.first().copied().or(rebuilt.closed);
    let last_resolved = rebuilt.solves.last().copied().or(rebuilt.closed);
    for (key, ended) in [
        ("first_reply_seconds", rebuilt.first_reply),
        ("first_resolution_seconds", resolved),
        ("full_resolution_seconds", last_resolved),
    ] {
        let calendar = ended.map(|at| at - created_at);
        assert_eq!(truth[key]["calendar"].as_i64(), calendar, "{key} of ticket {id}");
        let schedule = |at: i64| schedule_of(&account.schedules, rebuilt.group_before(at));
        let expected = ended.map(|at| business(schedule(at), created_at, at));
        assert_eq!(truth[key]["business"].as_i64(), expected, "business {key} of ticket {id}");
    }
    for (key, status) in [("open_seconds", "open"), ("pending_seconds", "pending"), ("new_seconds", "new")] {
        assert_eq!(truth[key]["calendar"].as_i64(), rebuilt.spent(status), "{key} of ticket {id}");
    }
    check_all_schedules(account, truth, &rebuilt);
    let numbers = [
        ("replies", rebuilt.replies),
        ("reopens", rebuilt.reopens),
        ("group_stations", rebuilt.groups.len() as i64),
        ("assignee_stations", rebuilt.assignees.len() as i64),
        ("solves", rebuilt.solves.len() as i64),
    ];
    for (key, number) in numbers {
        assert_eq!(truth[key].as_i64(), Some(number), "{key} of ticket {id}");
    }
    let set = &ticket["metric_set"];
    if truth["is_deleted"] == true {
        return assert!(set.is_null());
    }
    for (key, number) in &numbers[..4] {
        assert_eq!(set[*key].as_i64(), Some(*number), "{key} of ticket {id}");
    }
    same(set, "reply_time", &truth["first_reply_seconds"]);
    same(set, "first_resolution_time", &truth["first_resolution_seconds"]);
    same(set, "full_resolution_time", &truth["full_resolution_seconds"]);
    same(set, "agent_wait_time", &truth["agent_wait_seconds"]);
    same(set, "requester_wait_time", &truth["requester_wait_seconds"]);
    same(set, "on_hold_time", &truth["on_hold_seconds"]);
    if ticket["from_messaging_channel"] == true && set.get("reply_time_in_seconds").is_some() {
        assert_eq!(set["reply_time_in_seconds"]["calendar"], truth["first_reply_seconds"]["calendar"]);
    }
}

/// The other definition of business time, and the spans that it is made of.
fn check_all_schedules(account: &Account, truth: &Value, rebuilt: &Rebuilt) {
    let id = &truth["ticket_id"];
    let created_at = int(&truth["created_at"]);
    let mut bounds = vec![(created_at, None)];
    bounds.extend(rebuilt.group_at.iter().map(|(at, group)| (*at, Some(*group))));
    let pieces = |from: i64, to: i64| -> i64 {
        let ends = bounds.iter().skip(1).map(|(at, _)| *at).chain([i64::MAX]);
        let spans =
            bounds.iter().zip(ends).map(|((since, group), until)| (from.max(*since), to.min(until), *group));
        let spans = spans.filter(|(from, to, _)| from < to);
        spans.map(|(from, to, group)| business(schedule_of(&account.schedules, group), from, to)).sum()
    };
    let resolved = rebuilt.solves.first().copied().or(rebuilt.closed);
    for (key, ended) in [("first_reply_seconds", rebuilt.first_reply), ("first_resolution_seconds", resolved)]
    {
        let expected = ended.map(|at| pieces(created_at, at));
        assert_eq!(truth["all_schedules"][key].as_i64(), expected, "{key} of ticket {id}");
    }
    let pending = rebuilt.spans.iter().filter(|(status, _, _)| status == "pending");
    let pending: Vec<i64> = pending.map(|(_, from, to)| pieces(*from, *to)).collect();
    let expected = (!pending.is_empty()).then(|| pending.iter().sum());
    assert_eq!(truth["all_schedules"]["pending_seconds"].as_i64(), expected, "pending of ticket {id}");
    let statuses = truth["status_spans"].as_array().expect("spans");
    assert_eq!(statuses.len(), rebuilt.spans.len() + 1, "spans of ticket {id}");
    for (span, (status, from, to)) in statuses.iter().zip(&rebuilt.spans) {
        assert_eq!(span, &json!([status, from, to]));
    }
    let groups = truth["group_spans"].as_array().expect("spans");
    assert_eq!(groups.last().map(|span| &span[0]), Some(&truth["group_id"]));
}

/// One clock's instance, followed through its metric events.
#[derive(Default)]
struct Followed {
    target: Option<i64>,
    breached_at: Option<i64>,
    running_since: Option<i64>,
    elapsed: i64,
    stage: &'static str,
    fulfilled_at: Option<i64>,
    minutes: Option<(i64, i64)>,
}

fn follow(events: &[Value]) -> BTreeMap<(String, i64), Followed> {
    let mut events: Vec<&Value> = events.iter().collect();
    events.sort_by_key(|event| (secs(&event["time"]), int(&event["id"])));
    let mut clocks: BTreeMap<(String, i64), Followed> = BTreeMap::new();
    for event in events {
        let instance = int(&event["instance_id"]);
        let kind = event["type"].as_str().expect("type");
        assert_eq!(kind == "measure", instance == 0);
        if event.get("deleted") == Some(&json!(true)) || instance == 0 {
            continue;
        }
        let at = secs(&event["time"]);
        let metric = event["metric"].as_str().expect("metric").to_owned();
        let clock = clocks.entry((metric, instance)).or_default();
        match kind {
            "activate" => (clock.running_since, clock.stage, clock.fulfilled_at) = (Some(at), "active", None),
            "pause" | "fulfill" => {
                clock.elapsed += clock.running_since.take().map_or(0, |since| at - since);
                clock.stage = if kind == "pause" { "paused" } else { "fulfilled" };
                clock.fulfilled_at = (kind == "fulfill").then_some(at);
            }
            "apply_sla" | "apply_group_sla" if clock.stage != "fulfilled" => {
                let sla = event.get("sla").or(event.get("group_sla")).expect("an sla, or null");
                clock.target = sla.get("target").map(|minutes| int(minutes) * 60);
            }
            "breach" => clock.breached_at = Some(at),
            "update_status" => {
                let status = &event["status"];
                clock.minutes = Some((int(&status["calendar"]), int(&status["business"])));
            }
            _ => assert!(matches!(kind, "apply_sla" | "apply_group_sla")),
        }
    }
    clocks
}

fn check_targets(account: &Account, truth: &Value) -> usize {
    let id = int(&truth["ticket_id"]);
    let clocks = follow(&account.metric_events[&id]);
    let expected = truth["sla"].as_array().expect("targets");
    let targeted = clocks.iter().filter(|(_, clock)| clock.target.is_some());
    assert_eq!(targeted.count(), expected.len(), "targets of ticket {id}");
    for target in expected {
        let metric = target["metric"].as_str().expect("metric").to_owned();
        let clock = &clocks[&(metric, int(&target["instance_id"]))];
        let outcome = match (clock.stage, clock.breached_at.is_some()) {
            ("fulfilled", breached) => if breached { "breached" } else { "achieved" }.to_owned(),
            (stage, true) => format!("breached_{stage}"),
            (stage, false) => stage.to_owned(),
        };
        assert_eq!(target["outcome"], outcome, "ticket {id}: {target}");
        assert_eq!(target["breached_at"].as_i64(), clock.breached_at, "ticket {id}: {target}");
        assert_eq!(target["fulfilled_at"].as_i64(), clock.fulfilled_at, "ticket {id}: {target}");
        assert_eq!(target["target_seconds"].as_i64(), clock.target);
        if clock.stage == "fulfilled" {
            let elapsed = &target["elapsed_seconds"];
            assert_eq!(elapsed["calendar"].as_i64(), Some(clock.elapsed), "ticket {id}: {target}");
            let minutes = (int(&elapsed["calendar"]) / 60, int(&elapsed["business"]) / 60);
            assert_eq!(clock.minutes, Some(minutes), "ticket {id}: {target}");
            let side = if target["business_hours"] == true { "business" } else { "calendar" };
            let over = int(&elapsed[side]) > int(&target["target_seconds"]);
            // A breach under an earlier, wider schedule stands; apart from that, events and times agree.
            assert!(!over || outcome == "breached", "ticket {id}: {target}");
        }
    }
    expected.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn metric_sets_events_and_truth_agree_for_every_ticket() {
    let (mut targets, mut accounts) = (0, Vec::new());
    // One world is looked at from the middle of its history: what comes later must not show anywhere.
    for (seed, as_of) in [(1, NOW), (2, NOW), (3, NOW - 90 * 86_400)] {
        println!("seed {seed}");
        let account = account(seed, as_of).await;
        for truth in &account.truth {
            check_ticket(&account, truth);
            targets += check_targets(&account, truth);
        }
        accounts.push(account);
    }
    check_variety(&accounts);
    assert!(targets > 10_000);
}

/// A world that lacks a case proves nothing about it.
fn check_variety(accounts: &[Account]) {
    let some = |what: &str, fits: &dyn Fn(&Value) -> bool| {
        assert!(accounts.iter().flat_map(|account| &account.truth).any(fits), "no ticket {what}");
    };
    let at_least = |key: &'static str, least: i64| move |line: &Value| line[key].as_i64() >= Some(least);
    some("is merged", &|line| line["is_merged"] == true);
    some("is deleted", &|line| line["is_deleted"] == true);
    some("is scrubbed", &|line| line["is_scrubbed"] == true);
    some("is private", &|line| line["is_public"] == false);
    some("is by an AI agent", &|line| line["is_ai_agent"] == true);
    some("lacks a priority", &|line| line["priority"].is_null());
    for key in [
        "reopens",
        "tier_moves_up",
        "tier_moves_down",
        "lateral_moves",
        "group_returns",
        "unassignments",
        "priority_raises_by_rule",
        "priority_raises_by_person",
        "reassignments_in_group",
    ] {
        some(key, &at_least(key, 1));
    }
    let outcomes = ["achieved", "breached", "breached_active", "breached_paused", "active", "paused"];
    for outcome in outcomes {
        let has = |line: &Value| {
            line["sla"].as_array().is_some_and(|all| all.iter().any(|sla| sla["outcome"] == outcome))
        };
        some(outcome, &has);
    }
    let events = || accounts.iter().flat_map(|account| account.metric_events.values().flatten());
    assert!(
        events().any(|event| event["type"] == "breach" && event["deleted"] == true),
        "no breach was taken back"
    );
    assert!(events().any(|event| event.get("sla") == Some(&Value::Null)), "no target was taken off");
    let statuses = ["new", "open", "pending", "hold", "solved", "closed", "deleted"];
    for status in statuses {
        some(status, &|line| line["status"] == status);
    }
}
