#!/usr/bin/env python3
"""Serves a lake with the console and measures it: first requests and repeats of every page, then many clients at once.

    python3 bench/console/load.py deskmeter LAKE/deskmeter.toml [--clients 200] [--seconds 60]

Needs nothing but Python 3.11 and Linux (memory is read from /proc). Clients are closed loops over kept connections that
ask for every report under several filters and read each answer to its end, without a cache of their own.

Three first requests are measured: of each page at once after a start of its own, before the console had time to open
anything; of each page when the console has settled; and of each page under filters that nobody asked for before.
"""

import argparse
import asyncio
import os
import re
import signal
import statistics
import subprocess
import time

REPORTS = ["overview", "resolution", "sla", "escalations", "workload", "backlog", "quality", "privacy"]
UNFILTERED = ["quality", "privacy"]
FILTERS = ["", "?period=30d", "?period=12m", "?period=12m&priority=high", "?period=90d&channel=web"]
NEVER_ASKED = [
    "?period=12m&priority=normal", "?period=90d&channel=email", "?period=12m&group={group}", "?period=all&priority=low",
    "?from=2026-01-01&to=2026-10-31", "?from=2025-12-01&to=2026-11-01&by=group", "?period=12m&at=2026-06-30&by=channel",
]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def memory(pid):
    """Resident and highest resident memory in MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return tuple(int(fields[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))


class Client:
    """A browser's connection: keeps it, and the session that it was given."""

    def __init__(self, port):
        self.port, self.cookie = port, ""

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def get(self, path):
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{self.cookie}\r\n"
        self.writer.write(head.encode())
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        status, length = int(lines[0].split()[1]), 0
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            if name.lower() == "content-length":
                length = int(value)
            if name.lower() == "set-cookie":
                self.cookie = f"Cookie: {value.split(';')[0]}\r\n"
        return status, await self.reader.readexactly(length)


async def timed(client, path):
    started = time.perf_counter()
    status, body = await client.get(path)
    return (time.perf_counter() - started) * 1000, status, len(body)


def summary(what, took):
    over = sum(ms > 300 for ms in took)
    print(f"{what}: {len(took)} pages, p50 {statistics.median(took):.0f} ms, p95 {percentile(took, .95):.0f} ms, "
          f"most {max(took):.0f} ms, {over} over 300 ms")


def settle(pid):
    """Waits until the process has computed nothing for a second."""
    def busy():
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))
    started, before = time.perf_counter(), -1
    while before != (before := busy()):
        time.sleep(1)
    return time.perf_counter() - started


async def first(port, path):
    client = Client(port)
    await client.open()
    ms, status, size = await timed(client, path)
    assert status == 200, (path, status)
    return ms, size


async def pages(port, name, repeats):
    print("\n| page, settled | bytes | first ms | then p50 ms | p95 ms |\n| --- | ---: | ---: | ---: | ---: |")
    firsts = []
    client = Client(port)
    await client.open()
    for report in REPORTS:
        for query in FILTERS if report not in UNFILTERED else [""]:
            path = f"/c/{name}/{report}{query}"
            ms, size = await first(port, path)
            again = [(await timed(client, path))[0] for _ in range(repeats)]
            firsts.append(ms)
            print(f"| {report}{query} | {size} | {ms:.0f} | {statistics.median(again):.1f} | {percentile(again, .95):.1f} |")
    group = await a_group(client, name)
    print("\n| page, under filters never asked for | first ms |\n| --- | ---: |")
    others = []
    for report in REPORTS:
        for query in NEVER_ASKED if report not in UNFILTERED else []:
            ms, _ = await first(port, f"/c/{name}/{report}{query.format(group=group)}")
            others.append(ms)
            print(f"| {report}{query.format(group='…')} | {ms:.0f} |")
    print()
    summary("first requests, settled", firsts)
    summary("first requests under filters never asked for", others)


async def a_group(client, name):
    """A group out of the filter's choices."""
    _, body = await client.get(f"/c/{name}/overview")
    return re.search(r'name="group".*?<option value="(\d+)"', body.decode(), re.S).group(1)


async def crowd(port, name, clients, seconds, pid):
    took, failures, peaks = [], [], [memory(pid)[0]]
    paths = [f"/c/{name}/{report}{query}" for report in REPORTS for query in FILTERS]
    end = time.perf_counter() + seconds

    async def visit(number):
        client = Client(port)
        await client.open()
        turn = number
        while time.perf_counter() < end:
            try:
                ms, status, _ = await timed(client, paths[turn % len(paths)])
            except (OSError, asyncio.IncompleteReadError) as error:
                failures.append(type(error).__name__)
                await client.open()
                continue
            took.append(ms)
            if status != 200:
                failures.append(status)
            turn += 1

    async def watch():
        while time.perf_counter() < end:
            peaks.append(memory(pid)[0])
            await asyncio.sleep(0.5)

    before = memory(pid)[0]
    await asyncio.gather(watch(), *(visit(number) for number in range(clients)))
    after, highest = memory(pid)
    print(f"\n{clients} clients, {seconds} s: {len(took)} pages, {len(took) / seconds:.0f} a second, {len(failures)} failures; "
          f"p50 {statistics.median(took):.0f} ms, p95 {percentile(took, .95):.0f} ms, most {max(took):.0f} ms")
    print(f"resident memory: {before:.0f} MiB before, {max(peaks):.0f} MiB at most under load, {after:.0f} MiB after; "
          f"{highest:.0f} MiB in the life of the process")
    return failures


def serve(command):
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return served, int(served.stdout.readline().rsplit(":", 1)[1])


def stop(served):
    served.send_signal(signal.SIGTERM)
    served.wait(30)


def after_a_start(command, name):
    """The first request of all, before the console had time to open anything: a start for each page."""
    took = []
    for report in REPORTS:
        served, port = serve(command)
        try:
            took.append(asyncio.run(first(port, f"/c/{name}/{report}"))[0])
        finally:
            stop(served)
    print(f"at once after a start: {', '.join(f'{report} {ms:.0f}' for report, ms in zip(REPORTS, took))} ms")
    summary("at once after a start", took)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("pipeline")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    command = [options.binary, "serve", "-p", options.pipeline, "--bind", "127.0.0.1:0"]
    with open(options.pipeline, encoding="utf-8") as pipeline:
        name = next(line for line in pipeline if line.startswith("name = ")).split('"')[1]
    after_a_start(command, name)
    served, port = serve(command)
    try:
        print(f"settled after {settle(served.pid):.0f} s, resident memory {memory(served.pid)[0]:.0f} MiB")
        asyncio.run(pages(port, name, options.repeats))
        failures = asyncio.run(crowd(port, name, options.clients, options.seconds, served.pid))
        print(f"load {os.getloadavg()[0]:.1f} after")
    finally:
        stop(served)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
