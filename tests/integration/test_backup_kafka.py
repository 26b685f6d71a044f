"""Backup and restore of topics of their own, on a real Kafka and Cassandra."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from typer.testing import CliRunner

from infra.backup import commands, restore, source, target
from infra.backup.errors import BrokenBackupError, OccupiedError
from infra.backup.manifest import load
from infra.backup.restore import Restore
from infra.backup.take import backup
from infra.backup.target import Broker
from infra.cassandra.cluster import cluster
from infra.contracts.slices import Slice
from infra.errors import NotFoundError
from infra.kafka.groups import commit, committed
from infra.kafka.records import Raw
from infra.settings import Settings, settings
from infra.stack import Stack
from infra.storage.blobs import LocalBlobStore
from tests.integration.cassandra_kit import keyspace

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def config(stack: Stack) -> Iterator[Settings]:
    with keyspace(stack) as config:
        yield config


@pytest.fixture
def admin(stack: Stack) -> AdminClient:
    return AdminClient({"bootstrap.servers": stack.kafka, "log_level": 2})


@pytest.fixture
def topic(stack: Stack, admin: AdminClient) -> Iterator[str]:
    """Three partitions: one whose first offsets are gone, one with every kind of record, one without any."""
    name = f"backup-{uuid.uuid4().hex[:8]}"
    config = {"retention.ms": "-1", "max.message.bytes": "2097152", "message.timestamp.type": "CreateTime"}
    admin.create_topics([NewTopic(name, 3, 1, config=config)])[name].result(20)
    producer = Producer({"bootstrap.servers": stack.kafka, "compression.type": "zstd", "linger.ms": 5})
    for number in range(5_000):
        value = json.dumps({"n": number, "clip": {"sha256": f"{number % 3:064x}", "suffix": "mp4", "size": 5}})
        headers: list[tuple[str, bytes | None]] = [("ce_id", b"%d" % number), ("odd", b"\xff\x00"), ("none", None)]
        producer.produce(name, value, f"k{number}", 0, timestamp=1_600_000_000_000 + number, headers=headers)
        producer.poll(0)
    for key, text in ((None, b"no key"), (b"\xfe", b"\xff\xfe"), (b"gone", None), (b"", b"")):
        producer.produce(name, text, key, 1, timestamp=1_600_000_000_000)
    assert producer.flush(30) == 0
    admin.delete_records([TopicPartition(name, 0, 1_200)])[TopicPartition(name, 0, 1_200)].result(20)
    yield name
    admin.delete_topics([name])[name].result(20)


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> str:
    """The only consumer group that there is."""
    name = f"backup-{uuid.uuid4().hex[:8]}"
    for module in (source, target):
        monkeypatch.setattr(module, "CONSUMERS", (name,))
    return name


def contents(kafka: str, topic: str) -> list[Raw]:
    with Slice(kafka, topic) as records:
        return sorted(records, key=lambda record: (record.partition, record.offset))


def again(config: Settings, place: Path, media: LocalBlobStore, *, replace: bool) -> restore.Restored:
    work = Restore(config, place, media)
    work.check()
    return work.run(replace=replace)


def test_a_topic_comes_back_byte_for_byte_with_its_offsets_and_its_groups(
    config: Settings, topic: str, group: str, tmp_path: Path
) -> None:
    # given
    before, media = contents(config.kafka, topic), LocalBlobStore(tmp_path / "media")
    where = {(topic, 0): 3_000, (topic, 1): 4}
    commit(config.kafka, group, where)
    place, made = backup(config.kafka, tmp_path / "backups", media, topics=[topic])
    # when
    done = again(config, place, media, replace=True)
    # then
    assert made.records == len(before) == 3_804
    assert contents(config.kafka, topic) == before
    assert (before[0].offset, before[0].headers[1]) == (1_200, ("odd", b"\xff\x00"))
    assert committed(config.kafka, group, list(where)) == where
    assert source.configs(config.kafka, [topic])[topic]["max.message.bytes"] == "2097152"
    assert (done.moved, done.missing) == ({}, 3)


def test_what_is_in_the_way_is_refused_and_stays(config: Settings, topic: str, group: str, tmp_path: Path) -> None:
    media = LocalBlobStore(tmp_path / "media")
    before = contents(config.kafka, topic)
    place, _ = backup(config.kafka, tmp_path, media, topics=[topic])
    with pytest.raises(OccupiedError, match=f"{topic} is not empty"):
        again(config, place, media, replace=False)
    assert contents(config.kafka, topic) == before


def test_views_are_refused_and_emptied_only_when_told(
    config: Settings, admin: AdminClient, topic: str, group: str, tmp_path: Path
) -> None:
    # given
    media = LocalBlobStore(tmp_path / "media")
    place, _ = backup(config.kafka, tmp_path, media, topics=[topic])
    admin.delete_topics([topic])[topic].result(20)
    own = cluster(config, request_s=20)
    session = own.connect(config.keyspace)
    session.execute("INSERT INTO viewer_interests (viewer_id, interests) VALUES ('v', '{}') USING TIMESTAMP 9000000000")
    # then
    with pytest.raises(OccupiedError, match="the views hold rows in 1 tables"):
        again(config, place, media, replace=False)
    assert session.execute("SELECT viewer_id FROM viewer_interests").one()
    assert f"{config.keyspace}.viewer_interests" in again(config, place, media, replace=True).views_cleared
    assert session.execute("SELECT viewer_id FROM viewer_interests").one() is None
    own.shutdown()


def test_nothing_is_written_of_a_damaged_backup(config: Settings, topic: str, group: str, tmp_path: Path) -> None:
    media = LocalBlobStore(tmp_path / "media")
    before = contents(config.kafka, topic)
    place, made = backup(config.kafka, tmp_path, media, topics=[topic])
    file = tmp_path / "files" / made.segments[-1].name[:2] / made.segments[-1].name
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BrokenBackupError, match="cut short"):
        again(config, place, media, replace=True)
    assert contents(config.kafka, topic) == before


def test_a_group_at_work_stops_a_restore(
    config: Settings, topic: str, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from confluent_kafka import Consumer

    media = LocalBlobStore(tmp_path / "media")
    place, _ = backup(config.kafka, tmp_path, media, topics=[topic])
    consumer = Consumer({"bootstrap.servers": config.kafka, "group.id": group, "group.protocol": "consumer"})
    consumer.subscribe([topic])
    try:
        while not consumer.assignment():
            consumer.poll(0.1)
        with pytest.raises(OccupiedError, match=f"Still at work: {group}"):
            Broker(config.kafka).wait_until_idle(timeout=1)
    finally:
        consumer.close()
    Broker(config.kafka).wait_until_idle(timeout=10)
    assert load(place).records == 3_804


def test_an_unknown_topic_is_named(config: Settings, group: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no topic no-such"):
        backup(config.kafka, tmp_path, LocalBlobStore(tmp_path), topics=["no-such"])


def test_the_commands_say_what_they_did(
    config: Settings, topic: str, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    named = {"KAFKA": config.kafka, "CASSANDRA": config.cassandra, "KEYSPACE": config.keyspace, "DATA_DIR": tmp_path}
    for name, value in named.items():
        monkeypatch.setenv(f"SWIPESTREAM_{name}", str(value))
    settings.cache_clear()
    app = typer.Typer()
    commands.register(app)
    run = CliRunner().invoke
    # when
    made = run(app, ["backup", "--topic", topic, "--media", "--json"], env=dict(os.environ))
    checked = run(app, ["restore", "--check"], env=dict(os.environ))
    done = run(app, ["restore", "--replace", "--json"], env=dict(os.environ))
    settings.cache_clear()
    # then
    assert json.loads(made.stdout)["media"] == {"included": True, "files": 3, "size": 15} | {
        "listed": json.loads(made.stdout)["media"]["listed"]
    }
    assert "every file is as it was written" in checked.stdout
    told = json.loads(done.stdout)
    assert (told["written"], told["topics"], told["media"]) == (True, {topic: 3_804}, {"named": 3, "missing": 3})
