//! What a parsed file may still get wrong. All of it is told at once.

use deskmeter_warehouse::Engine;

use super::{PipelineFile, Problem};

/// Every problem of the file.
pub(super) fn problems(file: &PipelineFile) -> Vec<Problem> {
    let mut found = Vec::new();
    connection(file, &mut found);
    places(file, &mut found);
    reading(file, &mut found);
    schedules(file, &mut found);
    found.extend(file.privacy.problems());
    for group in file.tiers.keys().filter(|group| group.parse::<i64>().is_err()) {
        found.push(problem(
            "tiers",
            format!("`{group}` is no group id; write the number, for example 36000000000002 = 1"),
        ));
    }
    found
}

/// Each schedule by itself, and those that come too late: the first that matches wins.
fn schedules(file: &PipelineFile, found: &mut Vec<Problem>) {
    for schedule in &file.schedules {
        found.extend(schedule.spec().err().into_iter().flatten());
    }
    // The first one without `applies_to` is the default for what no other takes; a later one takes everything.
    let takes_all = |(_, schedule): &(usize, &super::ScheduleConfig)| schedule.applies_to.is_any();
    let Some((last, taker)) = file.schedules.iter().enumerate().skip(1).find(takes_all) else { return };
    for late in file.schedules.iter().skip(last + 1) {
        let what = format!("never applies: `{}` before it takes every ticket", taker.name);
        found.push(problem(&format!("schedules.{}", late.name), what));
    }
}

fn problem(at: &str, what: impl Into<String>) -> Problem {
    Problem { at: at.to_owned(), what: what.into() }
}

fn connection(file: &PipelineFile, found: &mut Vec<Problem>) {
    let connection = &file.connection;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if connection.name.is_empty() || connection.name.len() > 63 || !connection.name.chars().all(is_name) {
        found.push(problem("connection.name", "write 1 to 63 lower-case letters, digits, `-` or `_`"));
    }
    if !(1..=100).contains(&connection.quota_percent) {
        found.push(problem("connection.quota_percent", "write 1 to 100"));
    }
    if connection.client_id.is_empty() {
        found.push(problem("connection.client_id", "write the OAuth client's unique identifier"));
    }
    let url = &connection.base_url;
    let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback) {
        found.push(problem(
            "connection.base_url",
            "write https://SUBDOMAIN.zendesk.com (plain http only for this machine)",
        ));
    }
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
        found.push(problem(
            "connection.base_url",
            "write only scheme and host, for example https://acme.zendesk.com",
        ));
    }
}

fn places(file: &PipelineFile, found: &mut Vec<Problem>) {
    for (at, url) in [("lake.url", &file.lake.url), ("state.url", &file.state.url)] {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        if !matches!(scheme, None | Some("file" | "s3" | "gs" | "az")) {
            found.push(problem(
                at,
                "write a folder, file:///…, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix",
            ));
        }
    }
    let (lake, state) = (file.lake_url(), file.state_url());
    let (lake, state) = (lake.trim_end_matches('/'), state.trim_end_matches('/'));
    if lake == state || state.starts_with(&format!("{lake}/")) {
        found.push(problem(
            "state.url",
            "must not lie in the lake: a disconnect deletes the lake and keeps the receipts",
        ));
    }
    if file.state.key_env.is_empty() {
        found.push(problem("state.key_env", "name the environment variable that holds the sealing key"));
    }
}

fn reading(file: &PipelineFile, found: &mut Vec<Problem>) {
    let sync = &file.sync;
    if sync.start_date.as_ref().is_some_and(|day| day.parse::<jiff::civil::Date>().is_err()) {
        found.push(problem("sync.start_date", "write a day as \"2024-01-01\""));
    }
    if !(0.0..=1.0).contains(&sync.reject_share_max) {
        found.push(problem("sync.reject_share_max", "write a share from 0 to 1, for example 0.01"));
    }
    if sync.buffer_bytes < 1 << 20 {
        found.push(problem("sync.buffer_bytes", "write at least 1048576 (1 MiB)"));
    }
    if sync.request_timeout_secs == 0 {
        found.push(problem("sync.request_timeout_secs", "write at least 1"));
    }
    if let Err(reason) = file.warehouse.engine.parse::<Engine>() {
        found.push(problem("warehouse.engine", reason));
    }
    if !matches!(file.warehouse.definitions.as_str(), "zendesk" | "all_schedules") {
        found.push(problem("warehouse.definitions", "write \"zendesk\" or \"all_schedules\""));
    }
}
