"""Many websocket clients in one process, as cheap as can be: they shake hands, say hello, read, and note arrivals.

Run by `bench.gateway` and `bench.load` with a port, a number, how to say hello, and the number of the first; speaks
JSON on stdout and ends when stdin does.
"""

from __future__ import annotations

import json
import re
import resource
import select
import socket
import sys
import time

#: About so many of the clients, spread over all, note when messages arrive.
SAMPLED = 50
#: What is for one viewer says when it was appended (`gateway_log.received_by`), by the monotonic clock of the system.
_OWN = re.compile(rb'"title":"appended at ([\d.]+)"')
_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


#: What a client says first, and what tells it that it has been heard.
_HELLO = {
    "gateway": ('{"type":"hello","viewer_id":"bench-%d"}', b"welcome"),
    "nats": ('CONNECT {"verbose":false}\r\nSUB news %d\r\nPING\r\n', b"PONG"),
}


def connect(port: int, number: int, kind: str = "gateway") -> socket.socket:
    """A client that has been greeted."""
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(_HANDSHAKE)
    while b"\r\n\r\n" not in client.recv(4096):
        pass
    said, heard = _HELLO[kind]
    hello = (said % number).encode()
    client.sendall(bytes([0x81, 0x80 | len(hello), 0, 0, 0, 0]) + hello)
    while heard not in client.recv(4096):
        pass
    client.setblocking(False)
    return client


def main() -> None:
    """Connect, say `ready`, read until stdin ends, then tell the arrivals."""
    port, count, kind, first = *map(int, sys.argv[1:3]), *sys.argv[3:4], *map(int, sys.argv[4:5])
    raise_limit()
    clients = [connect(port, first + number, kind) for number in range(count)]
    arrivals: dict[int, list[float]] = {client.fileno(): [] for client in clients[:: max(1, count // SAMPLED)]}
    by_number = {client.fileno(): client for client in clients}
    poll = select.epoll()
    for number in (*by_number, sys.stdin.fileno()):
        poll.register(number, select.EPOLLIN)
    print(json.dumps({"ready": count}), flush=True)
    received, own = 0, list[tuple[float, float]]()
    while (more := _read(poll, by_number, arrivals, own)) is not None:
        received += more
    print(json.dumps({"arrivals": list(arrivals.values()), "received": received, "own": own}), flush=True)


def _read(
    poll: select.epoll,
    by_number: dict[int, socket.socket],
    arrivals: dict[int, list[float]],
    own: list[tuple[float, float]],
) -> int | None:
    """How many messages to everyone came; None once stdin has ended. `own` takes when
    what is for one viewer was appended, and when it came."""
    received = 0
    for number, _ in poll.poll(1):
        if number not in by_number:
            return None
        data = by_number[number].recv(262_144)
        if not data:
            poll.unregister(number)  # closed: what it misses is told by the count
        count = data.count(b'"withdrawn"')
        received += count
        own.extend((float(at), time.monotonic()) for at in _OWN.findall(data))
        if number in arrivals:
            arrivals[number].extend([time.monotonic()] * count)
    return received


def raise_limit() -> None:
    """As many open files as this machine lets a process have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
