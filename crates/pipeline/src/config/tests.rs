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
fn every_unknown_key_is_told_beside_the_other_problems() {
    let text = MINIMAL
        .replace("client_id = ", "zzz = { a = 1 }\nqota_percent = 3\nclient_id = ")
        .replace("\"acme\"", "\"Acme Inc\"");
    check(
        &format!("{text}[[schedules]]\nname = \"d\"\ntime_zone = \"UTC\"\nweekly = {{}}\nholiday = []\n"),
        &[
            "line 5, column 1: unknown key `zzz`; pipelines/README.md lists every key",
            "line 6, column 1: unknown key `qota_percent`; did you mean `quota_percent`?",
            "line 17, column 1: unknown key `holiday`; did you mean `holidays`?",
            "connection.name: write 1 to 63 lower-case letters, digits, `-` or `_`",
        ],
    );
}

#[test]
fn a_schedule_that_can_never_apply_is_told() {
    let schedule = |name: &str, more: &str| {
        format!(
            "[[schedules]]\nname = \"{name}\"\ntime_zone = \"UTC\"\nweekly = {{ mon = [\"09:00-17:00\"] }}\n{more}\n"
        )
    };
    let groups = "applies_to = { group_ids = [7] }";
    let fine = [schedule("a", ""), schedule("b", groups), schedule("c", "")].concat();
    check(&format!("{MINIMAL}{fine}"), &[]);
    check(
        &format!("{MINIMAL}{fine}{}", schedule("d", groups)),
        &["schedules.d: never applies: `c` before it takes every ticket"],
    );
}

#[test]
fn a_change_of_a_schedule_keeps_what_it_leaves_out() {
    let text = format!(
        "{MINIMAL}[[schedules]]\nname = \"d\"\ntime_zone = \"UTC\"\nweekly = {{ mon = [\"09:00-17:00\"] }}\n\
         holidays = [\"12-25\"]\nspecial_days = {{ \"12-24\" = [\"09:00-12:00\"] }}\n\
         [[schedules.changes]]\nvalid_from = \"2026-07-01\"\nweekly = {{ tue = [\"08:00-20:00\"] }}\n\
         [[schedules.changes]]\nvalid_from = \"2026-08-01\"\ntime_zone = \"Europe/Berlin\"\nholidays = []\n"
    );
    let file = PipelineFile::parse(&text, Path::new("/p")).unwrap();
    let spec = file.schedules[0].spec().unwrap();
    let [(_, july), (_, august)] = spec.changes.as_slice() else { panic!("{spec:?}") };
    assert_eq!(july.weekly[1], [(480, 1200)]);
    assert!(july.weekly[0].is_empty() && august.weekly == july.weekly);
    assert_eq!((july.time_zone.as_str(), august.time_zone.as_str()), ("UTC", "Europe/Berlin"));
    assert_eq!(july.holidays, spec.hours.holidays);
    assert!(august.holidays.is_empty() && august.special_days == spec.hours.special_days);
    let wrong = text.replace("2026-07-01", "1 July").replace(
        "holidays = []",
        "holidays = [\"02-30\"]\nspecial_days = { \"24.12.\" = [\"9-12\"], \"12-31\" = [\"9-12\"] }",
    );
    check(
        &wrong,
        &[
            "schedules.d.changes: `1 July` is no day; write valid_from = \"2026-07-01\"",
            "schedules.d.holidays: `02-30` is no day; write \"2026-12-25\" or \"2026-12-24..2026-12-26\", for every year \"12-25\"",
            "schedules.d.12-31: `9-12` is no interval; write \"09:00-17:00\", the end after the start",
            "schedules.d.special_days: `24.12.` is no day; write \"2026-12-25\" or \"2026-12-24..2026-12-26\", for every year \"12-25\"",
        ],
    );
}

#[test]
fn a_time_zone_that_nobody_knows_is_told_with_the_nearest_one() {
    let text = format!(
        "{MINIMAL}[[schedules]]\nname = \"d\"\ntime_zone = \"Europe/Madird\"\nweekly = {{ mon = [\"9-17\"] }}\n\
         [[schedules.changes]]\nvalid_from = \"2026-07-01\"\ntime_zone = \"xqzj\"\n"
    );
    check(
        &text,
        &[
            "schedules.d.time_zone: unknown time zone `Europe/Madird`; did you mean `Europe/Madrid`?",
            "schedules.d.mon: `9-17` is no interval; write \"09:00-17:00\", the end after the start",
            "schedules.d.time_zone: unknown time zone `xqzj`; write an IANA name, for example `Europe/Madrid`",
        ],
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
            "schedules.d.holidays: `25.12.2026` is no day; write \"2026-12-25\" or \"2026-12-24..2026-12-26\", for every year \"12-25\"",
            "tiers: `x` is no group id; write the number, for example 36000000000002 = 1",
        ],
    );
}

#[test]
fn labels_are_words_that_stand_for_something_and_nothing_stands_for_two() {
    let labels = "\n[privacy.labels.escalated]\ntags = [\"jira_escalated\"]\nis_escalation = true\n\
                  [privacy.labels.tier_2]\nfield_id = 7\noptions = [\"l2\"]\ntier = 2\n";
    let file = PipelineFile::parse(&format!("{MINIMAL}{labels}"), Path::new("/p")).unwrap();
    assert!(!file.privacy.allow_list().unwrap().is_empty());
    assert!(PipelineFile::parse(MINIMAL, Path::new("/p")).unwrap().privacy.allow_list().unwrap().is_empty());
    let wrong = "\n[privacy.labels.A]\ntags = [\"jo doe\", \"x\", \"x\"]\n[privacy.labels.b]\nfield_id = 7\n\
                 [privacy.labels.c]\nfield_id = 7\noptions = [\"l2\"]\n[privacy.labels.d]\nfield_id = 7\noptions = [\"l2\"]\n";
    check(
        &format!("{MINIMAL}{wrong}"),
        &[
            "privacy.labels.A: no label: write a letter, then a-z, 0-9 and _, at most 40 characters",
            "privacy.labels.A: `jo doe` is no tag: tags hold neither blanks nor commas",
            "privacy.labels.A: the tag `x` has a label already",
            "privacy.labels.b: names nothing: write tags, or field_id with options",
            "privacy.labels.b: field_id and options go together",
            "privacy.labels.d: the option `l2` of the field has a label already",
        ],
    );
}
