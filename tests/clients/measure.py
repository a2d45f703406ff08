"""Counts the requests that deskmeter and each outside client make for one generated account; prints a Markdown table.

Usage: python3 tests/clients/measure.py BINARY CLIENTS_DIR [TICKETS]
"""

import base64
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

import harness

# What is run: script, further words, and what is read in the words of the field.
RUNS = [
    ("run_zenpy.py", ["cursor-only", "audits=0"], "tickets, users"),
    ("run_zenpy.py", ["cursor-only", "audits=1000000"], "tickets, users, each ticket's audits"),
    ("run_tap_zendesk.py", [], "tickets with metrics, metric events, users, organizations, groups"),
    ("run_tap_zendesk.py", ["ticket_audits"], "the same, and ticket_audits"),
    ("run_airbyte.py", ["ticket_metric_events"],
     "first run: tickets, metrics, metric events, users, organizations, groups"),
    ("run_airbyte.py", ["ticket_metric_events", "later"], "later run, every ticket changed: the same"),
]
PIPELINE = """
[connection]
name = "acme"
base_url = "{url}"
client_id = "deskmeter"
quota_percent = 100
[lake]
url = "lake"
[state]
url = "state"
key_env = "DESKMETER_KEY"
"""


@contextlib.contextmanager
def simulator(binary: str, tickets: int, folder: pathlib.Path):
    """A simulated account without limits; yields its URL and the path of its truth."""
    truth = folder / "truth.jsonl"
    command = [binary, "simulate", "--tickets", str(tickets), "--seed", "5", "--port", "0", "--rate-limit", "1000000"]
    with subprocess.Popen([*command, "--truth", truth], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().split()[-1], str(truth)
        finally:
            process.terminate()


def deskmeter(binary: str, url: str, folder: pathlib.Path) -> dict:
    """Connects by consent, syncs once, and counts."""
    (folder / "deskmeter.toml").write_text(PIPELINE.format(url=url))
    env = os.environ | {"DESKMETER_KEY": base64.b64encode(os.urandom(32)).decode()}
    connect = subprocess.Popen([binary, "connect", "--no-browser"], cwd=folder, env=env, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    page = connect.stdout.readline().removeprefix("Open this URL to authorize: ").strip()
    # The browser follows the redirect to the address where `connect` waits.
    urllib.request.urlopen(urllib.request.Request(page, data=b"decision=allow")).read()
    connect.communicate()
    before, begun = len(harness.request_log(url)), time.monotonic()
    subprocess.run([binary, "sync"], cwd=folder, env=env, check=True, capture_output=True)
    seconds = round(time.monotonic() - begun, 1)
    query = [binary, "query", "--format", "json", "select count(*) as n from tickets"]
    found = json.loads(subprocess.check_output(query, cwd=folder, env=env))[0]["n"]
    log = harness.request_log(url)[before:]
    version = subprocess.check_output([binary, "--version"], text=True).split()[1]
    return {"client": "deskmeter", "version": version, "tickets_found": found, "requests": len(log),
            "seconds": seconds, "paths": harness.paths(log)}


def show(line: dict, reads: str) -> None:
    """Prints a row of the table."""
    one_each = sum(count for path, count in line["paths"].items() if "{id}" in path)
    print(f"| {line['client']} {line['version']} | {reads} | {line['tickets_found']} | {line['requests']} | {one_each} "
          f"| {line['seconds']} |", flush=True)
    print(json.dumps(line["paths"]), file=sys.stderr)


def main() -> None:
    binary, clients = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2]
    tickets = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    print("| Client | Reads | Tickets found | Requests | of them one per ticket | Seconds |\n|---|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with simulator(binary, tickets, folder) as (url, truth):
            reads = "tickets with metrics, ticket events, metric events, users, organizations"
            show(deskmeter(binary, url, folder), reads)
            for script, more, reads in RUNS:
                command = [sys.executable, harness.HERE / script, url, truth, clients, *more]
                show(json.loads(subprocess.check_output(command, text=True)), reads)


if __name__ == "__main__":
    main()
