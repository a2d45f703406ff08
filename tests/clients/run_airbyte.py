"""Airbyte's source-zendesk-support: check, discover, and a read of the streams that need no content.

More words: names of further streams, or `later`: a read with the state of an earlier one, in which every ticket has
changed since.
"""

import json

import harness

STREAMS = ["tickets", "ticket_metrics", "users", "organizations", "groups"]
# By then no ticket of the account existed.
EARLIER = [
    {"type": "STREAM", "stream": {"stream_descriptor": {"name": "tickets"},
                                  "stream_state": {"generated_timestamp": "946684800"}}},
    {"type": "STREAM", "stream": {"stream_descriptor": {"name": "ticket_metrics"}, "stream_state": {
        "_ab_updated_at": "946684800", "parent_state": {"tickets": {"generated_timestamp": "946684800"}}}}},
]


def messages(account, *command):
    output = account.call("source-zendesk-support", *command)
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def written(account, name, value):
    path = account.folder / name
    path.write_text(json.dumps(value))
    return str(path)


def read(account, more):
    wanted = [*STREAMS, *(word for word in more if word != "later")]
    config = written(account, "config.json", {
        "subdomain": harness.SUBDOMAIN, "start_date": "2000-01-01T00:00:00Z", "num_workers": 2,
        "credentials": {"credentials": "oauth2.0", "access_token": account.token},
    })
    check = [row for row in messages(account, "check", "--config", config) if row["type"] == "CONNECTION_STATUS"]
    if check[0]["connectionStatus"]["status"] != "SUCCEEDED":
        raise SystemExit(f"airbyte: {check[0]}")
    found = next(row for row in messages(account, "discover", "--config", config) if row["type"] == "CATALOG")
    account.begin()
    streams = {stream["name"]: stream for stream in found["catalog"]["streams"]}
    catalog = written(account, "catalog.json", {"streams": [
        {"stream": streams[name], "sync_mode": "incremental" if streams[name].get("source_defined_cursor")
         else "full_refresh", "destination_sync_mode": "append"} for name in wanted
    ]})
    state = ["--state", written(account, "state.json", EARLIER)] if "later" in more else []
    rows = messages(account, "read", "--config", config, "--catalog", catalog, *state)
    records = [row["record"] for row in rows if row["type"] == "RECORD"]
    empty = set(wanted) - {record["stream"] for record in records}
    if empty:
        raise SystemExit(f"airbyte: no record of {sorted(empty)}")
    return [record["data"]["id"] for record in records if record["stream"] == "tickets"]


# A deleted ticket has no metrics any more.
harness.run("airbyte", "airbyte-source-zendesk-support", read, absent=r"/api/v2/tickets/\d+/metrics")
