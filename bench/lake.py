"""What the lake costs, through the binary: python3 bench/lake.py DESKMETER first|small [N]

first [TICKETS]   a sync of a simulated account from nothing: seconds, MB/s, peak memory, files, bytes a ticket
small [RUNS]      many small syncs of a living account in a row: files, log, query time, as they go

Needs a release build; nothing but the standard library. Times are wall-clock times of this machine, loaded as it is.
"""
import json, os, pathlib, re, resource, subprocess, sys, tempfile, time, urllib.parse, urllib.request

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def run(binary, folder, *arguments):
    """Runs the binary; gives its output, seconds and peak memory in MB."""
    started = time.monotonic()
    process = subprocess.Popen([binary, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env={**os.environ, "DESKMETER_KEY": KEY}, text=True)
    output, errors = process.communicate()
    seconds = time.monotonic() - started
    if process.returncode:
        sys.exit(f"{' '.join(arguments)}: {process.returncode}\n{errors}")
    return output, errors, seconds


def simulate(binary, folder, *arguments):
    """Starts an account and connects to it."""
    simulator = subprocess.Popen([binary, "simulate", "--port", "0", "--rate-limit", "1000000", *arguments],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    url = re.search(r"http://\S+", simulator.stdout.readline()).group()
    (folder / "deskmeter.toml").write_text(
        f'[connection]\nname = "acme"\nbase_url = "{url}"\nclient_id = "deskmeter"\nquota_percent = 100\n'
        '[lake]\nurl = "lake"\n[state]\nurl = "state"\nkey_env = "DESKMETER_KEY"\n')
    connect = subprocess.Popen([binary, "connect", "--no-browser"], cwd=folder, stdout=subprocess.PIPE,
                               env={**os.environ, "DESKMETER_KEY": KEY}, text=True)
    page = re.search(r"http\S+", connect.stdout.readline()).group()
    form = urllib.parse.urlencode({"decision": "allow"}).encode()
    urllib.request.urlopen(page, form).read()
    connect.wait()
    return simulator, url


def files(folder):
    """Data files, their bytes, log files, their bytes; of the collected tables and of the marts together."""
    data, log = [], []
    for path in (folder / "lake").rglob("*"):
        if path.is_file():
            (log if "_delta_log" in path.parts else data).append(path.stat().st_size)
    return len(data), sum(data), len(log), sum(log)


def first(binary, tickets):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        simulator, _ = simulate(binary, folder, "--tickets", str(tickets))
        try:
            output, errors, seconds = run(binary, folder, "sync")
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            print(output.strip())
            received = int(json.loads(run(binary, folder, "runs", "--format", "json")[0])[0]["bytes"])
            data, bytes_, log, log_bytes = files(folder)
            print(f"{tickets} tickets: {seconds:.1f} s, {received / seconds / 1e6:.0f} MB/s of JSON received, "
                  f"peak {peak / 1024:.0f} MB, {data} data files, {log} log files")
            print(f"bytes a ticket: lake {bytes_ / tickets:.0f} with marts, log {log_bytes / tickets:.0f}, "
                  f"raw JSON {received / tickets:.0f}")
        finally:
            simulator.kill()
            simulator.wait()


def small(binary, runs):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        simulator, _ = simulate(binary, folder, "--tickets", "2000", "--live", "600", "--token-life", "99999999")
        try:
            print("run  seconds  data files  log files  log KB  lake MB  query ms")
            for number in range(1, runs + 1):
                _, _, seconds = run(binary, folder, "sync")
                if number in (1, 2, 5, 10, 20, 50) or number % 50 == 0:
                    query = run(binary, folder, "query", "select status, count(*) from tickets group by 1")[2]
                    data, bytes_, log, log_bytes = files(folder)
                    print(f"{number:3}  {seconds:7.2f}  {data:10}  {log:9}  {log_bytes / 1024:6.0f}  {bytes_ / 1e6:7.1f}  {query * 1000:8.0f}", flush=True)
        finally:
            simulator.kill()
            simulator.wait()


if __name__ == "__main__":
    binary, what = os.path.abspath(sys.argv[1]), sys.argv[2]
    number = int(sys.argv[3]) if len(sys.argv) > 3 else {"first": 20_000, "small": 500}[what]
    {"first": first, "small": small}[what](binary, number)
