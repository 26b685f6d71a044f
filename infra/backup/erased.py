"""Who was erased after a backup was made stays erased: the facts are carried over, and the keys are not restored."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

from infra.contracts.slices import Slice
from infra.errors import NotFoundError
from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw
from infra.people.keys import loaded
from infra.telemetry import logs
from schemas.topics import VIEWER_KEYS, VIEWERS

log = logs.get("backup.erased")


def facts(bootstrap: str) -> list[Raw]:
    """Every erasure that the log tells of."""
    return [record for record in _records(bootstrap, VIEWERS.name) if record.key and record.value]


def carry_over(bootstrap: str, before: list[Raw], producer: EventProducer) -> int:
    """Tell a restored log what it told `before`, and destroy the keys of all who are erased; how many keys."""
    known = {record.key for record in facts(bootstrap)}
    sent = [_again(producer, record) for record in before if record.key not in known]
    gone = known | {record.key for record in before}
    keys = {record.key: record.value for record in _records(bootstrap, VIEWER_KEYS.name)}
    destroyed = [address for address, value in keys.items() if address and value and _pseudonym(value) in gone]
    sent += [producer.send_raw(VIEWER_KEYS.name, address, None, ()) for address in destroyed]
    for future in sent:
        future.result(30)
    return len(destroyed)


def _again(producer: EventProducer, record: Raw) -> Future[None]:
    headers = [(name, value or b"") for name, value in record.headers]
    return producer.send_raw(record.topic, record.key, record.value, headers, partition=record.partition)


def _pseudonym(value: bytes) -> bytes:
    try:
        return loaded(value).pseudonym.encode()
    except ValueError as error:
        log.warning("a key that cannot be read", why=str(error))
        return b""


def _records(bootstrap: str, topic: str) -> Iterator[Raw]:
    try:
        with Slice(bootstrap, topic) as records:
            yield from records
    except NotFoundError:
        return
