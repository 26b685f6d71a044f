"""Pseudonyms at the door, and what is left of a viewer who is erased."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from concurrent.futures import Future
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.backup.erase import erase
from infra.backup.files import SegmentWriter, records
from infra.backup.manifest import Manifest, Media, Partition, TopicBackup, load, manifests, save
from infra.backup.take import store_of
from infra.cassandra.statements import load as load_cql
from infra.errors import UnavailableError
from infra.kafka.records import Raw
from infra.people.keys import Key, address, fresh, loaded
from infra.people.pseudonyms import Pseudonyms
from infra.people.store import Held, MemoryKeyStore
from processors.viewers import decide_for
from query_api.projections.project import Place, project
from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.tables import KEYS
from schemas import ids
from schemas.base import Message, now_us, utcnow
from schemas.envelope import Envelope, root
from schemas.feeds import FeedServed, Impression, InterestChanged
from schemas.swipes import Action, SwipeRecorded
from schemas.viewers import ViewerForgotten


class Log:
    """A publisher that keeps what it gets, or refuses it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes | None, bytes | None]] = []
        self.away = False

    def send_raw(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> Future[None]:
        done: Future[None] = Future()
        if self.away:
            done.set_exception(UnavailableError("away"))
        else:
            self.sent.append((topic, key, value))
            done.set_result(None)
        return done


class Flaky(MemoryKeyStore):
    """A store that may be away, and counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.away, self.asked = False, 0

    async def find(self, address: str) -> Held | None:
        self.asked += 1
        if self.away:
            raise UnavailableError("away")
        return await super().find(address)


@given(st.binary(min_size=1, max_size=64), st.integers(0, 1 << 60))
def test_a_key_survives_its_record_and_gives_a_valid_viewer_id(secret: bytes, since: int) -> None:
    key = Key(secret, since)
    assert loaded(key.dumped()) == key
    ViewerForgotten(viewer_id=key.pseudonym, ts_us=1, since_us=0, until_us=2, by="op")


@pytest.mark.parametrize("value", [b"", b"[]", b'{"secret": "zz", "since_us": 1}', b'{"secret": "00"}'])
def test_what_is_no_key_says_so(value: bytes) -> None:
    with pytest.raises(ValueError, match="no key"):
        loaded(value)


async def test_a_viewer_keeps_one_pseudonym_that_says_nothing_of_the_name() -> None:
    store, log = Flaky(), Log()
    names = Pseudonyms(store, log)
    first = await names.of("anna")
    await behind()
    assert await names.of("anna") == first == await Pseudonyms(store, log).of("anna")
    assert await names.of("bob") != first
    await behind()
    assert "anna" not in first and address("anna") not in first
    assert [(topic, key) for topic, key, _ in log.sent] == [
        ("viewer-keys", address("anna").encode()), ("viewer-keys", address("bob").encode()),
    ]  # fmt: skip
    assert loaded(log.sent[0][2] or b"").pseudonym == first


async def test_who_is_remembered_needs_no_store_and_nobody_is_remembered_for_ever() -> None:
    store = Flaky()
    names = Pseudonyms(store, Log(), size=2)
    first = await names.of("anna")
    store.away, store.asked = True, 0
    assert [await names.of("anna") for _ in range(100)] == [first] * 100
    assert store.asked == 0
    with pytest.raises(UnavailableError):
        await names.of("bob")
    store.away = False
    for name in ("bob", "cecil"):
        await names.of(name)
    store.away = True
    with pytest.raises(UnavailableError):
        await names.of("anna")


async def test_a_known_viewer_is_looked_up_again_behind_the_answer() -> None:
    # given
    store = Flaky()
    names = Pseudonyms(store, Log(), fresh_s=0)
    first = await names.of("anna")
    # when the store is away, the answer stays
    store.away = True
    assert await names.of("anna") == first
    await asyncio.sleep(0)
    assert await names.of("anna") == first
    # when the key is destroyed, the next one but one is another viewer
    store.away = False
    store.keys.clear()
    await names.of("anna")
    await behind()
    assert await names.of("anna") != first


async def behind() -> None:
    """Let what is done behind the answers be done."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_key_that_the_log_did_not_take_is_logged_by_whoever_looks_next() -> None:
    # given
    store, log = MemoryKeyStore(), Log()
    log.away, names = True, Pseudonyms(store, log, fresh_s=0)
    first = await names.of("anna")
    await behind()
    kept = store.keys[address("anna")].key
    assert (first, log.sent, store.keys[address("anna")].logged) == (kept.pseudonym, [], False)
    # when
    log.away = False
    assert await names.of("anna") == first
    await behind()
    # then
    assert log.sent == [("viewer-keys", address("anna").encode(), kept.dumped())]
    assert store.keys[address("anna")].logged


async def test_a_key_that_is_destroyed_while_it_is_logged_stays_destroyed() -> None:
    class Racing(MemoryKeyStore):
        async def logged(self, address: str) -> bool:
            self.keys.clear()
            return await super().logged(address)

    log = Log()
    await Pseudonyms(Racing(), log).of("anna")
    await behind()
    assert log.sent[-1] == ("viewer-keys", address("anna").encode(), None)


async def test_two_at_once_agree() -> None:
    store, log = MemoryKeyStore(), Log()
    doors = [Pseudonyms(store, log) for _ in range(8)]
    assert len(set(await asyncio.gather(*(door.of("anna") for door in doors)))) == 1


def life(viewer: str, now: int) -> list[Envelope[Message]]:
    served = FeedServed(
        viewer_id=viewer, ts_us=now, upcoming=(), policy="p",
        items=(Impression(video_id=ids.fresh(), position=0, reason="fresh", propensity=1.0),),
    )  # fmt: skip
    swipe = SwipeRecorded(
        viewer_id=viewer, video_id=served.items[0].video_id, action=Action.LIKED, subject="cats", ts_us=now + 1
    )
    liked = InterestChanged(viewer_id=viewer, ts_us=now + 2, interests={"cats": 1.0})
    return [root(data, source="/t") for data in (served, swipe, liked)]


@pytest.mark.parametrize("seed", range(20))
def test_in_whatever_order_and_however_often_the_views_hold_nothing_of_who_was_erased(seed: int) -> None:
    # given
    now, store = now_us(), MemoryStore()
    event = ViewerForgotten(viewer_id="v-gone", ts_us=now, since_us=now - 10**12, until_us=now + 60_000_000, by="op")
    events = [*life("v-gone", now - 10**12), *life("v-gone", now + 50_000_000), root(event, source="/t")] * 2
    events += life("v-stays", now)
    random.Random(seed).shuffle(events)
    # when
    for number, envelope in enumerate(events):
        store.write(project(envelope, Place("t", 0, number)))
    # then
    rows = [row for table in ("viewer_seen", "viewer_interests", "feed_by_viewer") for row in store.rows(table)]
    assert {row["viewer_id"] for row in rows} == {"v-stays"}
    assert len(rows) == 2


def test_the_processor_keeps_nothing_of_who_was_erased_and_asks_for_nothing_more() -> None:
    decide, now = decide_for(5, 600), now_us()
    served, swipe, _ = life("v-gone", now)
    state = decide(served, None, now).state
    state = decide(swipe, state, now).state or b""
    assert b"cats" in state
    gone = ViewerForgotten(viewer_id="v-gone", ts_us=now, since_us=0, until_us=now, by="op")
    after = decide(root(gone, source="/t"), state, now)
    assert (after.state, after.effects) == (b'{"forgotten":true}', ())
    late = decide(swipe, after.state, now)
    assert (late.state, late.effects) == (after.state, ())


def test_a_key_is_taken_out_of_every_backup_of_a_folder(tmp_path: Path) -> None:
    # given two backups that share a file of keys
    store, kept, gone = store_of(tmp_path), address("anna").encode(), address("bob").encode()
    for day in range(2):
        with SegmentWriter(store, span=2) as writer:
            for offset, key in enumerate((gone, kept, kept, kept)[: 3 + day]):
                value = fresh().dumped() if offset else b"bob's key"
                raw = Raw(topic="k", partition=0, offset=offset, timestamp_ms=1, key=key, value=value, headers=())
                writer.add(raw)
            part = Partition(number=0, first=0, end=3 + day, segments=writer.finish())
        topics = (TopicBackup(name="k", partitions=(part,)),)
        media = Media(included=False, files=0, size=0)
        save(Manifest(made_at=utcnow(), made_by="1", topics=topics, media=media), tmp_path)
    # when
    assert erase(tmp_path, "k", {gone}) == 2
    # then
    for place in manifests(tmp_path):
        (topic,) = load(place).topics
        held = [one for segment in topic.partitions[0].segments for one in records(store, "k", 0, segment)]
        assert {one.key for one in held} == {kept} and topic.records == len(held)
    assert not any(b"bob's key" in _unpacked(file) for file in tmp_path.rglob("*.gz"))
    assert erase(tmp_path, "k", {gone}) == 0


def _unpacked(file: Path) -> bytes:
    import gzip

    return gzip.decompress(file.read_bytes())


def test_every_partition_that_is_a_viewer_can_be_erased() -> None:
    gone = ViewerForgotten(viewer_id="v-gone", ts_us=now_us(), since_us=now_us(), until_us=now_us(), by="op")
    erased = {write.table for write in project(root(gone, source="/t"), Place("t", 0, 0)) if write.erase}
    owned = {table for table, (partition, _) in KEYS.items() if partition[0] in ("viewer_id", "owner")}
    statements = load_cql(files("query_api.readmodel") / "write.cql")
    assert erased == owned == {name.removeprefix("erase_") for name in statements if name.startswith("erase_")}
    assert {"viewer_seen", "viewer_interests", "feed_by_viewer", "projects_by_owner", "uploads"} <= owned
