"""TCP ports of this machine: which are free, which are taken."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import socket
import tempfile
import threading
from pathlib import Path

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


def free_port(*, pair: bool = False) -> int:
    """A port below 32768 that nothing listens on; with `pair`, the next one is free as well.

    Nobody else is given the same one while this process lives: a server may listen on it minutes later, and until
    then the port looks free to all others. Raises OSError when there is none.
    """
    for port in random.SystemRandom().sample(_FREE_RANGE, len(_FREE_RANGE)):
        wanted = (port, port + 1) if pair else (port,)
        if not any(in_use(each) for each in wanted) and _CLAIMS.take(wanted):
            return port
    raise OSError("no free port below 32768")


class _Claims:
    """Ports given out by the processes of one user: a record lock on a byte of one file each, gone with its process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mine: set[int] = set()
        self._file, self._owner = -1, 0

    def take(self, wanted: tuple[int, ...]) -> bool:
        """Claim all of `wanted`, neighbours, or none."""
        with self._lock:
            if self._mine.intersection(wanted):
                return False
            try:
                fcntl.lockf(self._locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, len(wanted), wanted[0])
            except OSError:
                return False
            self._mine.update(wanted)
            return True

    def _locks(self) -> int:
        # One descriptor a process: closing any other of the same file would give up its locks. A fork holds none yet.
        if self._owner != os.getpid():
            path = Path(tempfile.gettempdir()) / f"swipestream-ports-{os.getuid()}"
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            self._owner = os.getpid()
        return self._file


_CLAIMS = _Claims()


def split(address: str) -> tuple[str, int]:
    """The host and port of the first `host:port` in a comma-separated list."""
    host, _, port = address.split(",")[0].strip().rpartition(":")
    return host, int(port)


def accepts(address: str, timeout: float = 0.5) -> bool:
    """Whether something accepts connections at `host:port`."""
    with contextlib.suppress(OSError), socket.create_connection(split(address), timeout):
        return True
    return False
