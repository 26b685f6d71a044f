"""TCP ports of this machine: which are free, which are taken."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Container

#: Below the ports that systems give to outgoing connections: a broker once lost its own to one of those.
_FREE_RANGE = range(20_000, 32_000)


def in_use(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could not listen on `host:port` now."""
    with socket.socket() as server:
        # As servers do; else a port counts as taken for a minute after each restart.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, port))
            server.listen()
        except OSError:
            return True
    return False


def free_port(*, pair: bool = False, but: Container[int] = ()) -> int:
    """A port below 32768 that nothing listens on, and not one of `but`; with `pair`, the next one is free as well."""
    for port in random.sample(_FREE_RANGE, len(_FREE_RANGE)):
        wanted = (port, port + 1) if pair else (port,)
        if not any(each in but or in_use(each) for each in wanted):
            return port
    raise OSError("no free port below 32768")


def split(address: str) -> tuple[str, int]:
    """The host and port of the first `host:port` in a comma-separated list."""
    host, _, port = address.split(",")[0].strip().rpartition(":")
    return host, int(port)


def accepts(address: str, timeout: float = 0.5) -> bool:
    """Whether something accepts connections at `host:port`."""
    with contextlib.suppress(OSError), socket.create_connection(split(address), timeout):
        return True
    return False
