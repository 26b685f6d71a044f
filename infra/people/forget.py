"""Erasing one viewer: the fact, the rows, then the key; and reading back that it is so.

The key goes last: should it be interrupted, the same command begins anew and finds the same viewer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.backup.erase import erase as erase_from_backups
from infra.errors import NotFoundError, SwipestreamError
from infra.kafka.producer import EventProducer
from infra.people import cassandra, mentions, rows
from infra.people.keys import Key, address
from infra.settings import Settings
from schemas import ids
from schemas.base import now_us
from schemas.envelope import root
from schemas.topics import VIEWER_KEYS, changelog
from schemas.viewers import ViewerForgotten

SOURCE = "/infra/forget"
#: What is stamped so much later is erased, too: doors remember a viewer for `pseudonyms.FRESH_S`, and Kafka is not
#: instant.
GRACE_S = 60
#: The processors keep what they know of a viewer in this table.
_STATE = changelog("viewer-state")
#: How long they may take to hear of it.
HEARD_S = 20.0


class NotErasedError(SwipestreamError):
    """Something of the viewer is still there."""


@dataclass(kw_only=True)
class Erasure:
    """One viewer, and what tells of them. `rows` and `keys`: before → after; `named`: records by topic."""

    viewer_id: str
    pseudonym: str
    named: dict[str, int]
    rows: dict[str, int]
    dry_run: bool = True
    rows_after: dict[str, int] = field(default_factory=dict)
    backups: int = 0
    checks: dict[str, bool] = field(default_factory=dict)
    #: Whether the processors have forgotten; None: they are not running, and will when they are.
    heard: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return vars(self)


class Forget:
    """Erases one viewer. `look` changes nothing."""

    def __init__(self, settings: Settings, viewer_id: str, progress: mentions.Progress) -> None:
        self._settings, self._viewer_id, self._progress = settings, viewer_id, progress
        self._address = address(viewer_id)

    def look(self) -> Erasure:
        """What tells of the viewer. Raises NotFoundError for one who was never here, or is erased."""
        key = self._key()
        kafka, name = self._settings.kafka_address, key.pseudonym
        named = mentions.count(kafka, name, progress=self._progress)
        found = rows.count(self._settings, self._event(key, "-", ""))
        return Erasure(viewer_id=self._viewer_id, pseudonym=name, named=named, rows=found)

    def erase(self, found: Erasure, by: str, why: str, backups: Path) -> Erasure:
        """Do it, and read back. Raises NotErasedError, UnavailableError; then do it again."""
        event = self._event(self._key(), by, why)
        with_producer(self._settings, lambda producer: self._tell(producer, event))
        rows.erase(self._settings, event)
        found.dry_run = False
        found.backups = erase_from_backups(backups, VIEWER_KEYS.name, {self._address.encode()})
        cassandra.destroy(self._settings, self._address)
        self._read_back(found, event)
        return found

    def _key(self) -> Key:
        if (held := cassandra.find(self._settings, self._address)) is None:
            raise NotFoundError(
                f"Nobody is known as {self._viewer_id}.", hint="Who was erased is not known any more, either."
            )
        return held.key

    def _event(self, key: Key, by: str, why: str) -> ViewerForgotten:
        now = now_us()
        return ViewerForgotten(
            viewer_id=key.pseudonym,
            ts_us=now,
            since_us=key.since_us,
            until_us=now + GRACE_S * 1_000_000,
            by=by,
            why=why,
        )

    def _tell(self, producer: EventProducer, event: ViewerForgotten) -> None:
        producer.publish_all([(root(event, source=SOURCE, event_id=ids.derive(event.viewer_id, "forgotten")), None)])
        producer.send_raw(VIEWER_KEYS.name, self._address.encode(), None, ()).result(30)

    def _read_back(self, found: Erasure, event: ViewerForgotten) -> None:
        kafka = self._settings.kafka_address
        found.rows_after = rows.count(self._settings, event)
        found.heard = self._heard(event.viewer_id.encode())
        found.checks = {
            "no row is left": not any(found.rows_after.values()),
            "the store holds no key": cassandra.find(self._settings, self._address) is None,
            "the last record of the key is a tombstone": mentions.last(kafka, VIEWER_KEYS.name, self._address.encode())
            == (True, None),
            "the log says that the pseudonym is erased": bool(mentions.count(kafka, event.viewer_id, ("viewers",))),
        }
        if wrong := [name for name, holds in found.checks.items() if not holds]:
            raise NotErasedError(f"It is not so that {wrong[0]}.", hint="Run the command again.")

    def _heard(self, key: bytes) -> bool | None:
        """Whether the processors' table has let go of the viewer; those that do not run cannot say so."""
        deadline = time.monotonic() + HEARD_S
        while True:
            known, state = mentions.last(self._settings.kafka_address, _STATE, key)
            if not known or (state is not None and b'"forgotten":true' in state):
                return True
            if time.monotonic() > deadline:
                return None
            time.sleep(1)


def with_producer(settings: Settings, work: Callable[[EventProducer], None]) -> None:
    """Run `work` with a producer of its own."""
    producer = EventProducer(settings.kafka_address, "forget")
    try:
        work(producer)
    finally:
        producer.close()
