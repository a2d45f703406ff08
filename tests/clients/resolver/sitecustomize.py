"""The client's environment: every *.zendesk.com is the test's own TLS door on this machine, as /etc/hosts would say."""

import os
import socket
import time

_real = socket.getaddrinfo
_port = int(os.environ["DESKMETER_TLS_PORT"])


def _local(host, port, *rest, **named):
    name = host.decode() if isinstance(host, bytes) else host
    if name and name.endswith(".zendesk.com"):
        return _real("127.0.0.1", _port, *rest, **named)
    return _real(host, port, *rest, **named)


socket.getaddrinfo = _local

# A client that sends prepared requests never reads REQUESTS_CA_BUNDLE: its bundle is certifi's, which a machine's
# distribution may set as well.
try:
    import certifi
except ImportError:
    pass
else:
    certifi.where = lambda: os.environ["SSL_CERT_FILE"]

# Whoever compares speeds wants to know how long a client slept of its own accord.
if "DESKMETER_SLEPT" in os.environ:
    _sleep = time.sleep

    def _told(seconds):
        with open(os.environ["DESKMETER_SLEPT"], "a", encoding="ascii") as slept:
            slept.write(f"{seconds}\n")
        _sleep(seconds)

    time.sleep = _told
