//! Other tools read the lake's tables and agree with `deskmeter query`.

use std::path::PathBuf;
use std::process::Command;

use crate::support::{Desk, requires_all};

/// Counts every Delta table of a folder with deltalake, Polars and DuckDB; prints `table deltalake polars duckdb`.
const SCRIPT: &str = r#"
import pathlib, sys
import deltalake, duckdb, polars
for log in sorted(pathlib.Path(sys.argv[1]).glob("*/_delta_log")):
    table = deltalake.DeltaTable(str(log.parent))
    rows = table.to_pyarrow_dataset()
    counts = [table.to_pyarrow_table().num_rows, polars.read_delta(str(log.parent)).height,
              duckdb.sql("select count(*) from rows").fetchall()[0][0]]
    print(log.parent.name, *counts)
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

#[test]
fn deltalake_polars_and_duckdb_count_the_same_rows_as_query() {
    let Some(python) = python() else { return };
    let desk = Desk::generated(200, 7);
    desk.connect();
    desk.run(&["sync"]).ok();
    let output =
        Command::new(python).arg("-c").arg(SCRIPT).arg(desk.dir.path().join("lake/acme")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().count() >= 12, "collected tables and marts: {text}");
    for line in text.lines() {
        let mut words = line.split(' ');
        let table = words.next().unwrap();
        let ours = desk.number(&format!("select count(*) from {table}"));
        for count in words {
            assert_eq!(count.parse::<i64>().unwrap(), ours, "{table}");
        }
    }
}
