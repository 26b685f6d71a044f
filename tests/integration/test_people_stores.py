"""Keys of viewers in a real Cassandra, refilled from a real log; and an erasure, from beginning to end."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from infra.backup.take import backup
from infra.cassandra.cluster import cluster
from infra.errors import NotFoundError
from infra.kafka.admin import apply_topics
from infra.kafka.producer import EventProducer
from infra.people import cassandra, commands, forget, mentions
from infra.people.cassandra import CassandraKeyStore
from infra.people.forget import Forget
from infra.people.keys import address, fresh
from infra.people.pseudonyms import Pseudonyms
from infra.people.store import KeyStore, MemoryKeyStore
from infra.settings import Settings, settings
from infra.stack import Stack
from infra.storage.blobs import LocalBlobStore
from query_api.projections.project import Place, project
from query_api.readmodel.cassandra import CassandraWriter, writing
from schemas.base import now_us
from tests.integration.cassandra_kit import keyspace
from tests.unit.test_people import life

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def config(stack: Stack) -> Iterator[Settings]:
    apply_topics(stack.kafka)
    with keyspace(stack) as config:
        yield config


@pytest.fixture
def producer(stack: Stack) -> Iterator[EventProducer]:
    producer = EventProducer(stack.kafka, "people-test")
    yield producer
    producer.close()


def somebody() -> str:
    return f"viewer-{uuid.uuid4().hex[:12]}"


@asynccontextmanager
async def opened(config: Settings) -> AsyncIterator[CassandraKeyStore]:
    session = cassandra.session(config, request_s=5)
    await asyncio.to_thread(session.wait, 20)
    yield CassandraKeyStore(session, config.kafka)
    await asyncio.to_thread(session.close)


async def logged(store: CassandraKeyStore, *names: str) -> None:
    """Wait until the topic has their keys."""
    for name in names:
        for _ in range(200):
            if (held := await store.find(address(name))) is not None and held.logged:
                break
            await asyncio.sleep(0.05)


async def keeps_the_first(store: KeyStore) -> None:
    where, one, two = address(somebody()), fresh(), fresh()
    assert await store.find(where) is None
    assert await store.logged(where) is False
    assert await store.find(where) is None
    assert (await store.keep(where, one)).key == one
    assert (await store.keep(where, two)).key == one
    assert [held.logged for held in (await store.find(where), await store.keep(where, two)) if held] == [False, False]
    assert await store.logged(where) is True
    assert (held := await store.find(where)) is not None and held.logged and held.key == one


async def test_both_stores_keep_the_first_key(config: Settings) -> None:
    await keeps_the_first(MemoryKeyStore())
    async with opened(config) as store:
        await keeps_the_first(store)


async def test_processes_that_meet_a_viewer_at_once_agree(config: Settings, producer: EventProducer) -> None:
    async with opened(config) as one, opened(config) as two:
        name, doors = somebody(), [Pseudonyms(store, producer) for store in (one, two) * 4]
        assert len(set(await asyncio.gather(*(door.of(name) for door in doors)))) == 1


async def test_a_keyspace_that_is_new_knows_everyone_whom_the_log_knows(
    config: Settings, stack: Stack, producer: EventProducer
) -> None:
    # given
    name, gone = somebody(), somebody()
    async with opened(config) as store:
        known = await Pseudonyms(store, producer).of(name)
        await Pseudonyms(store, producer).of(gone)
        await logged(store, name, gone)
    producer.send_raw("viewer-keys", address(gone).encode(), None, ()).result(20)
    # when
    with keyspace(stack) as other:
        async with opened(other) as store:
            again = await Pseudonyms(store, producer).of(name)
            new = await store.find(address(gone))
    # then
    assert again == known
    assert new is None


def rows_of(config: Settings, pseudonym: str) -> int:
    own = cluster(config, request_s=20)
    session = own.connect(config.keyspace)
    found = session.execute("SELECT * FROM viewer_seen WHERE viewer_id = %s ALLOW FILTERING", (pseudonym,))
    count = len(list(found)) + len(
        list(session.execute("SELECT * FROM viewer_interests WHERE viewer_id = %s", (pseudonym,)))
    )
    own.shutdown()
    return count


async def test_an_erasure_is_read_back_and_done_once(
    config: Settings, producer: EventProducer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a viewer with a history, in the log, in the views and in a backup
    monkeypatch.setattr(forget, "HEARD_S", 0.0)
    name = somebody()
    async with opened(config) as store:
        pseudonym = await Pseudonyms(store, producer).of(name)
        await logged(store, name)
    events = life(pseudonym, now_us())
    producer.publish_all([(event, None) for event in events])
    session = writing(config)
    session.wait(20)
    write = CassandraWriter(session).write
    for number, event in enumerate(events):
        write(project(event, Place("t", 0, number)))
    assert rows_of(config, pseudonym) == 2
    backups = tmp_path / "backups"
    backup(config.kafka, backups, LocalBlobStore(tmp_path), topics=["viewer-keys"])
    named = {"KAFKA": config.kafka, "CASSANDRA": config.cassandra, "KEYSPACE": config.keyspace, "DATA_DIR": tmp_path}
    for setting, value in named.items():
        monkeypatch.setenv(f"SWIPESTREAM_{setting}", str(value))
    settings.cache_clear()
    app = typer.Typer()
    commands.register(app)
    app.command("nothing")(lambda: None)
    # when looked at
    looked = await asyncio.to_thread(
        CliRunner().invoke, app, ["forget", name, "--dry-run", "--json"], env=dict(os.environ)
    )
    found = json.loads(looked.stdout)
    assert (found["pseudonym"], found["dry_run"]) == (pseudonym, True)
    assert (found["named"]["swipes"], found["named"]["feed-events"]) == (1, 2)
    assert rows_of(config, pseudonym) == 2
    # when nobody says yes, nothing happens
    refused = await asyncio.to_thread(CliRunner().invoke, app, ["forget", name], env=dict(os.environ))
    assert refused.exit_code == 1 and rows_of(config, pseudonym) == 2
    # when erased
    done = await asyncio.to_thread(
        CliRunner().invoke, app, ["forget", name, "--yes", "--why", "test", "--json"], env=dict(os.environ)
    )
    settings.cache_clear()
    told = json.loads(done.stdout)
    assert sum(told["rows"].values()) == 2 and not any(told["rows_after"].values())
    assert told["checks"] and all(told["checks"].values())
    assert told["backups"] == 1
    assert rows_of(config, pseudonym) == 0
    # then nothing that comes again brings a row back
    for number, event in enumerate(events):
        write(project(event, Place("t", 0, number)))
    session.close()
    assert rows_of(config, pseudonym) == 0
    # and the person is somebody else now, and unknown to the operator
    with pytest.raises(NotFoundError, match="Nobody is known"):
        await asyncio.to_thread(Forget(config, name, lambda *_: None).look)
    async with opened(config) as store:
        assert await Pseudonyms(store, producer).of(name) != pseudonym
    assert mentions.last(config.kafka, "viewers", pseudonym.encode())[0]
