"""Raw export pages to Parquet by month with DuckDB: pages_duckdb.py PAGES OUT. The columns are those that deskmeter keeps."""

import json
import pathlib
import sys

import duckdb

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from shapes import SHAPES, sql_type  # noqa: E402

MONTHS = {"ticket_events": "strftime(to_timestamp(timestamp), '%Y-%m')", "ticket_metric_events": "substr(time, 1, 7)"}


def main():
    pages, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(exist_ok=True)
    duckdb.sql("set threads = 1; set preserve_insertion_order = false")
    rows = 0
    for stream, shape in SHAPES.items():
        if not any(pages.glob(f"{stream}-*.json")):
            continue
        files = str(pages / f"{stream}-*.json")
        read = (
            f"select unnest({stream}, recursive := true) from read_json('{files}', "
            f"columns = {{{stream}: '{sql_type([shape])}'}}, maximum_object_size = 100000000)"
        )
        if stream == "ticket_events":
            read = f"select * exclude (child_events), unnest(child_events) as child from ({read})"
        month = MONTHS.get(stream, "substr(created_at, 1, 7)")
        written = duckdb.execute(
            f"copy (select *, {month} as month from ({read})) to '{out / stream}' "
            "(format parquet, partition_by (month), compression zstd, compression_level 1)"
        )
        rows += written.fetchone()[0]
    print(json.dumps({"rows": rows}))


main()
