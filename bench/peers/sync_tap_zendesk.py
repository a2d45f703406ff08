"""The exports over HTTP with tap-zendesk: sync_tap_zendesk.py URL CLIENTS. Its records are counted and thrown away."""

import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/clients"))
import harness  # noqa: E402

STREAMS = {"tickets", "ticket_metrics", "ticket_metric_events", "users", "organizations"}


def main():
    url, clients = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        account = harness.open_account(url, pathlib.Path(clients).absolute() / "tap-zendesk", pathlib.Path(name))
        config, chosen = account.folder / "config.json", account.folder / "catalog.json"
        start = "2000-01-01T00:00:00Z"
        config.write_text(json.dumps({"subdomain": harness.SUBDOMAIN, "access_token": account.token, "start_date": start}))
        catalog = json.loads(account.call("tap-zendesk", "--config", str(config), "--discover"))
        for stream in catalog["streams"]:
            if stream["tap_stream_id"] in STREAMS:
                next(entry for entry in stream["metadata"] if not entry["breadcrumb"])["metadata"]["selected"] = True
        chosen.write_text(json.dumps(catalog))
        account.begin()
        output = account.call("tap-zendesk", "--config", str(config), "--catalog", str(chosen))
        rows = sum('"type": "RECORD"' in line for line in output.splitlines())
        print(json.dumps({"rows": rows, "requests": len(harness.request_log(url)) - account.before}))


main()
