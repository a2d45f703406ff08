use std::path::Path;

use super::PipelineFile;

const MINIMAL: &str = r#"
[connection]
name = "acme"
base_url = "https://acme.zendesk.com"
client_id = "deskmeter"
[lake]
url = "lake"
[state]
url = "state"
key_env = "DESKMETER_KEY"
"#;

fn check(text: &str, expected: &[&str]) {
    let problems = PipelineFile::parse(text, Path::new("/p")).err().unwrap_or_default();
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, expected);
}

#[test]
fn accepts_the_least_that_is_needed() {
    let file = PipelineFile::parse(MINIMAL, Path::new("/p")).unwrap();
    assert_eq!(file.lake_url(), "file:///p/lake/");
    assert_eq!(file.connection.quota_percent, 80);
    assert_eq!(file.start_time(), 0);
}

#[test]
fn names_the_nearest_key_for_an_unknown_one() {
    check(
        &MINIMAL.replace("client_id = ", "client_idd = "),
        &["line 5, column 1: unknown key `client_idd`; did you mean `client_id`?"],
    );
    check(
        &MINIMAL.replace("[lake]", "[sync]\nzzz = 1\n[lake]"),
        &["line 7, column 1: unknown key `zzz`; pipelines/README.md lists every key"],
    );
}

#[test]
fn tells_all_problems_at_once() {
    let text = MINIMAL
        .replace("\"acme\"", "\"Acme Inc\"")
        .replace("https://acme.zendesk.com", "http://acme.zendesk.com")
        .replace("\"state\"", "\"lake/state\"");
    let text = format!(
        "{text}\n[sync]\nstart_date = \"yesterday\"\n[[schedules]]\nname = \"d\"\ntime_zone = \"UTC\"\n\
         weekly = {{ mon = [\"17:00-09:00\"], foo = [] }}\nholidays = [\"25.12.2026\"]\n[tiers]\nx = 1\n"
    );
    check(
        &text,
        &[
            "connection.name: write 1 to 63 lower-case letters, digits, `-` or `_`",
            "connection.base_url: write https://SUBDOMAIN.zendesk.com (plain http only for this machine)",
            "state.url: must not lie in the lake: a disconnect deletes the lake and keeps the receipts",
            "sync.start_date: write a day as \"2024-01-01\"",
            "schedules.d.weekly: `foo` is no day; write mon, tue, wed, thu, fri, sat or sun",
            "schedules.d.mon: `17:00-09:00` is no interval; write \"09:00-17:00\", the end after the start",
            "schedules.d.holidays: `25.12.2026` is no day; write \"2026-12-25\" or \"2026-12-24..2026-12-26\"",
            "tiers: `x` is no group id; write the number, for example 36000000000002 = 1",
        ],
    );
}
