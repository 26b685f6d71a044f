"""The Faust worker and failures: keys wait in order, broken batches are skipped, every compression works, it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer

from infra.kafka.producer import EventProducer
from schemas.codec import encode
from schemas.envelope import root
from schemas.prompts import PromptSubmitted
from schemas.topics import PROCESSORS, changelog
from schemas.values import Lane, Origin
from tests.integration.failures_kit import letters, read_all, until
from tests.integration.gateway_broker import Broker, broker

pytestmark = pytest.mark.timeout(240)
VIDEO = "00000000-0000-4000-8000-{:012d}"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, Path]]:
    folder = tmp_path_factory.mktemp("broker")
    with broker(folder) as running:
        yield running, folder / "kafka" / "logs"


def record(text: str, key: int) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    data = PromptSubmitted(
        video_id=VIDEO.format(key), text=text, origin=Origin.PERSON, lane=Lane.INTERACTIVE, ts_us=1
    )  # fmt: skip
    made = encode(root(data, source="/test"))
    return made.key, made.value, made.headers


def send(address: str, partition: int, texts: list[str], key: int = 1, compression: str = "none") -> None:
    """One batch: nothing goes out before `flush`, however slow the machine is."""
    producer = Producer({"bootstrap.servers": address, "linger.ms": 60_000, "compression.type": compression})
    for text in texts:
        own, value, headers = record(text, key)
        producer.produce("prompts", value, own, partition=partition, headers=headers)
    assert producer.flush(20) == 0


def batches(log: Path) -> list[int]:
    """Where the batches of a segment begin."""
    data, at, found = log.read_bytes(), 0, []
    while at + 12 < len(data) and (length := int.from_bytes(data[at + 8 : at + 12], "big")):
        found.append(at)
        at += 12 + length
    return found


def spoil(log: Path, number: int) -> None:
    """Flip bits in a batch on the broker's disk, as a bad disk would."""
    with log.open("r+b") as file:
        file.seek(batches(log)[number] + 61 + 20)
        file.write(b"\xff" * 16)


@contextmanager
def worker(address: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"SWIPESTREAM_KAFKA": address, "SWIPESTREAM_DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "tests.integration.flaky_processors", str(folder / "done")]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def done(folder: Path) -> list[str]:
    place = folder / "done"
    return place.read_text().split() if place.exists() else []


def test_failures_compressions_broken_batches_and_the_end(kafka: tuple[Broker, Path], tmp_path: Path) -> None:
    address = kafka[0].address
    # given batches in every compression, one of them spoilt
    codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
    for codec in codecs:
        send(address, 0, [f"{codec}-{number}" for number in range(5)], compression=codec)
    send(address, 1, ["before-1", "before-2"])
    send(address, 1, ["lost-1", "lost-2", "lost-3"])
    send(address, 1, ["after-1", "after-2"])
    spoil(kafka[1] / "prompts-1" / "00000000000000000000.log", 1)
    # and events of one key of which some fail for a while, always, or for good
    ordered = ["first", "flaky-2", "behind-1", "bad", "broken", "behind-2", "flaky-1", "last"]
    send(address, 2, ordered, key=7)
    send(address, 2, ["other-1", "other-2"], key=8)
    # when the worker reads them
    with worker(address, tmp_path) as process:
        until(lambda: {"last", "after-2", "zstd-4"} <= set(done(tmp_path)), 60)
        assert process.poll() is None
        found = done(tmp_path)
        until(lambda: len(letters(address, PROCESSORS)) == 3)
        # it ends when it is told to
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - begun < 3
    # then all that can be read was handled
    assert {f"{codec}-{number}" for codec in codecs for number in range(5)} <= set(found)
    assert [text for text in found if text.startswith(("before", "after"))] == [
        "before-1", "before-2", "after-1", "after-2",
    ]  # fmt: skip
    # the key's events in their order, and the other key did not wait
    assert [text for text in found if text in ordered] == [
        "first",
        "flaky-2",
        "behind-1",
        "behind-2",
        "flaky-1",
        "last",
    ]
    assert found.index("other-2") < found.index("flaky-2")
    # and the others are in the dead letters
    dead = {letter["reason"]: letter for letter in letters(address, PROCESSORS)}
    assert set(dead) == {"ValueError", "TransientError", "UnreadableBatchError"}
    unreadable = dead["UnreadableBatchError"]
    assert (unreadable["topic"], unreadable["partition"], unreadable["offset"]) == ("prompts", "1", "2")
    assert unreadable["message"].startswith("offsets 2 to 4:")
    assert dead["TransientError"]["attempt"] == "4" and dead["TransientError"]["part"] == "videos"


def test_what_is_parked_survives_kill_9(kafka: tuple[Broker, Path], tmp_path: Path) -> None:
    address = kafka[0].address
    producer = EventProducer(address, "test")
    with worker(address, tmp_path) as process:
        for text in ("begin", "flaky-1-x", "later-1", "later-2"):
            own, value, headers = record(text, 9)
            producer.send_raw("prompts", own, value, headers, partition=3).result(20)
        until(lambda: "begin" in done(tmp_path), 60)
        time.sleep(0.3)
        process.kill()
    with worker(address, tmp_path):
        until(lambda: "later-2" in done(tmp_path), 60)
    producer.close()
    own = list(dict.fromkeys(text for text in done(tmp_path) if text in ("begin", "flaky-1-x", "later-1", "later-2")))
    assert own == ["begin", "flaky-1-x", "later-1", "later-2"]


def test_states_survive_kill_9(kafka: tuple[Broker, Path], tmp_path: Path) -> None:
    address = kafka[0].address
    # given a key whose state counts its events, all of them committed, and a worker that is killed
    with worker(address, tmp_path) as process:
        send(address, 3, ["one", "two", "three"], key=11)
        until(lambda: "three" in done(tmp_path), 60)
        time.sleep(4)  # commits are made every second
        process.kill()
    # when the next one goes on
    with worker(address, tmp_path):
        send(address, 3, ["four"], key=11)
        until(lambda: "four" in done(tmp_path), 60)
        until(lambda: int(counted(address, 11)[-1]) >= 4, 60)
    # then it knew what the first one had counted, in one write for a fetch. The fetch may come once more: while the
    # group still waits for the dead member, its partitions move before the first commit (at least once).
    counts = [int(value) for value in counted(address, 11)]
    assert counts in ([3, 4], [3, 4, 5])


def counted(address: str, key: int) -> list[bytes]:
    """The states of a key, as the changelog has them."""
    found = read_all(address, changelog("video-state"), partitions=range(4))
    return [message.value() for message in found if message.key() == VIDEO.format(key).encode()]  # type: ignore[misc]
