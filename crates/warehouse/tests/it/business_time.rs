use std::fmt::Write as _;

use deskmeter_warehouse::{AppliesTo, Error, MemoryTables, ScheduleSpec, Warehouse, WarehouseOptions};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use crate::case_file::rows;

/// Zones with a change of clocks by an hour, by half an hour, on other dates, and without.
const ZONES: [&str; 6] =
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago", "UTC"];

fn spec(zone: &str, weekly: [Vec<(u16, u16)>; 7], holidays: Vec<(Date, Date)>) -> ScheduleSpec {
    let applies_to = AppliesTo::default();
    ScheduleSpec { name: "s".into(), time_zone: zone.into(), weekly, holidays, applies_to }
}

fn always(zone: &str) -> ScheduleSpec {
    spec(zone, [(); 7].map(|()| vec![(0, 1440)]), Vec::new())
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
    let zone = TimeZone::get(&schedule.time_zone).unwrap();
    let mut seconds = 0;
    let mut at = start;
    while at < end {
        let next = (at.div_euclid(60) * 60 + 60).min(end);
        let local = zone.to_datetime(Timestamp::from_second(at).unwrap());
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        let day = &schedule.weekly[local.weekday().to_monday_zero_offset() as usize];
        let is_off =
            schedule.holidays.iter().any(|(first, last)| *first <= local.date() && local.date() <= *last);
        if !is_off && day.iter().any(|(open, close)| *open <= minute && minute < *close) {
            seconds += next - at;
        }
        at = next;
    }
    seconds
}

fn intervals() -> impl Strategy<Value = Vec<(u16, u16)>> {
    proptest::collection::btree_set(0_u16..=1440, 0..=4).prop_map(|ends| {
        ends.into_iter().collect::<Vec<_>>().chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    })
}

fn schedules() -> impl Strategy<Value = ScheduleSpec> {
    let weekly = proptest::array::uniform7(intervals());
    let holiday = (0_i32..800, 0_i32..4).prop_map(|(day, length)| {
        let first = date(2025, 1, 1).checked_add(day.days()).unwrap();
        (first, first.checked_add(length.days()).unwrap())
    });
    (0..ZONES.len(), weekly, proptest::collection::vec(holiday, 0..6))
        .prop_filter("has working time", |(_, weekly, _)| weekly.iter().any(|day| !day.is_empty()))
        .prop_map(|(zone, weekly, holidays)| spec(ZONES[zone], weekly, holidays))
}

/// Spans of up to three days: half of them around the nights on which one of the zones changes its clocks.
fn spans() -> impl Strategy<Value = (i64, i64)> {
    let nights = [1_743_300_000, 1_761_440_000, 1_741_500_000, 1_762_060_000, 1_743_870_000, 1_757_210_000];
    let anywhere = 1_735_689_600_i64..1_798_000_000;
    let near =
        (proptest::sample::select(nights.to_vec()), -100_000_i64..100_000).prop_map(|(night, by)| night + by);
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
    let nine_to_five = spec("UTC", [(); 7].map(|()| vec![(540, 1020)]), Vec::new());
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
    let mut odd = spec("Mars/Olympus", Default::default(), vec![(date(2026, 1, 2), date(2026, 1, 1))]);
    odd.weekly[0] = vec![(600, 500), (0, 1441)];
    odd.weekly[1] = vec![(0, 600), (500, 700)];
    let empty = spec("UTC", Default::default(), Vec::new());
    let options = WarehouseOptions { schedules: vec![odd, empty], ..WarehouseOptions::default() };
    let Err(Error::Schedules(problems)) = Warehouse::new(options) else { panic!("accepted") };
    assert_eq!(
        problems,
        [
            "schedule s: an interval of Monday does not lie in order within the day",
            "schedule s: intervals of Monday overlap",
            "schedule s: intervals of Tuesday overlap",
            "schedule s: holiday 2026-01-02..2026-01-01 ends before it starts",
            "schedule s: unknown time zone Mars/Olympus",
            "schedule s is defined twice",
            "schedule s has no working time",
        ]
    );
}

/// Working hours and minutes between two local times, as Zendesk's own engine counts them
/// (<https://github.com/zendesk/biz>: periods within a schedule, holidays, changes of the clock).
fn check(weekly: &[(usize, &[(u16, u16)])], holidays: &[Date], from: &str, to: &str, minutes: i64) {
    let mut week: [Vec<(u16, u16)>; 7] = Default::default();
    for (day, hours) in weekly {
        week[*day].extend(hours.iter().map(|(open, close)| (open * 60, close * 60)));
    }
    let zone = "America/Los_Angeles";
    let schedule = spec(zone, week, holidays.iter().map(|day| (*day, *day)).collect());
    let second = |local: &str| {
        let local: jiff::civil::DateTime = local.parse().unwrap();
        local.to_zoned(TimeZone::get(zone).unwrap()).unwrap().timestamp().as_second()
    };
    assert_eq!(measured(&schedule, &[(second(from), second(to))]), [Some(minutes * 60)], "{from} to {to}");
}

#[test]
fn counts_as_zendesks_own_engine_does() {
    const NINE_TO_FIVE: &[(u16, u16)] = &[(9, 17)];
    const ALL_DAY: &[(u16, u16)] = &[(0, 24)];
    let week: Vec<(usize, &[(u16, u16)])> = (0..5).map(|day| (day, NINE_TO_FIVE)).collect();
    let christmas = [date(2026, 12, 25)];
    // Over a weekend, over a holiday before one, over a lunch, over an open night.
    check(&week, &[], "2026-10-30T16:00", "2026-11-02T10:00", 120);
    check(&week, &christmas, "2026-12-24T16:00", "2026-12-28T10:00", 120);
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
