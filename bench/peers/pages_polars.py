"""Raw export pages to Parquet by month with Polars: pages_polars.py PAGES OUT. The columns are those that deskmeter keeps.

Polars refuses a page on which one key is of two types. Of ticket events it therefore reads ids as texts and casts them, and leaves `via`
out, which is a text here and an object there.
"""

import json
import pathlib
import sys

import polars

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from frames import flat, polars_type  # noqa: E402
from shapes import SHAPES, TEXT  # noqa: E402

MONTHS = {
    "ticket_events": polars.from_epoch("timestamp", time_unit="s").dt.strftime("%Y-%m"),
    "ticket_metric_events": polars.col("time").str.slice(0, 7),
}


def event_shape():
    child = {key: TEXT if key.endswith("_id") else kind for key, kind in SHAPES["ticket_events"]["child_events"][0].items() if key != "via"}
    return {key: kind for key, kind in SHAPES["ticket_events"].items() if key != "via"} | {"child_events": [child]}


def rows_of(page, stream):
    shape = event_shape() if stream == "ticket_events" else SHAPES[stream]
    frame = flat(polars.read_json(page, schema={stream: polars_type([shape])}).explode(stream))
    frame = frame.rename({name: name.removeprefix(f"{stream}.") for name in frame.columns})
    if stream == "ticket_events":
        frame = flat(frame.with_columns(MONTHS[stream].alias("month")).explode("child_events"))
        ids = polars.col("^child_events.*_id$")
        frame = frame.with_columns(ids.cast(polars.Int64))
    return frame


def main():
    pages, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    rows = 0
    for stream in SHAPES:
        if not any(pages.glob(f"{stream}-*.json")):
            continue
        frame = polars.concat([rows_of(page, stream) for page in sorted(pages.glob(f"{stream}-*.json"))])
        if "month" not in frame.columns:
            month = MONTHS.get(stream, polars.col("created_at").str.slice(0, 7))
            frame = frame.with_columns(month.alias("month"))
        rows += frame.height
        by_month = polars.PartitionBy(out / stream, key="month")
        frame.lazy().sink_parquet(by_month, compression="zstd", compression_level=1, mkdir=True)
    print(json.dumps({"rows": rows}))


main()
