//! A token that opens the plain lists only: every metric that its data allow, and the others named instead of guessed.

use std::collections::BTreeMap;

use deskmeter_simulator::{ScopeProfile, World};
use serde_json::Value;

use crate::inside::{put_state, state_of, world};
use crate::support::Desk;

/// What speaks of the lake or the refresh and not of the account, or of time that goes on.
const ABOUT_THE_RUN: [&str; 5] =
    ["as_of", "has_history_gap", "unsolved_age_minutes_calendar", "idle_minutes_calendar", "n_deleted"];

fn account() -> World {
    world(150, 91)
}

/// The columns of every mart, with the tables that each needs; and those marts whose rows need one.
fn needs(desk: &Desk) -> BTreeMap<String, (Vec<String>, Vec<String>)> {
    let listed = desk.run(&["metrics", "list", "--format", "json"]).ok().stdout;
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let marts = listed.iter().map(|mart| mart["mart"].as_str().unwrap().to_owned());
    marts
        .map(|mart| {
            let shown = desk.run(&["metrics", "show", &mart, "--format", "json"]).ok().stdout;
            let shown: Value = serde_json::from_str(&shown).unwrap();
            let is_needy = |part: &Value| !part["needs"].as_array().unwrap().is_empty();
            let columns = shown["columns"].as_array().unwrap();
            let name = |column: &&Value| column["name"].as_str().unwrap().to_owned();
            let untold = columns.iter().filter(|column| is_needy(column)).map(|column| name(&column));
            let told = columns.iter().filter(|column| !is_needy(column)).map(|column| name(&column));
            let told: Vec<String> = if is_needy(&shown) { Vec::new() } else { told.collect() };
            (mart, (told, untold.collect()))
        })
        .collect()
}

#[test]
fn plain_lists_give_every_metric_that_their_data_allow_and_name_the_others() {
    let full = Desk::new(account(), |_| {});
    full.connect();
    full.run(&["sync"]).ok();
    let mut desk = Desk::new(account(), |options| options.scope_profile = ScopeProfile::Strict);
    put_state(desk.dir.path(), &state_of(full.dir.path()));
    desk.connect();
    desk.run(&["sync"]).ok();
    let requests = desk.simulator().requests();
    assert!(requests.iter().all(|request| !request.forbidden));
    assert!(requests.iter().any(|request| request.path == "/api/v2/tickets"));

    // What is told is what the exports tell.
    let needs = needs(&desk);
    for mart in ["ticket_metrics", "ticket_summary", "user_summary"] {
        let (told, untold) = &needs[mart];
        let columns: Vec<&str> =
            told.iter().map(String::as_str).filter(|name| !ABOUT_THE_RUN.contains(name)).collect();
        let deleted = if mart == "ticket_metrics" { " where not is_deleted" } else { "" };
        let sql = format!("select {} from {mart}{deleted} order by 1", columns.join(", "));
        assert_eq!(desk.query(&sql), full.query(&sql), "{mart}");
        let untold: Vec<String> =
            untold.iter().map(|column| format!("count({column}) as {column}")).collect();
        if !untold.is_empty() {
            let counts = &desk.query(&format!("select {} from {mart}", untold.join(", ")))[0];
            assert!(counts.as_object().unwrap().values().all(|count| *count == 0), "{mart}: {counts}");
        }
    }
    // What cannot be told is empty.
    let empty = needs.iter().filter(|(_, (told, _))| told.is_empty()).map(|(mart, _)| mart);
    let counts: Vec<String> =
        empty.map(|mart| format!("select '{mart}' as mart, count(*) as n from {mart}")).collect();
    let counts = counts.join(" union all ");
    assert!(desk.query(&counts).iter().all(|mart| mart["n"] == 0));
    let told_by_exports = full.query(&counts);
    assert!(told_by_exports.len() > 10 && told_by_exports.iter().all(|mart| mart["n"] != 0));
    let kpis = "select kpi, subject, value from kpis where value is not null order by position";
    let known = desk.query(kpis);
    let all = full.query(kpis);
    assert!(!known.is_empty() && known.len() < all.len());
    for kpi in &known {
        assert!(all.contains(kpi), "{kpi} is not what the exports tell");
    }
    // Zendesk's own numbers are there, and nothing is made up beside them.
    let theirs = "select ticket_id, metric, zendesk_value from parity where zendesk_value is not null and instance_id = 0 \
                  and zendesk_source = 'metric_set' order by 1, 2";
    assert_eq!(desk.query(theirs), full.query(theirs));
    assert_eq!(desk.number("select count(derived_value) from parity"), 0);

    let status = desk.run(&["status"]).ok().stdout;
    assert!(status.contains("plain list only") && status.contains("refused"), "{status}");
    assert!(
        status.contains("empty for want of ticket_events: ") && status.contains("columns of ticket_metrics")
    );
    let status: Value = serde_json::from_str(&desk.run(&["status", "--format", "json"]).ok().stdout).unwrap();
    assert!(status["untold"].as_array().unwrap().len() > 10, "{status}");
    desk.run(&["lake", "check"]).ok();

    // A second run changes nothing; an authorization with the missing scope makes it whole.
    let files = desk.data_files();
    desk.run(&["sync"]).ok();
    assert_eq!(desk.data_files(), files);
    desk.replace_account(account(), |_| {});
    desk.connect();
    desk.run(&["sync"]).ok();
    let sql = "select * exclude (as_of) from ticket_metrics order by ticket_id";
    assert_eq!(desk.query(sql), full.query(sql));
    let status: Value = serde_json::from_str(&desk.run(&["status", "--format", "json"]).ok().stdout).unwrap();
    assert_eq!(status["untold"], Value::Array(Vec::new()));
}
