"""How the parts are that the read side needs: Kafka, Cassandra, and the projector that joins them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from infra.errors import UnavailableError
from infra.kafka.connection import lasting
from infra.kafka.offsets import Partition
from infra.kafka.ranges import ranges
from infra.kafka.stretch import Ranges
from query_api.http import measures
from query_api.http.answers import PartAnswer
from query_api.members import WORKING
from query_api.projections.positions import NAME, TOPICS, left
from query_api.projections.shares import size
from query_api.readmodel.model import ReadModel

#: Seconds that one check may take, and that its result holds.
CHECK_S, HOLDS_S = 0.8, 1.0
#: A projector that does not move for this long while it is behind counts as stopped; so does one too far behind.
STUCK_S, FAR_BEHIND = 15.0, 20_000

#: A broker that was there this long ago is not away because it answers late once.
GRACE_S = 3.0

#: How a client says that no broker has answered it yet.
_SLOW = (KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)

Positions = Mapping[Partition, int]


class LogRanges:
    """Asks the broker where every projected partition begins and ends. Blocks; raises UnavailableError."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._admin: AdminClient | None = None

    def __call__(self) -> Ranges:
        self._admin = self._admin or AdminClient(lasting(self._bootstrap))
        try:
            return ranges(self._admin, TOPICS, CHECK_S)
        except TimeoutError as error:
            raise UnavailableError("Kafka does not answer in time.") from error
        except KafkaException as error:
            # A client that outlived its broker may hold on to an old leader epoch: the next question gets a new one.
            # One that is only slow keeps what it has: it may be about to connect.
            if error.args[0].code() not in _SLOW:
                self._admin = None
            raise UnavailableError(f"Kafka does not answer: {error.args[0].str()}") from error


class Monitor:
    """Checks the parts when asked, at most once a second."""

    def __init__(
        self, read: ReadModel, ranges: Callable[[], Ranges], members: Callable[[], Mapping[str, bool]] = dict
    ) -> None:
        self._read, self._ranges, self._members = read, ranges, members
        self._last_ranges: Ranges = {}
        self._answered_at = -GRACE_S
        self._parts: list[PartAnswer] = []
        self._checked_at = -HOLDS_S * 100
        self._lock = asyncio.Lock()
        self._moved = _Moved()

    async def parts(self) -> list[PartAnswer]:
        """Every part, by name."""
        async with self._lock:
            if time.monotonic() - self._checked_at > HOLDS_S:
                self._parts = await self._check()
                self._checked_at = time.monotonic()
            return self._parts

    async def _check(self) -> list[PartAnswer]:
        log, positions, members = await asyncio.gather(self._log(), self._positions(), self._working())
        needed = [_part("kafka", log), _part("cassandra", positions), self._projector(log, positions)]
        return [*needed, *(_at_work(name, working) for name, working in members.items())]

    async def _working(self) -> Mapping[str, bool | None]:
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._members), CHECK_S * 1.5)
        except (UnavailableError, TimeoutError):
            return dict.fromkeys(WORKING)

    async def _log(self) -> Ranges | str:
        try:
            self._last_ranges = await asyncio.wait_for(asyncio.to_thread(self._ranges), CHECK_S * 1.5)
            self._answered_at = time.monotonic()
            return self._last_ranges
        except (UnavailableError, TimeoutError) as error:
            late = time.monotonic() - self._answered_at < GRACE_S
            return self._last_ranges if late else str(error) or "no answer in time"

    async def _positions(self) -> Positions | str:
        try:
            return {(one.topic, one.partition): one.position for one in await self._read.positions(NAME)}
        except UnavailableError as error:
            return str(error)

    def _projector(self, log: Ranges | str, positions: Positions | str) -> PartAnswer:
        part = partial(PartAnswer, name="projector")
        if isinstance(log, str) or isinstance(positions, str):
            return part(ok=False, detail="not known")
        waiting = left(positions, log)
        lags = {name: size({part: span for part, span in waiting.items() if part[0] == name}) for name in TOPICS}
        for topic, lag in lags.items():
            measures.LAG.labels(topic).set(lag)
        behind = sum(lags.values())
        still = self._moved.still_s(positions, behind)
        if still > STUCK_S or behind > FAR_BEHIND:
            return part(ok=False, lag=behind, detail=f"{behind} records behind, last moved {still:.0f} s ago")
        return part(ok=True, lag=behind, detail="up to date" if not behind else "catching up")


class _Moved:
    """Since when a projector that is behind has not moved."""

    def __init__(self) -> None:
        self._last: Positions = {}
        self._since = time.monotonic()

    def still_s(self, positions: Positions, behind: int) -> float:
        now = time.monotonic()
        if not behind or positions != self._last:
            self._last, self._since = positions, now
        return now - self._since


def _part(name: str, answer: Ranges | Positions | str) -> PartAnswer:
    return PartAnswer(
        name=name, ok=not isinstance(answer, str), detail=answer if isinstance(answer, str) else "answers"
    )


def _at_work(name: str, working: bool | None) -> PartAnswer:
    """Members of a consumer group: without them requests are served all the same, and new videos wait."""
    detail = "not known" if working is None else "at work" if working else "nobody is at work"
    return PartAnswer(name=name, ok=bool(working), detail=detail, needed=False)
