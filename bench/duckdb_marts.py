"""Runs the models of sql/ with DuckDB over a lake, and tells the time of each.

    python bench/duckdb_marts.py LAKE_CONNECTION_FOLDER AS_OF [--threads 2] [--memory 4GB]

The SQL is that of the repository. What DuckDB's dialect lacks is rewritten, and the rewritten models are named:
fill_down becomes last_value(... ignore nulls), arrow_cast a plain cast, percentile_cont quantile_cont, and the ordered
first_value and last_value aggregates first and last; what reads the results of checks is left out. Business time has no counterpart: it is NULL, as it is in
deskmeter for an account without schedules, with which this is to be compared.
"""

import argparse
import pathlib
import re
import resource
import time

import deltalake
import duckdb

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAYERS = ("staging", "intermediate", "marts")
REWRITES = [
    (r"fill_down\((case field when '\w+' then value end)\)", r"last_value(\1 ignore nulls)"),
    (r"arrow_cast\(\s*([^,]+?),\s*'Timestamp[^']*'\s*\)", r"cast(\1 as timestamptz)"),
    (r"\)\s*ignore nulls over", " ignore nulls) over"),
    (r"percentile_cont\(", "quantile_cont("),
    (r"\bfirst_value\(([\w.]+ order by [^)]*)\)(\s*filter)", r"first(\1)\2"),
    (r"\blast_value\(([\w.]+ order by [^)]*)\)(\s*filter)", r"last(\1)\2"),
]
MACROS = """
create macro calendar_seconds(a, b) as (epoch_us(b) - epoch_us(a)) // 1000000;
create macro calendar_due(a, seconds) as a + to_seconds(seconds);
create macro business_seconds(a, b, schedule) as cast(null as bigint);
create macro business_due(a, seconds, schedule) as cast(null as timestamptz);
create macro to_minutes(seconds) as cast(floor((seconds + 30) / 60.0) as bigint);
create macro ticket_schedule(group_id, brand_id, ticket_form_id) as cast(null as varchar);
create table config_schedules (position bigint, schedule varchar, time_zone varchar);
create table config_tiers (group_id bigint, tier bigint);
create table config_labels (label varchar, is_escalation boolean, tier bigint);
"""


def models():
    """Name, layer and SQL of every model, each after what it reads."""
    found = {}
    for layer in LAYERS:
        for file in sorted((ROOT / "sql" / layer).glob("*.sql")):
            found[file.stem] = (layer, file.read_text())
    reads = {
        name: {word for word in re.findall(r"\b(?:from|join)\s+(\w+)", sql) if word in found and word != name}
        for name, (_, sql) in found.items()
    }
    ordered = []
    while len(ordered) < len(found):
        ready = [name for name in found if name not in ordered and reads[name] <= set(ordered)]
        ordered.extend(ready)
    readers = {name: sum(name in others for others in reads.values()) for name in found}
    return [(name, *found[name], readers[name]) for name in ordered]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("as_of", help="as 2026-11-07T00:00:00Z")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="4GB")
    args = parser.parse_args()
    db = duckdb.connect()
    db.execute(f"set threads = {args.threads}; set memory_limit = '{args.memory}'; set TimeZone = 'UTC'")
    for table in ("tickets", "ticket_metric_sets", "ticket_events", "ticket_metric_events", "agents", "organizations", "privacy_ledger"):
        files = deltalake.DeltaTable(str(args.folder / table)).file_uris()
        if files:
            db.execute(f"create view {table} as select * from read_parquet({files!r}, hive_partitioning = true, hive_types_autocast = false)")
        else:
            empty = deltalake.DeltaTable(str(args.folder / table)).to_pyarrow_table()
            db.register(table, empty)
    db.execute(MACROS)
    db.execute("create view ever_assigned as select distinct ref_key as agent_key from ticket_events where field = 'assignee' and ref_key is not null")
    rewritten, left_out, times, started = [], [], [], time.monotonic()
    for name, layer, sql, readers in models():
        plain = sql
        for pattern, by in REWRITES:
            sql = re.sub(pattern, by, sql, flags=re.S)
        if sql != plain:
            rewritten.append(name)
        sql = sql.replace("$as_of", f"timestamptz '{args.as_of}'").replace("$definitions", "'zendesk'")
        sql = sql.replace("$since", "timestamptz '0001-01-01T00:00:00Z'")
        form = "view" if layer == "staging" or (layer == "intermediate" and readers < 2) else "table"
        before = time.monotonic()
        try:
            db.execute(f"create {form} {name} as {sql}")
        except duckdb.Error as error:
            left_out.append(f"{name} ({str(error).splitlines()[0]})")
            continue
        times.append((time.monotonic() - before, name))
    total = time.monotonic() - started
    for seconds, name in sorted(times, reverse=True)[:12]:
        print(f"{seconds * 1000:9.0f} ms {name}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"rewritten for DuckDB {duckdb.__version__}: {', '.join(rewritten)}")
    print(f"left out: {', '.join(left_out) or 'none'}")
    print(f"all marts: {total:.2f} s, at most {peak} MiB resident, no mart written to disk")


if __name__ == "__main__":
    main()
