"""The five exports of an account, and a simulated account to take them from."""

import contextlib
import http.client
import json
import pathlib
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/clients"))
import harness  # noqa: E402

EXPORTS = {
    "users": "/api/v2/incremental/users/cursor?start_time=0",
    "organizations": "/api/v2/incremental/organizations?start_time=0",
    "tickets": "/api/v2/incremental/tickets/cursor?start_time=0&include=metric_sets&support_type_scope=all",
    "ticket_events": "/api/v2/incremental/ticket_events?start_time=0&support_type_scope=all",
    "ticket_metric_events": "/api/v2/incremental/ticket_metric_events?start_time=0",
}


def after(page, url):
    """Where the next page is; None after the last."""
    following = page.get("after_url") or page.get("next_page")
    return None if page.get("end_of_stream") or following == url else following


@contextlib.contextmanager
def account(binary, tickets, folder):
    """A simulated account without a rate limit; yields its URL."""
    command = [binary, "simulate", "--tickets", str(tickets), "--seed", "5", "--port", "0", "--rate-limit", "off"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


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
