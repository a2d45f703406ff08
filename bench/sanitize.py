"""Raw JSON to columns by deskmeter, DuckDB and Polars: the same pages, the same columns, one core each, in one run.

    bench/sanitize

A page is 1,000 rows as the export sends them. A figure is megabytes of JSON a second of the processor, over two seconds of it: what
else runs on the machine takes none of them. DuckDB and
Polars get the columns that deskmeter keeps, named with their types, so that they need not look at the rest; neither checks a
value, maps a word, makes a pseudonym or counts what it drops.
"""

import json
import sys
import time
from pathlib import Path

import duckdb
import polars

CPU_SECONDS = 2.0
TIMES_DUCKDB, TIMES_POLARS = 8, 3

INT, TEXT, BOOL = "BIGINT", "VARCHAR", "BOOLEAN"
DURATION = {"calendar": INT, "business": INT}
SLA = {"target": INT, "business_hours": BOOL, "policy": {"id": TEXT}, "target_in_seconds": INT}

# The keys that deskmeter reads, by stream. A list of one is an array.
SHAPES = {
    "users": {
        "id": INT, "created_at": TEXT, "updated_at": TEXT, "role": TEXT, "active": BOOL, "role_type": INT,
        "custom_role_id": INT, "suspended": BOOL, "default_group_id": INT,
    },
    "organizations": {"id": INT, "created_at": TEXT, "updated_at": TEXT, "deleted_at": TEXT},
    "tickets": {
        "id": INT, "via": {"channel": TEXT, "source": {"rel": TEXT}}, "created_at": TEXT, "updated_at": TEXT,
        "generated_timestamp": INT, "type": TEXT, "priority": TEXT, "status": TEXT, "requester_id": INT,
        "submitter_id": INT, "assignee_id": INT, "organization_id": INT, "group_id": INT, "collaborator_ids": [INT],
        "follower_ids": [INT], "email_cc_ids": [INT], "problem_id": INT, "has_incidents": BOOL, "is_public": BOOL,
        "due_at": TEXT, "tags": [TEXT], "custom_status_id": INT, "followup_ids": [INT], "ticket_form_id": INT,
        "brand_id": INT, "from_messaging_channel": BOOL, "support_type": TEXT,
        "metric_set": {
            "id": INT, "created_at": TEXT, "updated_at": TEXT, "group_stations": INT, "assignee_stations": INT,
            "reopens": INT, "replies": INT, "assignee_updated_at": TEXT, "requester_updated_at": TEXT,
            "status_updated_at": TEXT, "initially_assigned_at": TEXT, "assigned_at": TEXT, "solved_at": TEXT,
            "latest_comment_added_at": TEXT, "custom_status_updated_at": TEXT, "reply_time_in_minutes": DURATION,
            "first_resolution_time_in_minutes": DURATION, "full_resolution_time_in_minutes": DURATION,
            "agent_wait_time_in_minutes": DURATION, "requester_wait_time_in_minutes": DURATION,
            "on_hold_time_in_minutes": DURATION,
        },
    },
    "ticket_events": {
        "id": INT, "ticket_id": INT, "timestamp": INT, "updater_id": INT, "via": TEXT,
        "child_events": [{
            "id": INT, "via": TEXT, "event_type": TEXT, "comment_present": BOOL, "comment_public": BOOL, "status": TEXT,
            "priority": TEXT, "type": TEXT, "assignee_id": INT, "group_id": INT, "organization_id": INT,
            "brand_id": INT, "ticket_form_id": INT, "custom_status_id": INT, "problem_id": INT, "is_public": BOOL,
        }],
    },
    "ticket_metric_events": {
        "id": INT, "ticket_id": INT, "metric": TEXT, "instance_id": INT, "type": TEXT, "time": TEXT, "deleted": BOOL,
        "sla": SLA, "group_sla": SLA, "status": DURATION,
    },
}


def sql_type(shape):
    if isinstance(shape, dict):
        return "STRUCT(" + ", ".join(f'"{key}" {sql_type(inner)}' for key, inner in shape.items()) + ")"
    return sql_type(shape[0]) + "[]" if isinstance(shape, list) else shape


def polars_type(shape):
    if isinstance(shape, dict):
        return polars.Struct({key: polars_type(inner) for key, inner in shape.items()})
    if isinstance(shape, list):
        return polars.List(polars_type(shape[0]))
    return {INT: polars.Int64, TEXT: polars.String, BOOL: polars.Boolean}[shape]


def flat(frame):
    """Structs as columns, as a table needs them."""
    while structs := [name for name, kind in frame.schema.items() if isinstance(kind, polars.Struct)]:
        for name in structs:
            frame = frame.unnest(name, separator=".")
    return frame


def by_duckdb(path, stream):
    shape = SHAPES[stream]
    unnested = f"select unnest({stream}, recursive := true) from read_json('{path}', columns = {{{stream}: '{sql_type([shape])}'}}, maximum_object_size = 100000000)"
    return duckdb.sql(unnested).to_arrow_table().num_rows


def by_polars(path, stream):
    frame = polars.read_json(path, schema={stream: polars_type([SHAPES[stream]])})
    frame = flat(frame.explode(stream))
    if stream == "ticket_events":
        children = next(name for name in frame.columns if name.endswith("child_events"))
        frame = flat(frame.explode(children))
    return frame.height


def seconds_of(read, path, stream):
    assert read(path, stream) > 0
    start, passes = time.process_time(), 0
    while time.process_time() - start < CPU_SECONDS:
        read(path, stream)
        passes += 1
    return (time.process_time() - start) / passes


def main():
    pages, ours = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    duckdb.sql("set threads = 1")
    print(f"\nDuckDB {duckdb.__version__}, Polars {polars.__version__}, {polars.thread_pool_size()} thread each; MB/s of JSON a core\n")
    print("| stream | page MB | deskmeter | DuckDB | Polars | x DuckDB | x Polars | peak, pages |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    good = True
    for stream, told in ours.items():
        path = pages / f"{stream}.json"
        megabytes = path.stat().st_size / 1e6
        duck = megabytes / seconds_of(by_duckdb, path, stream)
        bear = megabytes / seconds_of(by_polars, path, stream)
        mine = told["megabytes_per_second"]
        good &= mine >= TIMES_DUCKDB * duck and mine >= TIMES_POLARS * bear and mine >= 500 and told["peak_pages"] <= 3
        print(f"| {stream} | {megabytes:.2f} | {mine:.0f} | {duck:.0f} | {bear:.0f} | {mine / duck:.1f} | {mine / bear:.1f} | {told['peak_pages']:.2f} |")
    bar = f"at least 500 MB/s, {TIMES_DUCKDB} x DuckDB, {TIMES_POLARS} x Polars, at most 3 pages of memory"
    print(f"\n{'reached' if good else 'NOT reached'} everywhere: {bar}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
