"""What the runs of outside clients share: a token by consent, the environment, the count of requests, the verdict."""

import base64
import collections
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import tls_door

HERE = pathlib.Path(__file__).resolve().parent
SUBDOMAIN = tls_door.HOST.split(".")[0]
REDIRECT = "http://127.0.0.1:9/callback"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


# No proxy: the simulator is on this machine.
BROWSER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())


def access_token(url: str, scope: str) -> str:
    """Presses Allow on the consent page and redeems the code, with PKCE."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code", "client_id": "outside-client", "redirect_uri": REDIRECT, "scope": scope,
        "state": "s", "code_challenge": challenge, "code_challenge_method": "S256",
    }
    page = f"{url}/oauth/authorizations/new?{urllib.parse.urlencode(asked)}"
    try:
        BROWSER.open(page, data=b"decision=allow")
        raise RuntimeError("the consent page did not redirect")
    except urllib.error.HTTPError as redirect:
        back = urllib.parse.urlsplit(redirect.headers["location"])
    form = {
        "grant_type": "authorization_code", "code": urllib.parse.parse_qs(back.query)["code"][0],
        "client_id": "outside-client", "redirect_uri": REDIRECT, "code_verifier": verifier, "scope": scope,
        "expires_in": "172800",
    }
    with BROWSER.open(f"{url}/oauth/tokens", data=urllib.parse.urlencode(form).encode()) as answer:
        return json.load(answer)["access_token"]


def request_log(url: str) -> list[dict]:
    """Every request that the simulator has answered."""
    with BROWSER.open(f"{url}/__simulator/requests") as answer:
        return json.load(answer)


def truth(path: str) -> set[int]:
    """Ids of the tickets that an export shows to who does not ask for `support_type_scope`: none of AI agents'."""
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["ticket_id"] for row in rows if not row["is_ai_agent"]}


@dataclasses.dataclass
class Account:
    """A simulated account behind https://acme.zendesk.com, as one client's process sees it."""

    url: str
    venv: pathlib.Path
    folder: pathlib.Path
    token: str
    env: dict[str, str]
    before: int = 0
    begun: float = 0.0

    def begin(self) -> None:
        """From here on requests are counted: a client's looking around before its run is checked, not counted."""
        self.before, self.begun = len(request_log(self.url)), time.monotonic()

    def call(self, program: str, *words: str) -> str:
        """Runs a program of the client's own and returns what it printed; its log is shown when it fails."""
        command = [self.venv / "bin" / program, *words]
        ran = subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True)
        if ran.returncode != 0:
            sys.exit(f"{program} ended with {ran.returncode}:\n{ran.stdout[-2000:]}\n{ran.stderr[-4000:]}")
        return ran.stdout

    def version(self, package: str) -> str:
        """The client's version, as its environment has it."""
        code = f"import importlib.metadata as m; print(m.version({package!r}))"
        return self.call("python", "-c", code).strip()


def open_account(url: str, venv: pathlib.Path, folder: pathlib.Path) -> Account:
    """Opens the TLS door and sets the environment in which a client reaches it by its Zendesk name."""
    authority, chain = tls_door.certificate(folder)
    port = tls_door.open_door(chain, urllib.parse.urlsplit(url).port)
    env = {
        "HOME": str(folder), "PATH": os.environ["PATH"], "NO_PROXY": "*", "PYTHONPATH": str(HERE / "resolver"),
        "DESKMETER_TLS_PORT": str(port), "REQUESTS_CA_BUNDLE": str(authority), "SSL_CERT_FILE": str(authority),
    }
    return Account(url, venv, folder, access_token(url, "read"), env)


def check(client: str, log: list[dict], absent: str, found: set[int], expected: set[int]) -> None:
    """Ends the run unless every request was answered and the tickets are exactly those of the truth."""
    def missing(row: dict) -> bool:
        return row["status"] == 404 and re.fullmatch(absent, row["path"]) is not None

    refused = [row for row in log if row["status"] >= 400 and not missing(row)]
    if refused:
        sys.exit(f"{client}: {len(refused)} requests were refused, the first: {refused[0]}")
    if found != expected:
        lost, extra = sorted(expected - found), sorted(found - expected)
        sys.exit(f"{client}: {len(lost)} tickets lost {lost[:5]}, {len(extra)} unknown {extra[:5]}")


def paths(log: list[dict]) -> dict[str, int]:
    """How often each path was asked for, ids taken out."""
    names = ("/".join("{id}" if part.isdigit() else part for part in row["path"].split("/")) for row in log)
    return dict(sorted(collections.Counter(names).items()))


def run(client: str, package: str, read, absent: str = "") -> None:
    """Runs `read(account, more)`, which returns the ids of the tickets the client found; prints the run's one line.

    Usage of every script: SCRIPT URL TRUTH CLIENTS_DIR [MORE...]. `absent` is a pattern of paths that may be
    answered with 404, as they are by Zendesk.
    """
    url, truth_path, clients, *more = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        account = open_account(url, pathlib.Path(clients).absolute() / client, pathlib.Path(name))
        first = len(request_log(url))
        account.begin()
        found = set(read(account, more))
        seconds = round(time.monotonic() - account.begun, 1)
        version = account.version(package)
    log = request_log(url)
    check(client, log[first:], absent, found, truth(truth_path))
    counted = log[account.before:]
    print(json.dumps({"client": client, "version": version, "tickets_found": len(found), "requests": len(counted),
                      "seconds": seconds, "paths": paths(counted)}))
