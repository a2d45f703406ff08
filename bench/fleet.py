#!/usr/bin/env python3
"""Connects many accounts and syncs them in one process: seconds, rows, highest memory.

    python3 bench/fleet.py deskmeter [--accounts 200] [--tickets 1000] [--simulators 10]

Needs nothing but Python 3.11, curl and Linux. Each account is a connection with a lake, a state store and a key of its own;
several of them are connected to the same simulator, whose limit nobody reaches. Every account is checked for
its tickets afterwards.
"""

import argparse
import os
import re
import subprocess
import tempfile
import time

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PIPELINE = """[connection]
name = "{name}"
base_url = "{url}"
client_id = "deskmeter"
quota_percent = 100

[lake]
url = "{folder}/lake"

[state]
url = "{folder}/state"
key_env = "DESKMETER_KEY"
"""


def simulator(binary, tickets, seed):
    """Starts one and returns it with its address."""
    command = [binary, "simulate", "--port", "0", "--tickets", str(tickets), "--seed", str(seed), "--rate-limit", "1000000"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in child.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return child, found.group()
    raise SystemExit("the simulator did not start")


def connect(binary, pipeline, env):
    """The command prints the address of the consent page; the person there presses Allow."""
    child = subprocess.Popen(
        [binary, "connect", "--no-browser", "-p", pipeline], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env
    )
    for line in child.stdout:
        if found := re.search(r"http://\S+/oauth/authorizations\S+", line):
            allow = ["curl", "-s", "-o", os.devnull, "-L", "-d", "decision=allow", found.group()]
            subprocess.run(allow, check=True)
    if child.wait() != 0:
        raise SystemExit(f"could not connect {pipeline}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("binary")
    arguments.add_argument("--accounts", type=int, default=200)
    arguments.add_argument("--tickets", type=int, default=1000)
    arguments.add_argument("--simulators", type=int, default=10)
    asked = arguments.parse_args()
    binary = os.path.abspath(asked.binary)
    env = dict(os.environ, DESKMETER_KEY=KEY)
    desks = [simulator(binary, asked.tickets, seed) for seed in range(asked.simulators)]
    try:
        with tempfile.TemporaryDirectory() as fleet:
            for number in range(asked.accounts):
                name = f"account{number:03}"
                pipeline = os.path.join(fleet, f"{name}.toml")
                url = desks[number % len(desks)][1]
                with open(pipeline, "w", encoding="utf-8") as out:
                    out.write(PIPELINE.format(name=name, url=url, folder=f"{fleet}/{name}"))
                connect(binary, pipeline, env)
            print(f"{asked.accounts} accounts of {asked.tickets} tickets connected", flush=True)
            started = time.monotonic()
            child = subprocess.Popen([binary, "sync", "--all", fleet], stdout=subprocess.PIPE, text=True, env=env)
            told = child.stdout.read()
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.monotonic() - started
            print(told.strip().splitlines()[-1])
            print(
                f"exit code {os.waitstatus_to_exitcode(status)}, {seconds:.1f} s, at most {usage.ru_maxrss / 1024:.0f} MiB, "
                f"{usage.ru_utime + usage.ru_stime:.1f} s of processor time"
            )
            ask = "select min(n) as least, max(n) as most, count(*) as accounts from (select connection, count(*) as n from ticket_metrics group by 1)"
            subprocess.run([binary, "query", "--all", fleet, ask], check=True, env=env)
    finally:
        for child, _ in desks:
            child.terminate()


if __name__ == "__main__":
    main()
