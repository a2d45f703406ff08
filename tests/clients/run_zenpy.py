"""zenpy: users/me, the ticket export by time and by cursor, users, and the audits of the tickets asked for.

More words: `audits=N` reads the audits of N tickets (default 20); `cursor-only` leaves out the export by time.
"""

import json

import harness

PROGRAM = """
import json, sys
from zenpy import Zenpy
subdomain, token, by_time, audited = sys.argv[1], sys.argv[2], sys.argv[3] == "True", int(sys.argv[4])
client = Zenpy(subdomain=subdomain, oauth_token=token)
assert client.users.me().role == "admin"
tickets = {ticket.id for ticket in client.tickets.incremental(start_time=1, paginate_by_time=False)}
if by_time:
    assert tickets == {ticket.id for ticket in client.tickets.incremental(start_time=1, paginate_by_time=True)}
assert any(user.role == "end-user" for user in client.users.incremental(start_time=1))
for ticket in sorted(tickets)[:audited]:
    assert list(client.tickets.audits(ticket)), "a ticket without audits"
json.dump(sorted(tickets), sys.stdout)
"""


def read(account, more):
    audited = next((word.removeprefix("audits=") for word in more if word.startswith("audits=")), "20")
    by_time = str("cursor-only" not in more)
    return json.loads(account.call("python", "-c", PROGRAM, harness.SUBDOMAIN, account.token, by_time, audited))


harness.run("zenpy", "zenpy", read)
