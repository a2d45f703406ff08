"""Counts the requests that deskmeter and each outside client make for one generated account; prints a Markdown table.

Usage: python3 tests/clients/measure.py BINARY CLIENTS_DIR [TICKETS]
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import harness

sys.path.insert(0, str(harness.HERE.parents[1] / "bench"))
import desk  # noqa: E402

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


def deskmeter(binary: str, url: str, folder: pathlib.Path) -> dict:
    """Connects by consent, syncs once, and counts."""
    pipeline = desk.connect(binary, url, folder)
    before = len(harness.request_log(url))
    ran = desk.Ran([binary, "sync", "-p", pipeline])
    query = desk.Ran([binary, "query", "-p", pipeline, "--format", "json", "select count(*) as n from tickets"])
    log = harness.request_log(url)[before:]
    version = subprocess.check_output([binary, "--version"], text=True).split()[1]
    return {"client": "deskmeter", "version": version, "tickets_found": json.loads(query.stdout)[0]["n"],
            "requests": len(log), "seconds": round(ran.wall, 1), "paths": harness.paths(log)}


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
        truth = str(folder / "truth.jsonl")
        with desk.account(binary, tickets, "--truth", truth) as url:
            reads = "tickets with metrics, ticket events, metric events, users, organizations"
            show(deskmeter(binary, url, folder), reads)
            for script, more, reads in RUNS:
                command = [sys.executable, harness.HERE / script, url, truth, clients, *more]
                show(json.loads(subprocess.check_output(command, text=True)), reads)


if __name__ == "__main__":
    main()
