"""The exports over HTTP to Parquet with dlt: sync_dlt.py URL TOKEN OUT. Paged as dlt's Zendesk source pages.

That source is not published on a registry (`dlt init zendesk` copies it from a repository); what it does for these streams is this loop.
"""

import json
import os
import pathlib
import sys

OUT = pathlib.Path(sys.argv[3]).absolute()
os.environ |= {"DLT_DATA_DIR": str(OUT / "dlt"), "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}

import dlt  # noqa: E402
from dlt.sources.helpers import requests  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from desk import EXPORTS, after  # noqa: E402


def rows_of(stream, url, token):
    while url:
        page = requests.get(url, headers={"Authorization": f"Bearer {token}"}).json()
        yield page[stream]
        url = after(page, url)


def main():
    url, token = sys.argv[1:3]
    pipeline = dlt.pipeline(
        "sync", destination=dlt.destinations.filesystem(bucket_url=OUT.as_uri()), dataset_name="desk",
        pipelines_dir=str(OUT / "pipelines"),
    )
    resources = [dlt.resource(rows_of(stream, f"{url}{path}", token), name=stream) for stream, path in EXPORTS.items()]
    pipeline.run(resources, loader_file_format="parquet")
    counts = pipeline.last_trace.last_normalize_info.row_counts
    print(json.dumps({"rows": sum(counts[stream] for stream in EXPORTS)}))


main()
