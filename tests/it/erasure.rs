//! What an erased ticket leaves in the files of the lake, old versions and marts included: every Parquet file that lies there
//! is opened, whatever any log says of it.

use std::collections::BTreeSet;
use std::process::Command;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use serde_json::Value;

use crate::inside::{Inside, world};
use crate::readers::python;

/// Prints how many rows of a ticket lie in the files of each table: `{table: rows}`.
const SCRIPT: &str = r#"
import json, pathlib, sys
import pyarrow.parquet as parquet

lake, wanted = pathlib.Path(sys.argv[1]), int(sys.argv[2])
found = {}
files = [file for file in sorted(lake.rglob("*.parquet*")) if "_delta_log" not in file.parts]
assert files
for file in files:
    table = parquet.ParquetFile(file).read()
    if "ticket_id" in table.column_names:
        rows = table["ticket_id"].to_pylist().count(wanted)
        name = file.relative_to(lake).parts[0]
        if rows:
            found[name] = found.get(name, 0) + rows
print(json.dumps(found))
"#;

/// The rows of a ticket in all files of the lake, by table.
fn left_of(desk: &Inside, ticket: i64) -> Option<Value> {
    let lake = desk.dir.path().join("lake/acme");
    let output =
        Command::new(python()?).arg("-c").arg(SCRIPT).arg(lake).arg(ticket.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The numbers of a query's first column.
fn numbers(desk: &Inside, sql: &str) -> BTreeSet<i64> {
    let batches = desk.runtime.block_on(async {
        let warehouse = deskmeter_pipeline::open_warehouse(&desk.pipeline, &desk.context).await.unwrap();
        warehouse.query(sql).await.unwrap().try_collect::<Vec<_>>().await.unwrap()
    });
    let columns = batches.iter().map(|batch| batch.column(0).as_primitive::<Int64Type>());
    columns.flat_map(|column| column.values().to_vec()).collect()
}

fn number(desk: &Inside, sql: &str) -> i64 {
    numbers(desk, sql).into_iter().next().unwrap_or_else(|| panic!("{sql}: no row"))
}

#[test]
fn an_erased_ticket_is_in_no_file_of_any_table_or_mart() {
    let desk = Inside::new(world(150, 95), None);
    for days in [40, 0] {
        desk.visit(days);
        desk.sync().unwrap();
    }
    // The ticket with the most SLA targets that changed hands and was solved: it has rows nearly everywhere.
    let ticket = number(
        &desk,
        "select ticket_id from sla_targets where ticket_id in (select ticket_id from escalations) and not is_deleted \
         group by ticket_id order by count(*) desc, ticket_id limit 1",
    );
    let Some(before) = left_of(&desk, ticket) else { return };
    let tables = before.as_object().unwrap();
    assert!(tables.len() > 12, "{before}");
    let tickets = number(&desk, "select n_tickets from ticket_summary");
    let context = desk.now();
    let erased = desk.heard(deskmeter_pipeline::erase_ticket(&desk.pipeline, &context, ticket));
    assert!(erased.unwrap().rows > 5);
    assert_eq!(left_of(&desk, ticket).unwrap(), serde_json::json!({}));
    assert_eq!(number(&desk, "select n_tickets from ticket_summary"), tickets - 1);
    // The next run does not bring it back.
    desk.sync().unwrap();
    assert_eq!(left_of(&desk, ticket).unwrap(), serde_json::json!({}));
}
