"""Runs deskmeter and its peers on the same input and writes bench/RESULTS.md: see bench/run, which builds what this takes."""

import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import time

import exports
from report import Report

HERE = pathlib.Path(__file__).resolve().parent
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


class Ran:
    """One run of a program: seconds on the wall and of the processor, its greatest memory, what it told at its end."""

    def __init__(self, command, cwd, env=()):
        began = time.monotonic()
        with open(pathlib.Path(cwd) / "stdout", "w+", encoding="utf-8") as out:
            process = subprocess.Popen([str(word) for word in command], cwd=cwd, env=os.environ | dict(env), stdout=out)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.wall = time.monotonic() - began
            out.seek(0)
            self.stdout = out.read()
        if process.returncode:
            sys.exit(f"{pathlib.Path(command[0]).name} ended with {process.returncode}: {self.stdout[-2000:]}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak_mb = usage.ru_maxrss * 1024 / 1e6

    def told(self):
        return json.loads(self.stdout.splitlines()[-1])


def median_of(runs, command, folder, env=()):
    """The run with the median time of the processor; each gets an empty folder as its last word."""
    ran = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=folder) as out:
            ran.append(Ran([*command, out], folder, env))
    ran.sort(key=lambda run: run.cpu)
    return ran[(len(ran) - 1) // 2]


def peer(script):
    return [sys.executable, HERE / "peers" / script]


def pages(args, folder, report):
    """Raw export pages to partitioned Parquet, one core each."""
    saved = folder / "pages"
    saved.mkdir()
    with exports.account(args.binary, args.tickets, folder) as url:
        rows, size = exports.save_pages(url, saved)
    one_core = {"POLARS_MAX_THREADS": "1", "TOKIO_WORKER_THREADS": "1"}
    ran = {
        "deskmeter": median_of(args.runs, [args.pages_bench, saved], folder, one_core),
        "DuckDB": median_of(args.runs, [*peer("pages_duckdb.py"), saved], folder),
        "Polars": median_of(args.runs, [*peer("pages_polars.py"), saved], folder, one_core),
        "dlt": median_of(1, [*peer("pages_dlt.py"), saved], folder),
    }
    report.pages(args, size, rows, ran)


def deskmeter_sync(args, url, folder):
    """Connects by consent and syncs once, marts included; tells the run of `sync` and the requests it took."""
    folder.mkdir()
    (folder / "deskmeter.toml").write_text(PIPELINE.format(url=url))
    env = {"DESKMETER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
    connect = subprocess.Popen([args.binary, "connect", "--no-browser"], cwd=folder, env=os.environ | env,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    page = connect.stdout.readline().removeprefix("Open this URL to authorize: ").strip()
    exports.harness.urllib.request.urlopen(exports.harness.urllib.request.Request(page, data=b"decision=allow")).read()
    connect.communicate()
    before = len(exports.harness.request_log(url))
    ran = Ran([args.binary, "sync"], folder, env)
    return ran, len(exports.harness.request_log(url)) - before


def sync(args, folder, report):
    """The exports over HTTP from a simulated account without a rate limit."""
    saved = folder / "sync-pages"
    saved.mkdir()
    with exports.account(args.binary, args.sync_tickets, folder) as url:
        rows, _ = exports.save_pages(url, saved)
        total = sum(rows.values()) + rows["tickets"]
        figures = []
        ours = [deskmeter_sync(args, url, folder / f"sync-{number}") for number in range(args.runs)]
        ran, requests = sorted(ours, key=lambda one: one[0].wall)[(len(ours) - 1) // 2]
        figures.append(("deskmeter", "all five exports with metric sets, Delta tables and all marts", total, requests, ran))
        before = len(exports.harness.request_log(url))
        token = exports.harness.access_token(url, "read")
        ran = median_of(1, [*peer("sync_dlt.py"), url, token], folder)
        requests = len(exports.harness.request_log(url)) - before - 2
        figures.append(("dlt", "the same exports, Parquet", ran.told()["rows"] + rows["tickets"], requests, ran))
        ran = Ran([*peer("sync_tap_zendesk.py"), url, args.clients], folder)
        told = ran.told()
        figures.append(("tap-zendesk", "tickets with metric sets, metric events, users, organizations; no history; nothing stored", told["rows"], told["requests"], ran))
    report.sync(args, rows, figures)


def marts(args, folder, report):
    """All marts of made-up accounts: the embedded engine and DuckDB on the same SQL."""
    figures = []
    for tickets in args.marts:
        lake = folder / f"marts-{tickets}"
        Ran([args.marts_bench, "make", lake, tickets], folder)
        duckdb = Ran([sys.executable, HERE / "duckdb_marts.py", lake / "acme", "2026-11-07T00:00:00Z", "--memory", "6GB"], folder)
        ours = Ran([args.marts_bench, "refresh", lake], folder)
        told = re.search(r"^all marts: ([\d.]+) s", duckdb.stdout, re.M)
        figures.append((tickets, seconds(ours.stdout), ours, float(told[1]), duckdb, re.search(r"^left out: (.*)$", duckdb.stdout, re.M)[1]))
        subprocess.run(["rm", "-r", lake], check=True)
    report.marts(args, figures)


def seconds(told):
    """The time of a refresh as the bench prints it last: `…: 1.93s, at most 300 MiB resident`."""
    number, unit = re.findall(r": ([\d.]+)(ms|s), at most", told)[-1]
    return float(number) / (1000 if unit == "ms" else 1)


def lake(args, folder, report):
    """The same 1,000 changes into lakes of growing size."""
    figures = []
    for tickets in args.lakes:
        ran = Ran([args.lake_bench], folder, {"TICKETS": str(tickets)})
        figures.append((tickets, re.findall(r"^([^:]+): (\d+) tickets and their metric sets in ([\d.]+) s", ran.stdout, re.M), ran))
    report.lake(figures)


def machine():
    """What the figures are of."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}; load at the start {load:.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = lambda text: [int(size) for size in text.split(",")]
    for name in ("binary", "clients", "pages-bench", "lake-bench", "marts-bench"):
        parser.add_argument(f"--{name}", required=True, type=lambda path: pathlib.Path(path).absolute())
    parser.add_argument("--tickets", type=int, default=2000)
    parser.add_argument("--sync-tickets", type=int, default=500)
    parser.add_argument("--marts", type=sizes, default=[20_000])
    parser.add_argument("--lakes", type=sizes, default=[20_000, 200_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="pages,sync,lake,marts")
    parser.add_argument("--note", default="", help="what else the machine did")
    args = parser.parse_args()
    versions = {name: importlib.metadata.version(name) for name in ("duckdb", "polars", "dlt", "deltalake")}
    report = Report(HERE, datetime.date.today(), machine(), versions, args.note)
    with tempfile.TemporaryDirectory() as name:
        for part in args.only.split(","):
            {"pages": pages, "sync": sync, "lake": lake, "marts": marts}[part](args, pathlib.Path(name), report)
    report.write()


if __name__ == "__main__":
    main()
