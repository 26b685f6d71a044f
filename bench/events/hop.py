"""A hop: from the moment a swipe is sent to the moment its interests are read, at a moderate rate."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, Producer, TopicPartition

from bench.events import log
from bench.events.swipes import ROOT, clean
from bench.progress import say
from bench.report import Figure
from schemas import codec
from schemas.topics import TOPICS

#: Swipes a second, for so long; those of the first second warm up.
RATE, SECONDS = 100, 10
VIEWERS, ROUNDS = 200, 3
#: What answers: the app with the viewers alone, and a bare consumer with a bare producer.
WAYS = {"ours": ["bench.events.ours", str(10**9)], "bare": ["bench.events.echo"]}


def figures(kafka: str) -> list[Figure]:
    """Rounds in turn, so that both share the noise; of each way the round with the median p99."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for turn in range(ROUNDS):
        for name in WAYS:
            found[name].append(one := _round(kafka, name))
            say(f"a hop: round {turn + 1} of {ROUNDS}, {name}: p50 {one[0]:.1f} ms, p99 {one[1]:.1f} ms")
    median = {name: sorted(rounds, key=lambda one: one[1])[ROUNDS // 2] for name, rounds in found.items()}
    (p50, p99), bare = median["ours"], median["bare"]
    return [
        Figure(name="a hop, swipe sent to interests read, p50", value=p50, unit="ms",
               against=f"a bare consumer and producer {bare[0]:.1f} ms; {RATE} a second"),
        Figure(name="a hop, p99", value=p99, unit="ms", aim="<= 15 ms", holds=p99 <= 15,
               against=f"bare {bare[1]:.1f} ms; the median of {ROUNDS} rounds"),
    ]  # fmt: skip


def _round(kafka: str, name: str) -> tuple[float, float]:
    """p50 and p99 in milliseconds."""
    log.renew(kafka, "swipes")
    clean(kafka)
    with _tail(kafka) as consumer, _answering(kafka, WAYS[name]):
        taken = sorted(_measure(Producer({"bootstrap.servers": kafka, "linger.ms": 0, "log_level": 2}), consumer))
    return taken[len(taken) // 2] * 1000, taken[len(taken) * 99 // 100] * 1000


@contextmanager
def _tail(kafka: str) -> Iterator[Consumer]:
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "bench-hop", "enable.auto.commit": False})
    consumer.assign([TopicPartition("feed-events", number, 0) for number in range(TOPICS["feed-events"].partitions)])
    try:
        yield consumer
    finally:
        consumer.close()


@contextmanager
def _answering(kafka: str, way: list[str]) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        own = {"SWIPESTREAM_KAFKA": kafka, "SWIPESTREAM_DATA_DIR": folder, "SWIPESTREAM_LOG_LEVEL": "WARNING"}
        words = [sys.executable, "-m", way[0], *(way[1:] or [kafka])]
        process = subprocess.Popen(words, env=os.environ | own, cwd=ROOT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def _measure(producer: Producer, consumer: Consumer) -> Iterator[float]:
    """Seconds of each swipe that was answered."""
    swipes = log.swipes(RATE * SECONDS * 2, VIEWERS)
    _send(producer, next(swipes))
    if _read(consumer, 60.0) is None:
        raise RuntimeError("the processors answered nothing within 60 s")
    sent: dict[bytes, float] = {}
    begin = time.perf_counter()
    for number in range(RATE * SECONDS):
        record = next(swipes)
        sent[dict(record.headers)["ce_id"]] = time.perf_counter()
        _send(producer, record)
        turn = begin + (number + 1) / RATE
        while (left := turn - time.perf_counter()) > 0:
            if (cause := _read(consumer, left)) in sent and number > RATE:
                yield time.perf_counter() - sent.pop(cause)


def _send(producer: Producer, record: codec.Record) -> None:
    producer.produce(record.topic, record.value, record.key, headers=list(record.headers))
    producer.poll(0)


def _read(consumer: Consumer, timeout: float) -> bytes | None:
    """The cause of the next event, if one comes in time."""
    message = consumer.poll(timeout)
    if message is None or message.error():
        return None
    return dict(message.headers() or [])["ce_causationid"]  # type: ignore[return-value]
