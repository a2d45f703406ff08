"""The exports over HTTP with tap-zendesk: sync_tap_zendesk.py URL CLIENTS. Its records are counted and thrown away.

It counts tickets by a clock of its own and sleeps out the minute after each 460 of them: the seconds of that are told beside."""

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
        slept = account.folder / "slept"
        slept.touch()
        account.env["DESKMETER_SLEPT"] = str(slept)
        account.begin()
        output = account.call("tap-zendesk", "--config", str(config), "--catalog", str(chosen))
        rows = sum('"type": "RECORD"' in line for line in output.splitlines())
        requests = len(harness.request_log(url)) - account.before
        print(json.dumps({"rows": rows, "requests": requests, "slept": sum(map(float, slept.read_text().split()))}))


main()
