#!/usr/bin/env python3
"""Connects many accounts and syncs them in one process: seconds, rows, highest memory.

    python3 bench/fleet.py deskmeter [--accounts 200] [--tickets 1000] [--simulators 10]

Needs nothing but Python 3.11 and Linux. Each account is a connection with a lake, a state store and a key of its own;
several of them are connected to the same simulator, whose limit nobody reaches. Every account is checked for
its tickets afterwards. The process has two arenas of memory unless MALLOC_ARENA_MAX says otherwise.
"""

import argparse
import concurrent.futures
import contextlib
import itertools
import json
import os
import pathlib
import tempfile

import desk

TICKETS = (
    "select min(n) as least, max(n) as most, count(*) as accounts from "
    "(select connection, count(*) as n from ticket_metrics group by 1)"
)
# As the examples for systemd and cron start it: sixteen arenas of the C library would keep what each once freed.
ARENAS = {"MALLOC_ARENA_MAX": os.environ.get("MALLOC_ARENA_MAX", "2")}


def fleet(binary, accounts, tickets, simulators):
    """The run of `sync --all`, and the tickets that were found."""
    with contextlib.ExitStack() as stack:
        urls = [stack.enter_context(desk.account(binary, tickets, seed=seed)) for seed in range(simulators)]
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # A consent is mostly waiting.
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            names = [f"account{number:03}" for number in range(accounts)]
            list(pool.map(lambda name, url: desk.connect(binary, url, folder, name), names, itertools.cycle(urls)))
        ran = desk.Ran([binary, "sync", "--all", folder], env=ARENAS)
        found = desk.Ran([binary, "query", "--format", "json", "--all", folder, TICKETS]).stdout
        return ran, json.loads(found)[0]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("binary", type=lambda path: pathlib.Path(path).absolute())
    arguments.add_argument("--accounts", type=int, default=200)
    arguments.add_argument("--tickets", type=int, default=1000)
    arguments.add_argument("--simulators", type=int, default=10)
    asked = arguments.parse_args()
    ran, found = fleet(asked.binary, asked.accounts, asked.tickets, asked.simulators)
    print(ran.stdout.strip().splitlines()[-1])
    print(f"{asked.accounts} accounts: {ran.wall:.1f} s, at most {ran.peak_mb:.0f} MB, {ran.cpu:.1f} s of processor time; {found}")


if __name__ == "__main__":
    main()
