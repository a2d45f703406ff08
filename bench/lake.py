"""What the lake costs, through the binary: python3 bench/lake.py DESKMETER first|small [N]

first [TICKETS]   a sync of a simulated account from nothing: seconds, MB/s, peak memory, files, bytes a ticket
small [RUNS]      many small syncs of a living account in a row: files, log, query time, as they go

Needs a release build; nothing but the standard library. Times are wall-clock times of this machine, loaded as it is.
"""

import json
import pathlib
import sys
import tempfile

import desk


def files(folder):
    """Data files, their bytes, log files, their bytes; of the collected tables and of the marts together."""
    data, log = [], []
    for path in (folder / "lake").rglob("*"):
        if path.is_file():
            (log if "_delta_log" in path.parts else data).append(path.stat().st_size)
    return len(data), sum(data), len(log), sum(log)


def first(binary, tickets):
    with tempfile.TemporaryDirectory() as name, desk.account(binary, tickets) as url:
        pipeline = desk.connect(binary, url, pathlib.Path(name))
        ran = desk.Ran([binary, "sync", "-p", pipeline])
        print(ran.stdout.strip())
        runs = desk.Ran([binary, "runs", "-p", pipeline, "--format", "json"])
        received = int(json.loads(runs.stdout)[0]["bytes"])
        data, bytes_, log, log_bytes = files(pipeline.with_suffix(""))
        print(f"{tickets} tickets: {ran.wall:.1f} s, {received / ran.wall / 1e6:.0f} MB/s of JSON received, "
              f"peak {ran.peak_mb:.0f} MB, {data} data files, {log} log files")
        print(f"bytes a ticket: lake {bytes_ / tickets:.0f} with marts, log {log_bytes / tickets:.0f}, "
              f"raw JSON {received / tickets:.0f}")


def small(binary, runs):
    with tempfile.TemporaryDirectory() as name, \
            desk.account(binary, 2000, "--live", "600", "--token-life", "99999999") as url:
        pipeline = desk.connect(binary, url, pathlib.Path(name))
        print("run  seconds  data files  log files  log KB  lake MB  query ms")
        for number in range(1, runs + 1):
            seconds = desk.Ran([binary, "sync", "-p", pipeline]).wall
            if number in (1, 2, 5, 10, 20, 50) or number % 50 == 0:
                query = desk.Ran([binary, "query", "-p", pipeline, "select status, count(*) from tickets group by 1"]).wall
                data, bytes_, log, log_bytes = files(pipeline.with_suffix(""))
                print(f"{number:3}  {seconds:7.2f}  {data:10}  {log:9}  {log_bytes / 1024:6.0f}  {bytes_ / 1e6:7.1f}  {query * 1000:8.0f}", flush=True)


if __name__ == "__main__":
    binary, what = pathlib.Path(sys.argv[1]).absolute(), sys.argv[2]
    number = int(sys.argv[3]) if len(sys.argv) > 3 else {"first": 20_000, "small": 500}[what]
    {"first": first, "small": small}[what](binary, number)
