"""Runs deskmeter and its peers on the same input and writes bench/RESULTS.md: see bench/run, which builds what this takes."""

import argparse
import contextlib
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import desk
import fleet as fleets
from report import Report

HERE = pathlib.Path(__file__).resolve().parent
# Tickets of an account whose marts are made more than once.
RUNS_UP_TO = 1_000_000


def medians_of(sides, folder):
    """By side, the run with the median time of the processor. Sides take turns, so that a machine that gets slower or faster does so for
    all of them; each run gets an empty folder as its last word, which stays until the end: a file system that was just emptied is slow
    to make files."""
    ran = {name: [] for name in sides}
    for turn in range(max(most for _, _, most in sides.values())):
        for name, (command, env, most) in sides.items():
            if turn < most:
                ran[name].append(desk.Ran([*command, tempfile.mkdtemp(dir=folder)], folder, env))
    return {name: middle(own, lambda run: run.cpu) for name, own in ran.items()}


def middle(ran, key):
    """The run with the median of a figure."""
    return sorted(ran, key=key)[(len(ran) - 1) // 2]


def peer(script):
    return [sys.executable, HERE / "peers" / script]


STREAMS = ("tickets", "ticket_events", "ticket_metric_events")
ONE_CORE = {"POLARS_MAX_THREADS": "1", "TOKIO_WORKER_THREADS": "1"}


def to_parquet(args, saved, folder, runs):
    """One run of each side over the same pages, which is the median of its runs."""
    sides = {
        "deskmeter": ([args.pages_bench, saved], ONE_CORE, runs),
        "DuckDB": ([*peer("pages_duckdb.py"), saved], {}, runs),
        "Polars": ([*peer("pages_polars.py"), saved], ONE_CORE, runs),
        "dlt": ([*peer("pages_dlt.py"), saved], {}, 1),
    }
    return medians_of(sides, folder)


def pages(args, folder, report):
    """Raw export pages to partitioned Parquet, one core each: all exports of an account, and the large ones by themselves."""
    saved = folder / "pages"
    saved.mkdir()
    with desk.account(args.binary, args.tickets) as url:
        rows, size = desk.save_pages(url, saved)
    everything = to_parquet(args, saved, folder, args.runs)
    by_stream = {}
    for stream in STREAMS:
        own = folder / f"pages-{stream}"
        own.mkdir()
        for page in saved.glob(f"{stream}-*.json"):
            os.link(page, own / page.name)
        megabytes = sum(page.stat().st_size for page in own.iterdir()) / 1e6
        by_stream[stream] = (megabytes, to_parquet(args, own, folder, args.runs))
    report.pages(args, size, rows, everything, by_stream)


def deskmeter_sync(args, url, folder):
    """Connects by consent and syncs once, marts included; tells the run of `sync`, the requests it took, and when the rows were committed."""
    folder.mkdir()
    pipeline = desk.connect(args.binary, url, folder)
    before = len(desk.harness.request_log(url))
    began = time.time()
    ran = desk.Ran([args.binary, "sync", "-p", pipeline, "--log-format", "json", "-v"])
    read = [line["timestamp"] for line in map(json.loads, ran.stderr.splitlines()) if line["message"] == "stream read"]
    committed = datetime.datetime.fromisoformat(read[-1]).timestamp() - began
    return ran, len(desk.harness.request_log(url)) - before, committed


def sync(args, folder, report):
    """The exports over HTTP from a simulated account without a rate limit."""
    saved = folder / "sync-pages"
    saved.mkdir()
    figures = []
    with desk.account(args.binary, args.sync_tickets) as url:
        rows, _ = desk.save_pages(url, saved)
        total = sum(rows.values()) + rows["tickets"]
        ours = [deskmeter_sync(args, url, folder / f"sync-{number}") for number in range(args.runs)]
        ran, requests, committed = sorted(ours, key=lambda one: one[0].wall)[(len(ours) - 1) // 2]
        everything = "all five exports with metric sets"
        figures.append(("deskmeter", f"{everything}, in Delta tables", total, requests, committed, None, ran.peak_mb))
        figures.append(("deskmeter", "the same, and all marts", total, requests, ran.wall, ran.cpu, ran.peak_mb))
        before = len(desk.harness.request_log(url))
        token = desk.harness.access_token(url, "read")
        ran = desk.Ran([*peer("sync_dlt.py"), url, token, tempfile.mkdtemp(dir=folder)], folder)
        # Consent and its token are no requests of the exports.
        requests = len(desk.harness.request_log(url)) - before - 2
        figures.append(("dlt", f"{everything}, in Parquet", ran.told()["rows"] + rows["tickets"], requests, ran.wall, ran.cpu, ran.peak_mb))
        ran = desk.Ran([*peer("sync_tap_zendesk.py"), url, args.clients])
        told = ran.told()
        reads = "tickets with metric sets, metric events, users, organizations; no history; nothing stored"
        figures.append(("tap-zendesk", reads, told["rows"], told["requests"], ran.wall, ran.cpu, ran.peak_mb))
        figures.append(("tap-zendesk", f"the same, less {told['slept']:.0f} s that it slept by a clock of its own", told["rows"], told["requests"],
                        ran.wall - told["slept"], ran.cpu, ran.peak_mb))
    report.sync(args, rows, figures)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def cluster(binary, executors, folder):
    """A Ballista scheduler and its executors, which share the machine's cores; yields the engine's URL."""
    scheduler = f"127.0.0.1:{free_port()}"
    commands = [["scheduler", "--bind", scheduler]]
    for number in range(executors):
        cores, work = max(1, os.cpu_count() // executors), folder / f"executor-{number}"
        bind = ["--bind", f"127.0.0.1:{free_port()}", "--task-port", free_port(), "--cores", cores, "--work-dir", work]
        commands.append(["executor", "--scheduler", scheduler, *bind])
    with contextlib.ExitStack() as stack:
        for command in commands:
            words = [str(word) for word in [binary, *command]]
            log = stack.enter_context((folder / f"{command[0]}.log").open("a"))
            process = stack.enter_context(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True))
            stack.callback(process.terminate)
            if "listening" not in process.stdout.readline():
                raise SystemExit(f"{command[0]} did not start: {pathlib.Path(log.name).read_text()}")
        yield f"ballista://{scheduler}"


def on_clusters(args, lake, folder):
    """Seconds of a refresh on a cluster of one executor, and on one of two."""
    told = []
    for executors in (1, 2):
        with cluster(args.binary, executors, folder) as engine:
            told.append(seconds(refreshed(args, lake, folder, {"ENGINE": engine}).stdout))
    return told


def marts(args, folder, report):
    """All marts of made-up accounts: the embedded engine, a cluster, and DuckDB on the same SQL."""
    figures = []
    for tickets in args.marts:
        lake, runs = folder / f"marts-{tickets}", args.runs if tickets <= RUNS_UP_TO else 1
        desk.Ran([args.marts_bench, "make", lake, tickets], folder)
        command = [sys.executable, HERE / "duckdb_marts.py", lake / "acme", "2026-11-07T00:00:00Z", "--memory", "6GB"]
        duckdb = middle([desk.Ran(command, folder) for _ in range(runs)], lambda ran: float(all_marts(ran)[1]))
        clusters = on_clusters(args, lake, folder) if tickets <= args.cluster_max else [None, None]
        ours = [
            middle([refreshed(args, lake, folder, {"HOURS": hours}) for _ in range(runs)], lambda ran: seconds(ran.stdout))
            for hours in ("nine-to-five", "none")
        ]
        left_out = re.search(r"^left out: (.*)$", duckdb.stdout, re.M)[1]
        sides = [(seconds(ran.stdout), ran.peak_mb) for ran in ours] + [(float(all_marts(duckdb)[1]), duckdb.peak_mb)]
        figures.append((tickets, sides, clusters, left_out))
        shutil.rmtree(lake)
    report.marts(args, figures)


def all_marts(ran):
    return re.search(r"^all marts: ([\d.]+) s", ran.stdout, re.M)


def refreshed(args, lake, folder, env):
    """A full refresh of a lake that has no marts yet."""
    own = shutil.copytree(lake, folder / "refreshed")
    ran = desk.Ran([args.marts_bench, "refresh", own], folder, env)
    shutil.rmtree(own)
    return ran


def seconds(told):
    """The time of a refresh as the bench prints it last: `…: 1.93s, at most 300 MiB resident`."""
    number, unit = re.findall(r": ([\d.]+)(ms|s), at most", told)[-1]
    return float(number) / (1000 if unit == "ms" else 1)


def lake(args, folder, report):
    """The same 1,000 changes into lakes of growing size."""
    figures = []
    for tickets in args.lakes:
        ran = desk.Ran([args.lake_bench], folder, {"TICKETS": str(tickets)})
        figures.append((tickets, re.findall(r"^([^:]+): (\d+) tickets and their metric sets in ([\d.]+) s", ran.stdout, re.M), ran))
    report.lake(figures)


def fleet(args, _, report):
    """Many accounts in one process."""
    report.fleet(args, *fleets.fleet(args.binary, args.accounts, 1_000, 10))


def machine():
    """What the figures are of."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = lambda text: [int(size) for size in text.split(",")]
    for name in ("binary", "clients", "pages-bench", "lake-bench", "marts-bench"):
        parser.add_argument(f"--{name}", required=True, type=lambda path: pathlib.Path(path).absolute())
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--sync-tickets", type=int, default=2_000)
    parser.add_argument("--marts", type=sizes, default=[20_000])
    parser.add_argument("--lakes", type=sizes, default=[20_000, 200_000])
    parser.add_argument("--cluster-max", type=int, default=200_000)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="pages,sync,lake,marts,fleet")
    parser.add_argument("--note", default="", help="what else the machine did")
    args = parser.parse_args()
    versions = {name: importlib.metadata.version(name) for name in ("duckdb", "polars", "dlt", "deltalake")}
    when = f"{datetime.date.today()}, load at the start {os.getloadavg()[0]:.1f}"
    report = Report(HERE, when, machine(), versions, args.note)
    with tempfile.TemporaryDirectory() as name:
        for part in args.only.split(","):
            {"pages": pages, "sync": sync, "lake": lake, "marts": marts, "fleet": fleet}[part](args, pathlib.Path(name), report)
            report.write()


if __name__ == "__main__":
    main()
