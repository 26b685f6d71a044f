"""Records back into Kafka: to their partitions, in their order, at their offsets where those can be kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from infra.backup.files import records
from infra.backup.manifest import Manifest, Partition, Place, TopicBackup
from infra.errors import UnavailableError
from infra.kafka.connection import client
from infra.kafka.offsets import Partition as Number
from infra.kafka.records import Raw
from infra.storage.blobs import BlobStore

#: Offsets that retention has emptied are filled up and deleted again, up to so many in a partition: some ten seconds.
FILLED_UP = 5_000_000
#: How long Kafka may take nothing.
PATIENCE_S = 60.0


def base(topic: TopicBackup, partition: Partition) -> int:
    """The offset of the first record after the restore: as it was, but for compacted topics and very long gaps."""
    return 0 if topic.compacted or partition.first > FILLED_UP else partition.first


def moved(topic: TopicBackup) -> list[int]:
    """The partitions of a topic whose records get other offsets than they had."""
    if topic.compacted:
        return []  # nobody remembers offsets there
    return [
        part.number for part in topic.partitions
        if part.records and base(topic, part) + part.records != part.end
    ]  # fmt: skip


def offsets(manifest: Manifest) -> dict[str, dict[Number, int]]:
    """Where each group goes on: before the same record as when the backup was made."""
    bases = {(topic.name, part.number): base(topic, part) for topic in manifest.topics for part in topic.partitions}
    found: dict[str, dict[Number, int]] = {}
    for place in manifest.groups:
        found.setdefault(place.group, {})[(place.topic, place.partition)] = _position(place, bases)
    return found


def _position(place: Place, bases: Mapping[Number, int]) -> int:
    return bases[(place.topic, place.partition)] + place.before


_BLANK: dict[str, Any] = {"offset": 0, "timestamp_ms": 1, "key": None, "value": b"", "headers": ()}


class Loader:
    """Writes one topic after another. Bounded memory: Kafka's pace is the reader's pace."""

    def __init__(self, bootstrap: str) -> None:
        self._failed: KafkaError | None = None
        self._producer = Producer(
            client(bootstrap)
            | {
                "client.id": "restore",
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 20,
                "compression.type": "lz4",
                "message.max.bytes": 8_388_608,
                "queue.buffering.max.messages": 50_000,
                "queue.buffering.max.kbytes": 65_536,
                "message.timeout.ms": int(PATIENCE_S * 1000),
            }
        )

    def fill(self, topic: TopicBackup) -> dict[Number, int]:
        """Pass the offsets before the first record; where it then stands, by partition: what is before is to go."""
        gaps = {(topic.name, part.number): count for part in topic.partitions if (count := base(topic, part))}
        for (name, number), count in gaps.items():
            for _ in range(count):
                self._send(Raw(topic=name, partition=number, **_BLANK))
        self._settle()
        return gaps

    def load(self, topic: TopicBackup, store: BlobStore, advance: Callable[[int], None]) -> None:
        """Every record of a topic. Raises UnavailableError, BrokenBackupError."""
        for count, record in enumerate(_records(topic, store), 1):
            self._send(record)
            if count % 1000 == 0:
                advance(1000)
        self._settle()
        advance(topic.records % 1000)

    def _send(self, record: Raw) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._producer.produce(
                    record.topic, record.value, record.key, record.partition,
                    headers=list(record.headers), timestamp=record.timestamp_ms, on_delivery=self._delivered,
                )  # fmt: skip
                self._producer.poll(0)
                break
            except BufferError:
                self._producer.poll(0.1)
                if time.monotonic() > deadline:
                    raise UnavailableError(f"Kafka has taken nothing for {PATIENCE_S:g} s.") from None
        self._check()

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        self._failed = self._failed or error

    def _settle(self) -> None:
        if self._producer.flush(PATIENCE_S * 2):
            raise UnavailableError(f"Kafka has not acknowledged everything within {PATIENCE_S * 2:g} s.")
        self._check()

    def _check(self) -> None:
        if self._failed is not None:
            raise UnavailableError(
                f"Kafka did not take a record: {self._failed.str()}", hint="Restore again, with --replace."
            )


def _records(topic: TopicBackup, store: BlobStore) -> Iterator[Raw]:
    return chain.from_iterable(
        records(store, topic.name, part.number, segment) for part in topic.partitions for segment in part.segments
    )
