"""Keyspaces of their own for tests, and a way to take Cassandra away for a while."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import uuid
from collections.abc import Iterator, Mapping
from typing import Self

from infra.cassandra.cluster import addresses, cluster
from infra.cassandra.migrate import apply_tables
from infra.errors import UnavailableError
from infra.settings import Settings
from infra.stack import Stack
from query_api.health import LogRanges
from query_api.projections.positions import positions
from query_api.readmodel.cassandra import CassandraWriter, writing


@contextlib.contextmanager
def keyspace(stack: Stack, **more: object) -> Iterator[Settings]:
    """Settings with a fresh keyspace that holds every table; dropped at the end."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    settings = Settings(kafka=stack.kafka, cassandra=stack.cassandra, keyspace=name, **more)  # type: ignore[arg-type]
    apply_tables(settings)
    try:
        yield settings
    finally:
        own = cluster(settings, request_s=20)
        own.connect().execute(f"DROP KEYSPACE {name}")
        own.shutdown()


def positions_now(settings: Settings) -> dict[tuple[str, int], int]:
    """The end of every projected partition."""
    ask = LogRanges(settings.kafka)
    for _ in range(30):  # it gives up early, and this machine may be busy
        with contextlib.suppress(UnavailableError):
            return {part: end for part, (_, end) in ask().items()}
    raise AssertionError("Kafka does not answer")


def begin_at(settings: Settings, group: str, ends: Mapping[tuple[str, int], int]) -> None:
    """Let a projector begin there, as if it had read all before: a log that other tests filled is long."""
    session = writing(settings)
    session.wait(20)
    CassandraWriter(session).write(positions(ends, group))
    session.close()


class Gate:
    """A TCP proxy before Cassandra. Shut, it drops every connection and refuses new ones, as a stopped node does."""

    def __init__(self, target: str) -> None:
        (self._target,) = addresses(target)
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._stop = threading.Event()
        self._open = True
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._drop()
        self._listener.close()

    def shut(self) -> None:
        self._open = False

    def open(self) -> None:
        self._open = True

    @staticmethod
    def _listen(port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        listener.setblocking(False)
        return listener

    def _run(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._listener, selectors.EVENT_READ)
            while not self._stop.is_set():
                if not self._open and self._pairs:
                    for side in list(self._pairs):
                        waiting.unregister(side)
                    self._drop()
                for key, _ in waiting.select(0.05):
                    self._serve(key.fileobj, waiting)  # type: ignore[arg-type]

    def _serve(self, ready: socket.socket, waiting: selectors.BaseSelector) -> None:
        if ready is self._listener:
            return self._accept(waiting)
        other = self._pairs.get(ready)
        if other is None:
            return None
        try:
            data = ready.recv(65_536)
            other.sendall(data)
        except OSError:
            data = b""
        if not data:
            for side in (ready, other):
                waiting.unregister(side)
                self._pairs.pop(side, None)
                side.close()

    def _accept(self, waiting: selectors.BaseSelector) -> None:
        client, _ = self._listener.accept()
        if not self._open:
            client.close()
            return
        server = socket.create_connection(self._target)
        self._pairs |= {client: server, server: client}
        for side in (client, server):
            waiting.register(side, selectors.EVENT_READ)

    def _drop(self) -> None:
        for side in self._pairs:
            side.close()
        self._pairs.clear()
