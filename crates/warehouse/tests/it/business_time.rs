use std::collections::BTreeMap;
use std::fmt::Write as _;

use deskmeter_warehouse::{
    AppliesTo, Days, Error, Hours, MemoryTables, ScheduleSpec, Warehouse, WarehouseOptions,
};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use crate::case_file::rows;

/// Zones with a change of clocks by an hour, by half an hour, on other dates, and without.
const ZONES: [&str; 6] =
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago", "UTC"];

/// Working intervals of Monday to Sunday.
type Week = [Vec<(u16, u16)>; 7];

fn hours(zone: &str, weekly: Week) -> Hours {
    Hours { time_zone: zone.into(), weekly, holidays: Vec::new(), special_days: Vec::new() }
}

fn spec(hours: Hours) -> ScheduleSpec {
    ScheduleSpec { name: "s".into(), applies_to: AppliesTo::default(), hours, changes: Vec::new() }
}

fn always(zone: &str) -> ScheduleSpec {
    spec(hours(zone, [(); 7].map(|()| vec![(0, 1440)])))
}

/// Working seconds of each span, by the warehouse.
fn measured(schedule: &ScheduleSpec, spans: &[(i64, i64)]) -> Vec<Option<i64>> {
    let mut sql = String::from("select business_seconds(a, b, 's') from (values ");
    for (index, (start, end)) in spans.iter().enumerate() {
        let time =
            |at: &i64| format!("arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", at * 1_000_000);
        let comma = if index > 0 { ", " } else { "" };
        write!(sql, "{comma}({}, {})", time(start), time(end)).unwrap();
    }
    sql.push_str(") as spans(a, b)");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let options = WarehouseOptions { schedules: vec![schedule.clone()], ..WarehouseOptions::default() };
        let mut warehouse = Warehouse::new(options).unwrap();
        warehouse.open(MemoryTables::default()).await.unwrap();
        rows(&warehouse, &sql).await.lines().map(|line| line.parse().ok()).collect()
    })
}

/// The same by walking over every minute: all zones here are whole minutes away from UTC.
fn walked(schedule: &ScheduleSpec, start: i64, end: i64) -> i64 {
    let zone = |hours: &Hours| TimeZone::get(&hours.time_zone).unwrap();
    let mut hours = vec![(Date::MIN, zone(&schedule.hours), &schedule.hours)];
    hours.extend(schedule.changes.iter().map(|(first, hours)| (*first, zone(hours), hours)));
    let mut open: BTreeMap<(usize, Date), Vec<(u16, u16)>> = BTreeMap::new();
    let mut seconds = 0;
    let mut at = start;
    while at < end {
        let next = (at.div_euclid(60) * 60 + 60).min(end);
        let now = Timestamp::from_second(at).unwrap();
        // The last hours whose first day has begun on their own clock.
        let has_begun = |(first, zone, _): &(Date, TimeZone, _)| zone.to_datetime(now).date() >= *first;
        let which = hours.iter().rposition(has_begun).unwrap();
        let local = hours[which].1.to_datetime(now);
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        let day = local.date();
        let intervals = open.entry((which, day)).or_insert_with(|| intervals_of(hours[which].2, day));
        if intervals.iter().any(|(open, close)| *open <= minute && minute < *close) {
            seconds += next - at;
        }
        at = next;
    }
    seconds
}

/// What is open on a local day, the plain way: every date written out.
fn intervals_of(hours: &Hours, day: Date) -> Vec<(u16, u16)> {
    let is = |days: &Days| {
        let text = days.to_string();
        let (first, last) = text.split_once("..").unwrap_or((&text, &text));
        let of_year = |text: &str, year: i16| format!("{year:04}-{text}").parse::<Date>().ok();
        let spans = if first.len() == 10 {
            vec![(first.parse().ok(), last.parse().ok())]
        } else {
            let next = i16::from(last < first);
            let years = [day.year() - 1, day.year()];
            years.map(|year| (of_year(first, year), of_year(last, year + next))).to_vec()
        };
        spans.iter().any(|(first, last)| {
            first.is_some_and(|first| first <= day) && last.is_some_and(|last| day <= last)
        })
    };
    let dated = hours.special_days.iter().find(|(days, _)| !days.is_yearly() && is(days));
    let special = dated.or_else(|| hours.special_days.iter().find(|(days, _)| days.is_yearly() && is(days)));
    match special {
        Some((_, own)) => own.clone(),
        None if hours.holidays.iter().any(is) => Vec::new(),
        None => hours.weekly[day.weekday().to_monday_zero_offset() as usize].clone(),
    }
}

fn intervals() -> impl Strategy<Value = Vec<(u16, u16)>> {
    proptest::collection::btree_set(0_u16..=1440, 0..=4).prop_map(|ends| {
        ends.into_iter().collect::<Vec<_>>().chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    })
}

/// Nights on which one of the zones changes its clocks.
const NIGHTS: [i64; 6] =
    [1_743_300_000, 1_761_440_000, 1_741_500_000, 1_762_060_000, 1_743_870_000, 1_757_210_000];

/// A day, most often by one of those nights, where the spans are, too.
fn first_day() -> impl Strategy<Value = Date> {
    let near =
        (proptest::sample::select(NIGHTS.to_vec()), -2_i64..3).prop_map(|(night, by)| night + by * 86_400);
    prop_oneof![3 => near, 1 => 1_735_689_600_i64..1_798_000_000]
        .prop_map(|at| TimeZone::UTC.to_datetime(Timestamp::from_second(at).unwrap()).date())
}

/// Days of one year, or of every year.
fn days() -> impl Strategy<Value = Days> {
    (first_day(), 0_i32..4, any::<bool>()).prop_map(|(first, length, is_yearly)| {
        let last = first.checked_add(length.days()).unwrap();
        let month_day = |day: Date| (day.month(), day.day());
        if is_yearly { Days::Yearly(month_day(first), month_day(last)) } else { Days::Once(first, last) }
    })
}

fn some_hours() -> impl Strategy<Value = Hours> {
    let holidays = proptest::collection::vec(days(), 0..6);
    let special = proptest::collection::vec((days(), intervals()), 0..4);
    (0..ZONES.len(), proptest::array::uniform7(intervals()), holidays, special).prop_map(
        |(zone, weekly, holidays, special)| {
            let mut special_days: Vec<(Days, Vec<(u16, u16)>)> = Vec::new();
            for (days, own) in special {
                // No day twice among those of one year, nor among those of every year: that is refused.
                let is_new = |(other, _): &(Days, _)| other.is_yearly() != days.is_yearly();
                if special_days.iter().all(is_new) {
                    special_days.push((days, own));
                }
            }
            Hours { time_zone: ZONES[zone].into(), weekly, holidays, special_days }
        },
    )
}

fn schedules() -> impl Strategy<Value = ScheduleSpec> {
    let changes = proptest::collection::btree_map(first_day(), some_hours(), 0..4);
    (some_hours(), changes)
        .prop_filter("has working time", |(hours, _)| hours.weekly.iter().any(|day| !day.is_empty()))
        .prop_map(|(hours, changes)| ScheduleSpec { changes: changes.into_iter().collect(), ..spec(hours) })
}

/// Spans of up to three days: half of them around the nights on which one of the zones changes its clocks.
fn spans() -> impl Strategy<Value = (i64, i64)> {
    let anywhere = 1_735_689_600_i64..1_798_000_000;
    let near =
        (proptest::sample::select(NIGHTS.to_vec()), -100_000_i64..100_000).prop_map(|(night, by)| night + by);
    (prop_oneof![anywhere, near], 0_i64..260_000).prop_map(|(start, length)| (start, start + length))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equals_a_walk_over_every_minute(schedule in schedules(), spans in proptest::collection::vec(spans(), 6)) {
        let walked: Vec<_> = spans.iter().map(|(start, end)| Some(walked(&schedule, *start, *end))).collect();
        prop_assert_eq!(measured(&schedule, &spans), walked);
    }

    #[test]
    fn is_at_most_calendar_time_and_adds_up(schedule in schedules(), cuts in proptest::collection::vec(spans(), 6)) {
        let spans: Vec<_> = cuts
            .iter()
            .flat_map(|(start, end)| {
                let middle = start + (end - start) / 3;
                [(*start, *end), (*start, middle), (middle, *end), (*end, *start)]
            })
            .collect();
        let measured = measured(&schedule, &spans);
        for ((start, end), sums) in cuts.iter().zip(measured.chunks_exact(4)) {
            let [whole, left, right, back] = [0, 1, 2, 3].map(|index| sums[index].unwrap());
            prop_assert!((0..=end - start).contains(&whole));
            prop_assert_eq!(whole, left + right);
            prop_assert_eq!(whole, -back);
        }
    }

    #[test]
    fn around_the_clock_is_calendar_time(zone in 0..ZONES.len(), spans in proptest::collection::vec(spans(), 6)) {
        let calendar: Vec<_> = spans.iter().map(|(start, end)| Some(end - start)).collect();
        prop_assert_eq!(measured(&always(ZONES[zone]), &spans), calendar);
    }
}

#[test]
fn a_century_is_compiled_at_once() {
    let (start, end) = (0, 4_102_444_800);
    assert_eq!(measured(&always("Eastern Time (US & Canada)"), &[(start, end)]), [Some(end - start)]);
}

#[tokio::test]
async fn time_is_unknown_without_its_parts_and_due_is_its_inverse() {
    let nine_to_five = spec(hours("UTC", [(); 7].map(|()| vec![(540, 1020)])));
    let options = WarehouseOptions { schedules: vec![nine_to_five], ..WarehouseOptions::default() };
    let mut warehouse = Warehouse::new(options).unwrap();
    warehouse.open(MemoryTables::default()).await.unwrap();
    let at = |time: &str| format!("arrow_cast('{time}', 'Timestamp(Microsecond, Some(\"UTC\"))')");
    let (start, end) = (at("2026-11-02T16:00:00"), at("2026-11-03T10:00:00"));
    let sql = format!(
        "select business_seconds({start}, {end}, 's'), business_seconds({start}, {end}, 'other'), \
         business_seconds({start}, null, 's'), business_seconds({start}, {end}, null), \
         business_due({start}, 7200, 's') = {end}, business_due({start}, 7200, 'other'), \
         calendar_seconds({start}, null), to_minutes(89), to_minutes(90), ticket_schedule(null, null, null)"
    );
    assert_eq!(rows(&warehouse, &sql).await.trim(), "7200 . . . true . . 1 2 s");
}

#[test]
fn every_problem_of_every_schedule_is_told_at_once() {
    let mut odd = spec(hours("Mars/Olympus", Default::default()));
    odd.hours.weekly[0] = vec![(600, 500), (0, 1441)];
    odd.hours.weekly[1] = vec![(0, 600), (500, 700)];
    let day = |text: &str, own: &[(u16, u16)]| (text.parse().unwrap(), own.to_vec());
    odd.hours.special_days = vec![
        day("2026-12-24", &[(540, 720)]),
        day("2026-12-20..2026-12-24", &[(720, 540)]),
        day("12-31..01-02", &[]),
        day("01-01", &[]),
    ];
    let mut empty = spec(hours("UTC", Default::default()));
    let change = |day: Date, zone: &str| (day, hours(zone, Default::default()));
    empty.changes = vec![change(date(2026, 7, 1), "UTC"), change(date(2026, 7, 1), "Nowhere")];
    let options = WarehouseOptions { schedules: vec![odd, empty], ..WarehouseOptions::default() };
    let Err(Error::Schedules(problems)) = Warehouse::new(options) else { panic!("accepted") };
    assert_eq!(
        problems,
        [
            "schedule s: an interval of Monday does not lie in order within the day",
            "schedule s: intervals of Monday overlap",
            "schedule s: intervals of Tuesday overlap",
            "schedule s: an interval of 2026-12-20..2026-12-24 does not lie in order within the day",
            "schedule s: special days 2026-12-24 and 2026-12-20..2026-12-24 overlap",
            "schedule s: special days 12-31..01-02 and 01-01 overlap",
            "schedule s: unknown time zone `Mars/Olympus`; write an IANA name, for example `Europe/Madrid`",
            "schedule s is defined twice",
            "schedule s: the change of 2026-07-01 does not come after the one before it",
            "schedule s: from 2026-07-01: unknown time zone `Nowhere`; write an IANA name, for example `Europe/Madrid`",
            "schedule s: it has no working time",
        ]
    );
}

#[test]
fn days_are_read_as_people_write_them() {
    let texts = ["2026-12-25", "2026-12-24..2026-12-26", "12-25", "02-29", "12-24..01-01"];
    for text in texts {
        assert_eq!(text.parse::<Days>().unwrap().to_string(), text);
    }
    for text in ["", "12", "2026-12-26..2026-12-24", "2026-12-24..12-26", "13-01", "02-30", "25.12.", "1-1"] {
        assert!(text.parse::<Days>().is_err(), "{text}");
    }
    let leap: Days = "02-29".parse().unwrap();
    assert!(
        leap.contains(date(2028, 2, 29))
            && !leap.contains(date(2026, 2, 28))
            && !leap.contains(date(2026, 3, 1))
    );
    let new_year: Days = "12-24..01-01".parse().unwrap();
    assert!(new_year.contains(date(2026, 12, 31)) && new_year.contains(date(2027, 1, 1)));
    assert!(!new_year.contains(date(2027, 1, 2)) && !new_year.contains(date(2026, 12, 23)));
}

/// Seconds of the epoch of a local time in Los Angeles.
fn second(local: &str) -> i64 {
    let local: jiff::civil::DateTime = local.parse().unwrap();
    local.to_zoned(TimeZone::get(LOS_ANGELES).unwrap()).unwrap().timestamp().as_second()
}

const LOS_ANGELES: &str = "America/Los_Angeles";

/// Working minutes between two local times.
fn check_hours(schedule: &ScheduleSpec, from: &str, to: &str, minutes: i64) {
    let measured = measured(schedule, &[(second(from), second(to))]);
    assert_eq!(measured, [Some(minutes * 60)], "{from} to {to}");
}

/// Days of the week from Monday, with full hours.
type Weekly<'a> = [(usize, &'a [(u16, u16)])];

fn week(weekly: &Weekly<'_>) -> Week {
    let mut week: Week = Default::default();
    for (day, hours) in weekly {
        week[*day].extend(hours.iter().map(|(open, close)| (open * 60, close * 60)));
    }
    week
}

/// As Zendesk's own engine counts them (<https://github.com/zendesk/biz>: periods within a schedule, holidays, changes
/// of the clock).
fn check(weekly: &Weekly<'_>, holidays: &[&str], from: &str, to: &str, minutes: i64) {
    let holidays = holidays.iter().map(|days| days.parse().unwrap()).collect();
    check_hours(&spec(Hours { holidays, ..hours(LOS_ANGELES, week(weekly)) }), from, to, minutes);
}

const NINE_TO_FIVE: &[(u16, u16)] = &[(9, 17)];
const ALL_DAY: &[(u16, u16)] = &[(0, 24)];

fn monday_to_friday() -> Vec<(usize, &'static [(u16, u16)])> {
    (0..5).map(|day| (day, NINE_TO_FIVE)).collect()
}

#[test]
fn counts_as_zendesks_own_engine_does() {
    let week = monday_to_friday();
    // Over a weekend, over a holiday before one, over a lunch, over an open night.
    check(&week, &[], "2026-10-30T16:00", "2026-11-02T10:00", 120);
    check(&week, &["2026-12-25"], "2026-12-24T16:00", "2026-12-28T10:00", 120);
    check(&[(3, &[(9, 12), (13, 17)])], &[], "2026-11-05T11:30", "2026-11-05T13:30", 60);
    check(
        &[(0, NINE_TO_FIVE), (1, ALL_DAY), (2, NINE_TO_FIVE)],
        &[],
        "2026-11-02T17:00",
        "2026-11-04T09:00",
        1440,
    );
    // Before opening, after closing, on the second.
    check(&week, &[], "2026-11-02T03:00", "2026-11-02T09:00", 0);
    check(&week, &[], "2026-11-02T17:00", "2026-11-03T09:00", 0);
    check(&week, &[], "2026-11-02T08:59", "2026-11-02T09:01", 1);
    // The Sunday in spring has 23 hours and no hour from two to three; that in autumn 25 and the hour from one twice.
    check(&[(6, ALL_DAY)], &[], "2026-03-08T00:00", "2026-03-09T00:00", 23 * 60);
    check(&[(6, &[(2, 3)])], &[], "2026-03-08T00:00", "2026-03-09T00:00", 0);
    check(&[(6, ALL_DAY)], &[], "2026-11-01T00:00", "2026-11-02T00:00", 25 * 60);
    check(&[(6, &[(1, 2)])], &[], "2026-11-01T00:00", "2026-11-02T00:00", 120);
    // Two hours wholly within such a Sunday, and sixty weeks: where dbt_zendesk tells 0 and stops at 52 weeks.
    check(&[(6, ALL_DAY)], &[], "2026-11-01T04:00", "2026-11-01T06:00", 120);
    check(&week, &[], "2025-01-06T09:00", "2026-03-02T09:00", 60 * 5 * 8 * 60);
}

#[test]
fn holidays_of_every_year_and_days_with_hours_of_their_own_count_as_written() {
    let mut work = spec(hours(LOS_ANGELES, week(&monday_to_friday())));
    work.hours.holidays = vec!["12-25".parse().unwrap(), "12-31..01-01".parse().unwrap()];
    work.hours.special_days = vec![
        // Saturday open, Thursday before Christmas short, and a holiday of every year that is worked once.
        ("2026-12-19".parse().unwrap(), vec![(600, 720)]),
        ("12-24".parse().unwrap(), vec![(540, 720)]),
        ("2026-12-31".parse().unwrap(), vec![(540, 600)]),
        ("2027-01-04".parse().unwrap(), vec![]),
    ];
    check_hours(&work, "2026-12-19T00:00", "2026-12-20T00:00", 120);
    check_hours(&work, "2026-12-24T00:00", "2026-12-25T00:00", 180);
    check_hours(&work, "2025-12-24T11:00", "2025-12-26T10:00", 60 + 60);
    check_hours(&work, "2026-12-31T00:00", "2027-01-02T00:00", 60);
    check_hours(&work, "2025-12-31T00:00", "2026-01-03T00:00", 480);
    check_hours(&work, "2027-01-04T00:00", "2027-01-05T10:00", 60);
}

#[test]
fn a_span_over_a_change_of_the_schedule_counts_each_part_by_the_hours_then() {
    let mut work = spec(hours(LOS_ANGELES, week(&monday_to_friday())));
    let longer: Vec<(usize, &[(u16, u16)])> = (0..6).map(|day| (day, &[(8_u16, 20_u16)][..])).collect();
    work.changes = vec![
        (date(2026, 7, 1), hours(LOS_ANGELES, week(&longer))),
        (date(2026, 8, 3), hours("Europe/Berlin", week(&longer))),
        (date(2026, 9, 1), hours(LOS_ANGELES, Default::default())),
    ];
    // Tuesday 30 June by the old hours, Wednesday by the new ones, a Saturday before and after.
    check_hours(&work, "2026-06-30T16:00", "2026-07-01T09:00", 60 + 60);
    check_hours(&work, "2026-06-27T00:00", "2026-06-28T00:00", 0);
    check_hours(&work, "2026-07-04T00:00", "2026-07-05T00:00", 720);
    // Berlin's Monday begins at 15:00 of Sunday here, and is open from 23:00 to 11:00.
    check_hours(&work, "2026-08-02T00:00", "2026-08-03T12:00", 720);
    // Nothing is worked from September on.
    check_hours(&work, "2026-09-01T00:00", "2027-09-01T00:00", 0);
    // Weeks over both: 30 June 8 h, 1 to 31 July 27 days of 12 h without Sundays.
    check_hours(&work, "2026-06-30T00:00", "2026-08-01T00:00", 480 + 27 * 720);
}
