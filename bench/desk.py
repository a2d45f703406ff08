"""A desk to measure with: simulated accounts and their exports, a pipeline on them, and runs of programs that are timed."""

import contextlib
import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/clients"))
import harness  # noqa: E402

EXPORTS = {
    "users": "/api/v2/incremental/users/cursor?start_time=0",
    "organizations": "/api/v2/incremental/organizations?start_time=0",
    "tickets": "/api/v2/incremental/tickets/cursor?start_time=0&include=metric_sets&support_type_scope=all",
    "ticket_events": "/api/v2/incremental/ticket_events?start_time=0&support_type_scope=all",
    "ticket_metric_events": "/api/v2/incremental/ticket_metric_events?start_time=0",
}
ENV = {"DESKMETER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
PIPELINE = """[connection]
name = "{name}"
base_url = "{url}"
client_id = "deskmeter"
quota_percent = 100
[lake]
url = "{home}/lake"
[state]
url = "{home}/state"
key_env = "DESKMETER_KEY"
"""


@contextlib.contextmanager
def account(binary, tickets, *more, seed=5):
    """A simulated account with a limit that nobody reaches; yields its URL.

    The limit is announced: an account that announces none is asked ten times a minute, as documented, for safety.
    """
    command = [binary, "simulate", "--tickets", str(tickets), "--seed", str(seed), "--port", "0", "--rate-limit", "1000000", *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def connect(binary, url, folder, name="acme"):
    """Connects by consent; gives the pipeline file, whose lake and state lie in a folder beside it."""
    pipeline, home = folder / f"{name}.toml", folder / name
    pipeline.write_text(PIPELINE.format(name=name, url=url, home=home), encoding="utf-8")
    words = [binary, "connect", "--no-browser", "-p", pipeline]
    with subprocess.Popen(words, env=os.environ | ENV, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        page = process.stdout.readline().removeprefix("Open this URL to authorize: ").strip()
        # The browser follows the redirect to the address where `connect` waits.
        urllib.request.urlopen(urllib.request.Request(page, data=b"decision=allow")).read()
        process.communicate()
    if process.returncode:
        raise SystemExit(f"could not connect {name}: {process.returncode}")
    return pipeline


def after(page, url):
    """Where the next page is; None after the last."""
    following = page.get("after_url") or page.get("next_page")
    return None if page.get("end_of_stream") or following == url else following


def save_pages(url, folder):
    """Saves every page of the exports; tells rows by stream, and bytes."""
    token = harness.access_token(url, "read")
    rows, size = {}, 0
    for stream, path in EXPORTS.items():
        rows[stream], number, following = 0, 0, url + path
        while following:
            text = get(following, token)
            page, number = json.loads(text), number + 1
            (folder / f"{stream}-{number}.json").write_bytes(text)
            rows[stream] += len(page[stream])
            size += len(text)
            following = after(page, following)
    return rows, size


def get(url, token):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("GET", f"{parts.path}?{parts.query}", headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(f"the simulator answered {answer.status}")
    return answer.read()


class Ran:
    """One run of a program: seconds on the wall and of the processor, its greatest memory, what it told and logged."""

    def __init__(self, command, folder=None, env=()):
        began = time.monotonic()
        with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as log:
            words = [str(word) for word in command]
            process = subprocess.Popen(words, cwd=folder, env=os.environ | ENV | dict(env), stdout=out, stderr=log)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.wall = time.monotonic() - began
            out.seek(0)
            log.seek(0)
            self.stdout, self.stderr = out.read(), log.read()
        if process.returncode:
            raise SystemExit(f"{pathlib.Path(words[0]).name} ended with {process.returncode}: {self.stdout[-2000:]}{self.stderr[-4000:]}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak_mb = usage.ru_maxrss * 1024 / 1e6

    def told(self):
        """The last line, which is JSON."""
        return json.loads(self.stdout.splitlines()[-1])
