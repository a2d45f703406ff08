use std::collections::BTreeMap;

use deskmeter_warehouse::{
    Definitions, Error, Explanation, RefreshScope, ScheduleSpec, Warehouse, WarehouseOptions, WindowKind,
};
use jiff::Timestamp;

use crate::case_file::schedule;
use crate::world;

const AS_OF: i64 = world::START + 310 * 86_400;

async fn warehouse(definitions: Definitions) -> Warehouse {
    let mut berlin: ScheduleSpec = schedule("default", "Europe/Berlin", "mon-fri", "09:00-17:00", &[]);
    berlin.hours.holidays.push("05-01".parse().unwrap());
    let always = schedule("always", "UTC", "all", "00:00-24:00", &["group=200"]);
    let options =
        WarehouseOptions { schedules: vec![berlin, always], definitions, ..WarehouseOptions::default() };
    let mut warehouse = Warehouse::new(options).unwrap();
    warehouse.open(world::tables(150, None)).await.unwrap();
    warehouse.refresh(AS_OF, RefreshScope::Full).await.unwrap();
    warehouse
}

/// Windows lie end to end over the whole piece, and those of working time add up to its business time.
fn check_windows(explanation: &Explanation) {
    for piece in explanation.pieces.iter().filter(|piece| piece.schedule.is_some()) {
        let mut at = piece.from;
        let mut working = 0;
        for window in &piece.windows {
            assert_eq!(window.from, at, "{explanation:?}");
            at = window.to;
            if window.kind == WindowKind::Working {
                working += window.to.as_second() - window.from.as_second();
            }
        }
        assert_eq!(Some(at), piece.to.filter(|_| !piece.windows.is_empty()).or(Some(piece.from)));
        assert_eq!(Some(working), piece.seconds_business, "{explanation:?}");
    }
}

async fn check(definitions: Definitions) {
    let explanations = warehouse(definitions).await.explain(None, None).await.unwrap();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for explanation in &explanations {
        check_windows(explanation);
        for total in &explanation.totals {
            assert!(total.is_explained(), "{total:?} of {explanation:?}");
            *known.entry(&total.column).or_default() += usize::from(total.value.unwrap_or_default() > 0);
        }
    }
    // What this world lacks: holds, deletions, reopens, tiers, internal comments, returns.
    let lacking: Vec<_> = known.iter().filter(|(_, count)| **count == 0).map(|(column, _)| *column).collect();
    assert!(lacking.len() <= 16 && known.len() >= 40, "never above 0: {lacking:?}");
    let kinds: Vec<WindowKind> = explanations
        .iter()
        .flat_map(|explanation| &explanation.pieces)
        .flat_map(|piece| piece.windows.iter().map(|window| window.kind))
        .collect();
    for kind in [WindowKind::Working, WindowKind::Closed, WindowKind::Weekend, WindowKind::Holiday] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}

#[tokio::test]
async fn pieces_add_up_to_every_cell_under_both_definitions() {
    check(Definitions::Zendesk).await;
    check(Definitions::AllSchedules).await;
}

#[tokio::test]
async fn an_sla_clock_is_explained_by_its_policy_metric_and_unknown_names_suggest_the_nearest() {
    let warehouse = warehouse(Definitions::Zendesk).await;
    let explained = warehouse.explain(Some(14), Some("requester_wait_time")).await.unwrap();
    let [clock] = explained.as_slice() else { panic!("{explained:?}") };
    assert_eq!((clock.metric.as_str(), clock.mart.as_str()), ("requester_wait_time", "sla_targets"));
    assert_eq!(clock.facts.text("target_seconds").as_deref(), Some("28800"));
    assert_eq!(clock.pieces.len(), 2, "{clock:?}");
    assert_eq!(clock.as_of, Timestamp::from_second(AS_OF).unwrap());

    let by_column = warehouse.explain(Some(14), Some("agent_work_minutes_business")).await.unwrap();
    assert_eq!(by_column, warehouse.explain(Some(14), Some("agent_work")).await.unwrap());

    let Err(Error::UnknownMetric { nearest, .. }) = warehouse.explain(Some(14), Some("agent_wrok")).await
    else {
        panic!("explained")
    };
    assert_eq!(nearest[0], "agent_work");
    let Err(Error::UnknownTicket { nearest, .. }) = warehouse.explain(Some(151), Some("open")).await else {
        panic!("explained")
    };
    assert_eq!(nearest, [150, 149, 148]);
}
