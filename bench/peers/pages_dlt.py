"""Raw export pages to Parquet with dlt, as its documentation begins: pages_dlt.py PAGES OUT. Every field is kept."""

import json
import os
import pathlib
import sys

OUT = pathlib.Path(sys.argv[2]).absolute()
os.environ |= {"DLT_DATA_DIR": str(OUT / "dlt"), "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}

import dlt  # noqa: E402

STREAMS = ["users", "organizations", "tickets", "ticket_events", "ticket_metric_events"]


def rows_of(stream, pages):
    for page in sorted(pages.glob(f"{stream}-*.json")):
        yield json.loads(page.read_bytes())[stream]


def main():
    pages = pathlib.Path(sys.argv[1])
    pipeline = dlt.pipeline(
        "pages", destination=dlt.destinations.filesystem(bucket_url=OUT.as_uri()), dataset_name="desk",
        pipelines_dir=str(OUT / "pipelines"),
    )
    resources = [dlt.resource(rows_of(stream, pages), name=stream) for stream in STREAMS if any(pages.glob(f"{stream}-*.json"))]
    pipeline.run(resources, loader_file_format="parquet")
    counts = pipeline.last_trace.last_normalize_info.row_counts
    print(json.dumps({"rows": sum(count for name, count in counts.items() if name.split("__")[0] in STREAMS)}))


main()
