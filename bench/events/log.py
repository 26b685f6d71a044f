"""What the benches read: the swipes of many viewers, as the API would have written them."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from processors.ideas import STARTERS
from schemas import codec, ids
from schemas.base import now_us
from schemas.envelope import root
from schemas.swipes import Action, SwipeRecorded
from schemas.topics import TOPICS

SOURCE = "/bench"
#: Of a hundred videos that are watched so many are liked too, which is a second swipe.
LIKES = 25


def swipes(count: int, viewers: int, *, seed: int = 4) -> Iterator[codec.Record]:
    """`count` swipes of `viewers` viewers who take turns at random; a like follows its watching at once."""
    chance, ts_us, made = random.Random(seed), now_us() - count, 0
    while made < count:
        viewer, video = f"bench-{chance.randrange(viewers)}", ids.derive("bench", "video", chance.randrange(10_000))
        subject, likes = chance.choice(STARTERS), chance.randrange(100) < LIKES
        for action in (Action.WATCHED, Action.LIKED)[: min(1 + likes, count - made)]:
            made += 1
            swipe = SwipeRecorded(
                viewer_id=viewer, video_id=video, action=action, watched_ms=chance.randrange(20_000),
                duration_ms=20_000, subject=subject, archetype="list", ts_us=ts_us + made,
            )  # fmt: skip
            yield codec.encode(root(swipe, source=SOURCE))


def write(bootstrap: str, records: Iterable[codec.Record]) -> int:
    """Put them on their topics as fast as the broker takes them; how many."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4", "log_level": 2})
    taken = Counter[bool]()
    for record in records:
        while not _queued(producer, record, lambda error, _message: taken.update([error is None])):
            producer.poll(0.1)
    producer.flush(60)
    if taken[False]:
        raise RuntimeError(f"Kafka did not take {taken[False]} records")
    return taken[True]


def _queued(producer: Producer, record: codec.Record, report: Callable[[KafkaError | None, Any], None]) -> bool:
    try:
        producer.produce(record.topic, record.value, record.key, headers=list(record.headers), on_delivery=report)
        return True
    except BufferError:
        return False


def renew(bootstrap: str, *names: str, timeout: float = 30) -> None:
    """Empty topics: deleted, and made again as the migration makes them."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    deadline = time.monotonic() + timeout
    for future in admin.delete_topics(list(names)).values():
        with suppress(KafkaException):  # it was not there
            future.result(timeout)
    while set(names) & set(admin.list_topics(timeout=timeout).topics):
        _sleep(deadline)
    wanted = [NewTopic(name, TOPICS[name].partitions, 1, config=TOPICS[name].config) for name in names]
    for future in admin.create_topics(wanted).values():
        future.result(timeout)
    while not set(names) <= set(admin.list_topics(timeout=timeout).topics):
        _sleep(deadline)


def _sleep(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError("Kafka did not renew the topics in time")
    time.sleep(0.1)


def forget(bootstrap: str, group: str, timeout: float = 30) -> None:
    """The offsets of a group, once it has no members: a static one is missed only after its session."""
    admin, deadline = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2}), time.monotonic() + timeout
    while error := admin.delete_consumer_groups([group])[group].exception(timeout):
        if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
            return
        _sleep(deadline)
