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

from frames import flat, polars_type
from shapes import SHAPES, sql_type

CPU_SECONDS = 2.0
TIMES_DUCKDB, TIMES_POLARS = 8, 3


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
