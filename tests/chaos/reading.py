"""Reading everything once it has come to rest: the log, the dead letters, the tables."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from typing import Any

from infra.cassandra.cluster import cluster
from infra.contracts.slices import Slice
from infra.deadletters.letters import Letter, read_letters
from infra.kafka.records import Raw, Received
from infra.people import cassandra as people
from infra.people.keys import address
from infra.settings import Settings
from query_api.projections.positions import TOPICS
from query_api.readmodel.tables import KEYS
from schemas.errors import DecodeError
from tests.chaos.history import Dead, Log, Row, Tables
from tests.chaos.plan import TASKS


def read_log(bootstrap: str) -> Log:
    """All facts and all dead letters. Raises UnavailableError."""
    facts: list[Received] = []
    unreadable: set[tuple[str, int, int]] = set()
    ends: dict[tuple[str, int], int] = {}
    for record in (record for topic in (*TOPICS, *TASKS) for record in _records(bootstrap, topic)):
        if record.topic in TOPICS:
            ends[record.topic, record.partition] = record.offset + 1
        try:
            found = Received(raw=record, envelope=record.decode())
        except DecodeError:
            unreadable.add((record.topic, record.partition, record.offset))
            continue
        if record.topic in TOPICS:
            facts.append(found)
    # Partition by partition: the order in which one process would have read it.
    facts.sort(key=lambda one: (TOPICS.index(one.topic), one.partition, one.raw.offset))
    progress = [Received(raw=record, envelope=record.decode()) for record in _records(bootstrap, "render-progress")]
    dead = [_dead(letter) for letter in read_letters(bootstrap)]
    return Log(facts=facts, progress=progress, unreadable=frozenset(unreadable), dead=dead, ends=ends)


def read_tables(settings: Settings) -> Tables:
    """Every row of every view, without the cells that were never written."""
    own = cluster(settings, request_s=30)
    try:
        session = own.connect(settings.keyspace)
        return {table: {_key(table, row): row for row in _rows(session, table)} for table in KEYS}
    finally:
        own.shutdown()


def read_names(settings: Settings, names: Iterable[str]) -> dict[str, str]:
    """What the log calls viewers, by their names; those whom the API never met are left out."""
    session = people.session(settings)
    session.wait(30)
    store = people.CassandraKeyStore(session, settings.kafka_address)

    async def find() -> dict[str, str]:
        held = {name: await store.find(address(name)) for name in names}
        return {name: one.key.pseudonym for name, one in held.items() if one is not None}

    try:
        return asyncio.run(find())
    finally:
        session.close()


def _rows(session: Any, table: str) -> Iterator[Row]:
    for row in session.execute(f"SELECT * FROM {table}"):  # noqa: S608 - the names are our own
        yield {name: value for name, value in row.items() if value is not None}


def _key(table: str, row: Row) -> tuple[Any, ...]:
    partition, clustering = KEYS[table]
    return tuple(row[name] for name in (*partition, *clustering))


def _records(bootstrap: str, topic: str) -> Iterator[Raw]:
    with Slice(bootstrap, topic) as records:
        yield from records


def _dead(letter: Letter) -> Dead:
    record = letter.trial.record
    return Dead(
        consumer=letter.consumer,
        reason=letter.reason,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=letter.key,
        video_id=_video(record.value),
    )


def _video(value: bytes | None) -> str | None:
    try:
        found = json.loads(value or b"")
    except ValueError:
        return None
    return found.get("video_id") if isinstance(found, dict) else None
