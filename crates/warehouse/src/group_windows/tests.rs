//! The operator beside the engine's own, over groups of every size.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use proptest::prelude::*;

use super::GroupWindows;

/// Every function that the operator takes over, and each form that stays with the engine beside it.
const TAKEN: &str = "
    select team, at, value, word,
        row_number() over (partition by team order by at) as place,
        lag(value) over (partition by team order by at) as before,
        lead(word) over (partition by team order by at) as after,
        first_value(word) over (partition by team order by at) as first,
        sum(value) over (partition by team order by at rows between unbounded preceding and current row) as until,
        sum(value) over (partition by team) as whole,
        count(value) over (partition by team) as known,
        fill_down(word) over (partition by team order by at) as newest
    from rows order by at";
const LEFT: &str = "
    select at,
        lag(value) ignore nulls over (partition by team order by at) as known_before,
        lag(value, 2, 7) over (partition by team order by at) as far,
        sum(value) over (partition by team order by at rows between 1 preceding and current row) as pair,
        sum(value) filter (where value > 3) over (partition by team) as some,
        count(distinct value) over (partition by team) as kinds,
        last_value(word) over (partition by team order by at) as last,
        sum(value) over (order by at) as overall
    from rows order by at";

type Row = (Option<i64>, Option<i64>);

fn context(rows: &[Row], is_ours: bool) -> SessionContext {
    let batches = rows.chunks(3).enumerate().map(|(part, rows)| {
        let at = (0..rows.len()).map(|row| (part * 3 + row) as i64).collect::<Int64Array>();
        let word =
            rows.iter().map(|(_, value)| value.map(|value| format!("w{value}"))).collect::<StringArray>();
        RecordBatch::try_from_iter_with_nullable([
            ("team", Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>()) as _, true),
            ("at", Arc::new(at) as _, true),
            ("value", Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>()) as _, true),
            ("word", Arc::new(word) as _, true),
        ])
        .unwrap()
    });
    let batches: Vec<_> = batches.collect();
    // Small batches: groups go on from one to the next.
    let config = SessionConfig::new().with_target_partitions(2).with_batch_size(4);
    let mut state = SessionStateBuilder::new_with_default_features().with_config(config);
    if is_ours {
        state = state.with_physical_optimizer_rule(Arc::new(GroupWindows));
    }
    let context = SessionContext::new_with_state(state.build());
    let table = MemTable::try_new(batches[0].schema(), vec![batches]).unwrap();
    context.register_table("rows", Arc::new(table)).unwrap();
    context.register_udwf(crate::fill_down::function());
    context
}

async fn answer(context: &SessionContext, sql: &str) -> String {
    let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
    pretty_format_batches(&batches).unwrap().to_string()
}

async fn plan(context: &SessionContext, sql: &str) -> String {
    answer(context, &format!("explain {sql}")).await
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn answers_as_the_engine_does(
        rows in prop::collection::vec((prop::option::of(0..4_i64), prop::option::of(0..9_i64)), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (ours, engine) = (context(&rows, true), context(&rows, false));
            for sql in [TAKEN, LEFT] {
                assert_eq!(answer(&ours, sql).await, answer(&engine, sql).await);
            }
        });
    }
}

#[tokio::test]
async fn takes_over_what_looks_at_neighbours_and_leaves_the_rest() {
    let context = context(&[(Some(1), Some(2)), (Some(1), None)], true);
    let taken = plan(&context, TAKEN).await;
    assert!(taken.contains("GroupWindowExec") && !taken.contains("WindowAggExec"), "{taken}");
    let left = plan(&context, LEFT).await;
    assert!(!left.contains("GroupWindowExec"), "{left}");
}
