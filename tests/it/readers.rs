//! Other tools read the lake's tables, upserted, compacted and evolved, and agree with `deskmeter query` to the value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use deskmeter_simulator::World;
use serde_json::Value;

use crate::support::{Desk, requires_all};

/// Reads every table with deltalake and pyarrow, Polars, pandas and DuckDB, by the lines of pipelines/README.md, and
/// prints one JSON object: `{table: {reader: {column: [values that are not NULL, least, greatest, sum]}}}`.
const SCRIPT: &str = r#"
import datetime, json, pathlib, sys
import deltalake, duckdb, polars, pyarrow.compute as compute, pyarrow.types as types

def plain(value):
    if isinstance(value, datetime.datetime):
        return round(value.replace(tzinfo=datetime.timezone.utc).timestamp() * 1e6)
    if isinstance(value, datetime.date):
        return (value - datetime.date(1970, 1, 1)).days
    return round(value, 6) if isinstance(value, float) else value

def of_arrow(table):
    told = {}
    for name in table.column_names:
        column = table[name]
        if types.is_boolean(column.type):
            column = column.cast("int8")
        low, high = (compute.min_max(column)[side].as_py() for side in ("min", "max"))
        is_number = types.is_integer(column.type) or types.is_floating(column.type)
        total = compute.sum(column).as_py() if is_number else None
        told[name] = [len(column) - column.null_count, plain(low), plain(high), plain(total)]
    return told

def of_duckdb(rows, schema):
    told = {}
    for field in schema:
        column = f'cast("{field.name}" as tinyint)' if types.is_boolean(field.type) else f'"{field.name}"'
        is_number = types.is_integer(field.type) or types.is_floating(field.type) or types.is_boolean(field.type)
        total = f"sum({column})" if is_number else "null"
        low_high = f"epoch_us(min({column})), epoch_us(max({column}))" if types.is_timestamp(field.type) else f"min({column}), max({column})"
        answer = duckdb.sql(f"select count({column}), {low_high}, {total} from rows").fetchall()[0]
        told[field.name] = [plain(int(value) if types.is_integer(field.type) and value is not None else value) for value in answer]
    return told

answers = {}
for log in sorted(pathlib.Path(sys.argv[1]).glob("*/_delta_log")):
    path = str(log.parent)
    arrow = deltalake.DeltaTable(path).to_pyarrow_table()
    rows = deltalake.DeltaTable(path).to_pyarrow_dataset()
    frame = deltalake.DeltaTable(path).to_pandas()
    answers[log.parent.name] = {
        "pyarrow": of_arrow(arrow),
        "polars": of_arrow(polars.read_delta(path).to_arrow()),
        "duckdb": of_duckdb(rows, arrow.schema),
        "pandas": {name: int(frame[name].count()) for name in frame.columns},
    }
print(json.dumps(answers))
"#;

/// Python with the readers, as `.ci/run` makes it.
pub(crate) fn python() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a part of the test run")]
    let named = std::env::var_os("DESKMETER_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| "python3".into());
    let works = Command::new(&python)
        .args(["-c", "import deltalake, duckdb, jsonschema, kubernetes, moto, pandas, polars, pyarrow, yaml"])
        .output();
    if works.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    assert!(!requires_all(), "python with tests/requirements.txt is missing (DESKMETER_PYTHON)");
    eprintln!("SKIPPED readers: no python with tests/requirements.txt (set DESKMETER_PYTHON)");
    None
}

fn output(python: &Path, folder: &Path, script: &str, arguments: &[&Path]) -> String {
    let mut command = Command::new(python);
    // On a busy machine pyarrow's threads now and then abort the interpreter while it ends: it ends without waiting.
    let whole = format!("{script}\nimport os, sys\nsys.stdout.flush()\nos._exit(0)");
    let output = command.current_dir(folder).arg("-c").arg(whole).args(arguments).output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A lake that an older version began, in which rows were replaced on eight days, and whose small files were joined.
fn lived_in() -> Desk {
    let lakes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/lakes");
    let desk = Desk::new(World::load_as_of_clock(&lakes.join("account")).unwrap(), |_| {});
    for part in ["lake", "state"] {
        crate::lakes::copy(&lakes.join("v1").join(part), &desk.dir.path().join(part));
    }
    desk.set_clock(crate::lakes::LATER);
    desk.connect();
    desk.run(&["sync"]).ok();
    desk
}

/// What `deskmeter query` says of a column: values that are not NULL, least, greatest, sum.
fn ours(desk: &Desk, table: &str, columns: &[&str]) -> BTreeMap<String, Vec<Value>> {
    let types = desk.query(&format!(
        "select column_name, data_type from information_schema.columns where table_name = '{table}'"
    ));
    let kind = |column: &str| {
        let row = types.iter().find(|row| row["column_name"] == column).unwrap();
        row["data_type"].as_str().unwrap().to_owned()
    };
    let asked = columns.iter().enumerate().map(|(number, column)| {
        let kind = kind(column);
        let value = match kind.as_str() {
            kind if kind.starts_with("Timestamp") => format!("cast({column} as bigint)"),
            "Date32" | "Boolean" => format!("cast({column} as int)"),
            _ => column.to_string(),
        };
        let is_number = kind.starts_with("Int") || kind.starts_with("Float") || kind == "Boolean";
        let total = if is_number { format!("sum({value})") } else { "cast(null as bigint)".to_owned() };
        format!("count({value}) as a{number}, min({value}) as b{number}, max({value}) as c{number}, {total} as d{number}")
    });
    let row = desk.query(&format!("select {} from {table}", asked.collect::<Vec<_>>().join(", "))).remove(0);
    let told = columns.iter().enumerate().map(|(number, column)| {
        let values = ["a", "b", "c", "d"].map(|part| row[format!("{part}{number}")].clone());
        ((*column).to_owned(), values.to_vec())
    });
    told.collect()
}

fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-6 * one.abs().max(1.0),
        _ => one == other,
    }
}

#[test]
fn deltalake_pyarrow_pandas_polars_duckdb_and_query_give_the_same_answers() {
    let Some(python) = python() else { return };
    let desk = lived_in();
    let text = output(&python, desk.dir.path(), SCRIPT, &[Path::new("lake/acme")]);
    let answers: BTreeMap<String, BTreeMap<String, BTreeMap<String, Value>>> =
        serde_json::from_str(&text).unwrap();
    assert!(answers.len() >= 20, "collected tables and marts: {:?}", answers.keys());
    for (table, readers) in &answers {
        let columns: Vec<&str> = readers["pyarrow"].keys().map(String::as_str).collect();
        let ours = ours(&desk, table, &columns);
        for (reader, theirs) in readers {
            for (column, told) in theirs {
                let ours = &ours[column];
                let is_same = match told {
                    Value::Array(told) => told.iter().zip(ours).all(|(told, ours)| same(told, ours)),
                    count => same(count, &ours[0]),
                };
                assert!(is_same, "{table}.{column}: {reader} says {told}, query {ours:?}");
            }
        }
    }
}

#[test]
fn the_lines_of_the_readme_for_other_tools_work_as_they_stand() {
    let Some(python) = python() else { return };
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines/README.md"))
            .unwrap();
    let desk = lived_in();
    desk.run(&["export", "--to", "marts"]).ok();
    let demo = desk.dir.path().join("deskmeter-demo/lake");
    std::fs::create_dir_all(&demo).unwrap();
    std::fs::rename(desk.dir.path().join("lake/acme"), demo.join("demo")).unwrap();
    let blocks: Vec<&str> =
        readme.split("```python\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 4, "one block for each tool");
    for block in blocks {
        let (before, last) = block.trim_end().rsplit_once('\n').unwrap();
        let told = output(&python, desk.dir.path(), &format!("{before}\nprint({last})"), &[]);
        assert!(told.contains("21"), "{block}\n{told}");
    }
}
