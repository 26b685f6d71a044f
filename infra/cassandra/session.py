"""A session whose statements have names, whose waits end, and which asyncio can await."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cassandra.cluster import Cluster, ResponseFuture
from cassandra.cluster import Session as DriverSession
from cassandra.query import BatchStatement, BatchType, BoundStatement, PreparedStatement

from infra.cassandra.binding import Binder
from infra.cassandra.cluster import away, cluster, trouble
from infra.errors import StoreAwayError, UnavailableError
from infra.settings import Settings
from infra.telemetry import logs

log = logs.get("cassandra")

Row = dict[str, Any]
#: How often a session that follows asks which keyspace it is to use.
FOLLOW_S = 1.0
#: Which keyspace is to be used, asked over a session of the driver's.
Keyspace = Callable[[DriverSession], str]


class Session:
    """Statements by name; `{keyspace}` in them is filled in. Thread-safe; never share one across a fork.

    Connects in the background, and again after an outage. Until there is a connection, and whenever Cassandra does not
    answer within `request_s`, calls raise UnavailableError. `follow` is asked for the keyspace on connecting and every
    `FOLLOW_S` seconds after: another answer moves all statements at once, and what is under way ends where it began.
    """

    def __init__(
        self, settings: Settings, statements: Mapping[str, str], *, request_s: float = 0.8,
        follow: Keyspace | None = None,
    ) -> None:  # fmt: skip
        self._settings, self._texts, self._request_s = settings, dict(statements), request_s
        self._follow = follow or (lambda _: self._settings.keyspace)
        self._follows = follow is not None
        self.keyspace = ""  #: that is in use; none before the first connection
        self._binders: dict[str, Binder] = {}
        self._cluster: Cluster | None = None
        self._session: DriverSession | None = None
        self._closed = threading.Event()
        self._ready = threading.Event()
        self._away: UnavailableError = StoreAwayError("Cassandra", "the first connection is under way")
        threading.Thread(target=self._connect_until_it_works, name="cassandra-connect", daemon=True).start()

    def wait(self, timeout: float) -> None:
        """Wait for the first connection. Raises UnavailableError."""
        if not self._ready.wait(timeout):
            raise self._outage()

    def bind(self, name: str, values: Mapping[str, Any]) -> BoundStatement:
        """A statement with its values; columns that are left out stay as they are. Raises what the driver raises."""
        return self._live(name).bind(values)

    def submit(self, statement: BoundStatement | BatchStatement, timeout: float | None = None) -> ResponseFuture:
        """Start a statement. Its future's errors are for `trouble` to translate."""
        if self._session is None:
            raise self._outage()
        return self._session.execute_async(statement, timeout=timeout or self._request_s)

    async def fetch(self, name: str, values: Mapping[str, Any]) -> list[Row]:
        """The rows of a query. Raises UnavailableError."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[list[Row]] = loop.create_future()
        _collect(self.submit(self.bind(name, values)), _Settle(loop, waiter))
        try:
            return await asyncio.wait_for(waiter, self._request_s * 1.25)
        except TimeoutError as error:
            raise UnavailableError("Cassandra did not answer in time.") from error

    def close(self) -> None:
        """Let go of every connection."""
        self._closed.set()
        if self._cluster is not None:
            self._cluster.shutdown()

    def _live(self, name: str) -> Binder:
        if not self._ready.is_set():
            raise self._outage()
        return self._binders[name]

    def _outage(self) -> UnavailableError:
        """One error for all who ask meanwhile: without the frames of those before, which it would keep."""
        return self._away.with_traceback(None)

    def _connect_until_it_works(self) -> None:
        started = time.monotonic()
        while not self._closed.is_set():
            try:
                self._connect()
                return self._keep_following()
            except Exception as error:  # noqa: BLE001
                # A cluster that is starting, tables that are not there yet: whatever it is, it may pass.
                if str(self._away) != str(now := away(error)):
                    log.info("waiting for cassandra", why=str(now), since_s=round(time.monotonic() - started, 1))
                self._away = now
                self._closed.wait(1)

    def _connect(self) -> None:
        own = cluster(self._settings, request_s=self._request_s)
        try:
            session = own.connect()
            self._use(session, self._follow(session))
        except BaseException:
            own.shutdown()
            raise
        self._cluster, self._session = own, session
        if self._closed.is_set():
            own.shutdown()
        self._ready.set()

    def _use(self, session: DriverSession, keyspace: str) -> None:
        texts = {name: text.format(keyspace=keyspace) for name, text in self._texts.items()}
        # One assignment: a statement is of the old keyspace or of the new one.
        self._binders = {name: Binder(_prepare(session, text)) for name, text in texts.items()}
        self.keyspace = keyspace

    def _keep_following(self) -> None:
        while self._follows and not self._closed.wait(FOLLOW_S) and self._session is not None:
            try:
                if (keyspace := self._follow(self._session)) != self.keyspace:
                    self._use(self._session, keyspace)
                    log.info("following", keyspace=keyspace)
            except Exception as error:  # noqa: BLE001 - an outage: what is in use stays in use until it is over
                log.debug("keyspace not asked", why=str(error))


def unlogged(statements: Sequence[BoundStatement]) -> BatchStatement:
    """One batch for statements of one partition: a single mutation, with no batch log."""
    batch = BatchStatement(BatchType.UNLOGGED)
    batch.is_idempotent = True
    for statement in statements:
        batch.add(statement)
    return batch


def _prepare(session: DriverSession, text: str) -> PreparedStatement:
    prepared = session.prepare(text)
    # Every write carries its own timestamp, so doing it twice changes nothing.
    prepared.is_idempotent = True
    return prepared


class _Settle:
    """Brings the end of a query from the driver's thread to the loop that waits for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[list[Row]]) -> None:
        self._loop, self._waiter = loop, waiter

    def result(self, rows: list[Row]) -> None:
        self._later(lambda: self._waiter.set_result(rows))

    def error(self, error: BaseException) -> None:
        self._later(lambda: self._waiter.set_exception(trouble(error)))

    def _later(self, settle: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: None if self._waiter.done() else settle())


def _collect(future: ResponseFuture, settle: _Settle) -> None:
    """Gather all pages, then settle."""
    rows: list[Row] = []

    def page(more: list[Row] | None) -> None:
        rows.extend(more or ())
        if future.has_more_pages:
            future.start_fetching_next_page()
        else:
            settle.result(rows)

    future.add_callbacks(page, settle.error)
