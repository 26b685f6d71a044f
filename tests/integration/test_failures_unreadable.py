"""Batches that went bad on the broker's disk: skipped with their coordinates on record, by every shell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from aiokafka.record.util import calc_crc32c
from confluent_kafka import Consumer, Producer, TopicPartition

from infra.kafka.batches import BatchConsumer
from infra.kafka.execution import Effects
from infra.kafka.groups import committed
from infra.kafka.offsets import Partition
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.kafka.tasks import TaskConsumer
from infra.kafka.unreadable import Unreadable
from schemas.prompts import PromptSubmitted
from tests.integration.failures_kit import letters, running, until
from tests.integration.gateway_broker import broker
from tests.integration.test_failures_faust import batches, send, spoil

pytestmark = pytest.mark.timeout(240)
GOOD = ["a-0", "a-1", "c-0", "c-1", "d-0", "f-0", "f-1"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Six batches in a partition, of which the second and the fifth are spoilt, and a good partition beside it."""
    folder = tmp_path_factory.mktemp("broker")
    with broker(folder) as running:
        for codec, texts in zip(
            ["none", "none", "lz4", "zstd", "lz4", "none"],
            [["a-0", "a-1"], ["b-0", "b-1", "b-2"], ["c-0", "c-1"], ["d-0"], ["e-0", "e-1"], ["f-0", "f-1"]],
            strict=True,
        ):
            send(running.address, 0, texts, compression=codec)
        send(running.address, 1, ["beside"])
        for number in (1, 4):
            spoil(folder / "kafka" / "logs" / "prompts-0" / "00000000000000000000.log", number)
        yield running.address


class Reader:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.ends: dict[Partition, int] = {}

    def work(self, received: Received) -> Effects:
        assert isinstance(received.envelope.data, PromptSubmitted)
        self.texts.append(received.envelope.data.text)
        return []

    def batch(self, records: Sequence[Received]) -> None:
        for record in records:
            self.work(record)

    def passed(self, ends: Mapping[Partition, int]) -> None:
        self.ends |= ends


@pytest.mark.parametrize(("shell", "name"), [("batches", "projector"), ("tasks", "assembly-worker")])
def test_it_is_skipped_and_told_and_never_read_again(address: str, shell: str, name: str) -> None:
    producer = EventProducer(address, "test")

    def make(reader: Reader) -> BatchConsumer | TaskConsumer:
        if shell == "batches":
            return BatchConsumer(address, name, ["prompts"], reader.batch, producer, passed=reader.passed)
        return TaskConsumer(address, name, ["prompts"], reader.work, producer)

    # when it reads
    reader = Reader()
    with running(make(reader)):
        until(lambda: {*GOOD, "beside"} <= set(reader.texts), 60)
        until(lambda: len(letters(address, name)) == 2, 20)
    # then everything else was handled
    assert sorted(text for text in reader.texts if text in GOOD) == GOOD
    # and what was not is known by its coordinates
    found = [
        (one["reason"], one["topic"], one["partition"], one["offset"], one["message"].split(":")[0])
        for one in letters(address, name)
    ]
    assert found == [
        ("UnreadableBatchError", "prompts", "0", "2", "offsets 2 to 4"),
        ("UnreadableBatchError", "prompts", "0", "8", "offsets 8 to 9"),
    ]
    # and after a restart it goes on behind it
    send(address, 0, [f"later-{shell}"])
    again = Reader()
    with running(make(again)):
        until(lambda: f"later-{shell}" in again.texts, 60)
    assert "a-0" not in again.texts and len(letters(address, name)) == 2
    producer.close()


@pytest.fixture
def ending(tmp_path: Path) -> Iterator[str]:
    """A log of two batches in a partition, of which the last is spoilt."""
    with broker(tmp_path) as running:
        send(running.address, 0, ["a-0", "a-1"], compression="none")
        send(running.address, 0, ["b-0", "b-1"], compression="none")
        spoil(tmp_path / "kafka" / "logs" / "prompts-0" / "00000000000000000000.log", 1)
        yield running.address


def test_what_cannot_be_read_is_passed_where_nothing_comes_behind_it(ending: str) -> None:
    producer, reader = EventProducer(ending, "test"), Reader()
    # when it is found by looking ahead, and the partition ends with it
    with running(BatchConsumer(ending, "projector", ["prompts"], reader.batch, producer, passed=reader.passed)):
        # then that the partition is done is told: what came before waits in the retry topic
        until(lambda: reader.ends == {("prompts", 0): 4}, 60)
        until(lambda: reader.texts == ["a-0", "a-1"], 20)
        # and committed
        until(lambda: committed(ending, "projector", [("prompts", 0)]) == {("prompts", 0): 4}, 20)
    producer.close()


def test_a_partition_whose_offsets_are_not_told_keeps_nobody_from_looking_at_the_others(ending: str) -> None:
    producer = EventProducer(ending, "test")
    consumer = Consumer({"bootstrap.servers": ending, "group.id": "projector"})
    begun = [TopicPartition("prompts", number) for number in (99, 0)]
    # given a partition that is not there, and one with a spoilt batch
    ahead = Unreadable(ending, "projector", consumer, producer).look_ahead(begun)
    # then the second begins behind it
    assert ahead == {("prompts", 0): 4}
    consumer.close()
    producer.close()


def seal(log: Path, number: int) -> None:
    """Give a batch the checksum of what it holds now, as a client would that packs wrongly."""
    with log.open("r+b") as file:
        file.seek(batches(log)[number])
        head = file.read(21)
        covered = file.read(int.from_bytes(head[8:12], "big") - 9)
        file.seek(batches(log)[number] + 17)
        file.write(calc_crc32c(covered).to_bytes(4, "big"))


@pytest.fixture
def strange(tmp_path: Path) -> Iterator[str]:
    """Before a spoilt batch lies one that cannot be unpacked; in a second partition, a record without headers."""
    with broker(tmp_path) as running:
        logs = tmp_path / "kafka" / "logs"
        send(running.address, 0, ["a-0" * 99, "a-1" * 99], compression="zstd")
        send(running.address, 0, ["b-0", "b-1"])
        send(running.address, 0, ["c-0"])
        spoil(logs / "prompts-0" / "00000000000000000000.log", 0)
        seal(logs / "prompts-0" / "00000000000000000000.log", 0)
        spoil(logs / "prompts-0" / "00000000000000000000.log", 1)
        for _ in range(2):
            producer = Producer({"bootstrap.servers": running.address})
            producer.produce("projector.retry.10s", b"x" * 99, b"key", partition=0)
            assert producer.flush(20) == 0
        spoil(logs / "projector.retry.10s-0" / "00000000000000000000.log", 1)
        yield running.address


def test_what_else_is_wrong_before_a_spoilt_batch_is_put_aside_too(strange: str) -> None:
    producer, reader = EventProducer(strange, "test"), Reader()
    # when it is found by looking ahead
    with running(BatchConsumer(strange, "projector", ["prompts"], reader.batch, producer, passed=reader.passed)):
        # then what comes behind is handled
        until(lambda: reader.texts == ["c-0"], 60)
        until(lambda: len(letters(strange, "projector")) == 4, 30)
    # and all that cannot be handled is on record
    found = sorted((one["topic"], int(one["offset"]), one["reason"]) for one in letters(strange, "projector"))
    assert found == [
        ("projector.retry.10s", 0, "MissingHeaderError"),
        ("projector.retry.10s", 1, "UnreadableBatchError"),
        ("prompts", 0, "UnreadableBatchError"),
        ("prompts", 2, "UnreadableBatchError"),
    ]
    producer.close()
