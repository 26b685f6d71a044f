"""How clients that live long treat their connections."""

from __future__ import annotations

#: A connection that was silently dropped on the way is given up after ten seconds, in place of a minute: a group takes
#: a member for dead after as long, and whoever waits for an answer was told long before to come again.
SOCKETS: dict[str, str | int | float] = {
    "socket.timeout.ms": 10_000,
    "socket.keepalive.enable": True,
    "reconnect.backoff.max.ms": 1_000,
}
