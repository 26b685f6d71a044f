"""Is it ready? One raw request in the part's own protocol: milliseconds, no client library."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
from urllib.parse import urlsplit

from infra.stack.ports import split

#: ApiVersions, version 0: api key 18, correlation id 1, client id "up". A broker answers it only once it serves.
_API_VERSIONS = struct.pack(">ihhih2s", 12, 18, 0, 1, 2, b"up")
#: OPTIONS of the CQL protocol, version 4.
_OPTIONS = bytes((0x04, 0, 0, 0, 0x05, 0, 0, 0, 0))
_SUPPORTED = 0x06


def kafka_answers(address: str, timeout: float = 1.0) -> bool:
    """Whether a Kafka broker at `host:port` serves requests."""
    answer = _ask(address, _API_VERSIONS, 10, timeout)
    # Size, correlation id, error code.
    return len(answer) == 10 and struct.unpack(">iih", answer)[1:] == (1, 0)


def cassandra_answers(address: str, timeout: float = 1.0) -> bool:
    """Whether a Cassandra node at `host:port` serves CQL."""
    answer = _ask(address, _OPTIONS, 9, timeout)
    return len(answer) == 9 and answer[4] == _SUPPORTED


def http_answers(url: str, timeout: float = 1.0) -> bool:
    """Whether `GET url` gives a status below 400."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status < 400
    return False


def _ask(address: str, request: bytes, size: int, timeout: float) -> bytes:
    """The first `size` bytes of the answer; fewer when none came in time."""
    answer = b""
    with contextlib.suppress(OSError), socket.create_connection(split(address), timeout) as connection:
        connection.settimeout(timeout)
        connection.sendall(request)
        while len(answer) < size and (chunk := connection.recv(size - len(answer))):
            answer += chunk
    return answer
