"""What a backup writes is what it reads, and what was altered is found out before anything else happens."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.backup import media
from infra.backup.errors import BrokenBackupError, NotABackupError
from infra.backup.files import SegmentWriter, records, verify
from infra.backup.lines import line, record
from infra.backup.load import FILLED_UP, base, moved, offsets
from infra.backup.manifest import Manifest, Media, Partition, Place, Segment, TopicBackup, load, manifests, save
from infra.backup.take import store_of
from infra.kafka.records import Raw
from infra.storage.blobs import LocalBlobStore

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
raws = st.builds(
    Raw, topic=st.just("t"), partition=st.just(2), offset=st.integers(0, 1 << 62), timestamp_ms=st.integers(0, 1 << 50),
    key=st.none() | st.binary(max_size=40), value=st.none() | st.binary(max_size=200) | st.text().map(str.encode),
    headers=st.lists(st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=9)), max_size=4).map(tuple),
)  # fmt: skip


def raw(offset: int, value: bytes = b"{}") -> Raw:
    return Raw(topic="t", partition=0, offset=offset, timestamp_ms=offset + 1, key=b"k", value=value, headers=())


def segment(first: int = 0, records: int = 1) -> Segment:
    return Segment(sha256="0" * 64, size=1, records=records, first=first, last=first + records - 1)


def topic(*parts: Partition, policy: str = "delete") -> TopicBackup:
    return TopicBackup(name="t", config={"cleanup.policy": policy}, partitions=parts)


def manifest(*topics: TopicBackup, groups: tuple[Place, ...] = ()) -> Manifest:
    return Manifest(made_at=AT, made_by="1", topics=topics, groups=groups, media=Media(included=False, files=0, size=0))


@given(raws)
def test_a_line_is_the_record_byte_for_byte(given_record: Raw) -> None:
    text = line(given_record)
    assert text.count(b"\n") == 1
    assert record("t", 2, text) == given_record


@pytest.mark.parametrize("text", [b"", b"[]", b'{"o":1}', b'{"o":1,"t":1,"k":{"b64":"*"},"v":null,"h":[]}'])
def test_a_line_that_is_no_record_says_so(text: bytes) -> None:
    with pytest.raises(BrokenBackupError, match="t/0"):
        record("t", 0, text)


def test_segments_end_at_round_offsets_and_equal_ones_are_kept_once(tmp_path: Path) -> None:
    # given
    store = store_of(tmp_path)
    # when
    made = []
    for count in (25, 28):  # three more records the next day
        with SegmentWriter(store, span=10) as writer:
            for offset in range(3, count):
                writer.add(raw(offset))
            made.append(writer.finish())
    # then
    assert [(one.first, one.last, one.records) for one in made[1]] == [(3, 9, 7), (10, 19, 10), (20, 27, 8)]
    assert made[0][:2] == made[1][:2]
    assert len(list(tmp_path.rglob("*.gz"))) == 4
    assert [found.offset for one in made[1] for found in records(store, "t", 0, one)] == list(range(3, 28))


def test_a_damaged_file_of_an_earlier_backup_is_not_used_again(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    with SegmentWriter(store) as writer:
        writer.add(raw(1))
        (first,) = writer.finish()
    place = store.path(first.name)
    place.write_bytes(b"x" * first.size)
    with SegmentWriter(store) as writer:
        writer.add(raw(1))
        assert writer.finish() == (first,)
    verify(store, first)


def test_a_file_that_is_cut_altered_or_gone_is_found_out(tmp_path: Path) -> None:
    # given
    store = store_of(tmp_path)
    with SegmentWriter(store) as writer:
        for offset in range(50):
            writer.add(raw(offset))
        (one,) = writer.finish()
    place, whole = store.path(one.name), store.path(one.name).read_bytes()
    # then
    place.write_bytes(whole[:-4])
    with pytest.raises(BrokenBackupError, match="cut short"):
        verify(store, one)
    with pytest.raises(BrokenBackupError, match="unpacked"):
        list(records(store, "t", 0, one))
    place.write_bytes(whole[:20] + bytes([whole[20] ^ 1]) + whole[21:])
    with pytest.raises(BrokenBackupError, match="altered"):
        verify(store, one)
    place.write_bytes(gzip.compress(line(raw(0))))
    with pytest.raises(BrokenBackupError, match="1 records, not 50"):
        list(records(store, "t", 0, one))
    place.unlink()
    with pytest.raises(BrokenBackupError, match="missing"):
        verify(store, one)


def test_the_manifest_comes_back_and_a_folder_means_its_newest(tmp_path: Path) -> None:
    old = manifest(topic(Partition(number=0, first=0, end=1, segments=(segment(),))))
    new = old.model_copy(update={"made_at": datetime(2026, 2, 1, tzinfo=UTC)})
    place = save(old, tmp_path)
    save(new, tmp_path)
    assert load(place) == old
    assert load(tmp_path) == new
    assert manifests(tmp_path)[0] == place


def test_what_is_no_backup_or_not_whole_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotABackupError, match="no backup in"):
        load(tmp_path)
    with pytest.raises(NotABackupError, match="No such file"):
        load(tmp_path / "missing.backup.json")
    place = save(manifest(), tmp_path)
    text = place.read_text()
    place.write_text(text[:-9])
    with pytest.raises(BrokenBackupError, match="cut short or altered"):
        load(place)
    place.write_text(text.replace('"made_by": "1"', '"made_by": "2"'))
    with pytest.raises(BrokenBackupError, match="checksum"):
        load(place)
    place.write_text(json.dumps(json.loads(text) | {"version": 9}))
    with pytest.raises(NotABackupError, match="version 9"):
        load(place)
    place.write_text('{"a": 1}')
    with pytest.raises(NotABackupError, match="no backup of Swipestream"):
        load(place)


def test_only_some_topics() -> None:
    place = Place(group="g", topic="t", partition=0, offset=1, before=1)
    whole = manifest(topic(), TopicBackup(name="u", partitions=()), groups=(place,))
    assert whole.only([]) is whole
    assert [one.name for one in whole.only(["u"]).topics] == ["u"]
    assert whole.only(["u"]).groups == ()
    assert whole.only(["t"]).groups == (place,)
    with pytest.raises(NotABackupError, match="does not hold v"):
        whole.only(["v"])


@pytest.mark.parametrize(
    ("part", "policy", "first", "shifted"),
    [
        (Partition(number=0, first=0, end=5, segments=(segment(0, 5),)), "delete", 0, []),
        (Partition(number=0, first=7, end=9, segments=(segment(7, 2),)), "delete", 7, []),
        (Partition(number=0, first=7, end=9, segments=(segment(7, 2),)), "compact", 0, []),
        (Partition(number=0, first=7, end=12, segments=(segment(7, 2),)), "delete", 7, [0]),
        (Partition(number=0, first=FILLED_UP + 1, end=FILLED_UP + 2, segments=(segment(1),)), "delete", 0, [0]),
        (Partition(number=0, first=8, end=8), "delete", 8, []),
    ],
)
def test_offsets_are_kept_where_they_can_be(part: Partition, policy: str, first: int, shifted: list[int]) -> None:
    held = topic(part, policy=policy)
    assert (base(held, part), moved(held)) == (first, shifted)


def test_a_group_goes_on_before_the_same_record() -> None:
    kept = topic(Partition(number=0, first=7, end=17, segments=(segment(7, 10),)))
    dense = TopicBackup(
        name="c", config={"cleanup.policy": "compact"},
        partitions=(Partition(number=0, first=0, end=100, segments=(segment(0, 3),)),),
    )  # fmt: skip
    places = (
        Place(group="g", topic="t", partition=0, offset=12, before=5),
        Place(group="g", topic="c", partition=0, offset=60, before=2),
        Place(group="h", topic="t", partition=0, offset=17, before=10),
    )
    assert offsets(manifest(kept, dense, groups=places)) == {
        "g": {("t", 0): 12, ("c", 0): 2},
        "h": {("t", 0): 17},
    }


def test_media_are_found_wherever_they_are_named() -> None:
    name = "a" * 64
    held = {"sha256": name, "suffix": "mp4", "size": 9, "media_type": "video/mp4"}
    value = json.dumps({"video": held, "scenes": [{"clip": held | {"sha256": "b" * 64}}], "sha256": "no"}).encode()
    assert dict(media.named(value)) == {f"{name}.mp4": 9, f"{'b' * 64}.mp4": 9}
    assert list(media.named(b'"sha256" but no JSON')) == []
    assert list(media.named(None)) == []


def test_media_come_back_and_what_is_nowhere_is_counted(tmp_path: Path) -> None:
    # given
    store, backup = LocalBlobStore(tmp_path / "media"), store_of(tmp_path / "backup")
    held, lost = store.put_bytes(b"video", "mp4"), "c" * 64 + ".mp4"
    # when
    kept = media.keep({held.name: held.size, lost: 4}, backup, store, include=True)
    # then
    assert (kept.included, kept.files, kept.size) == (True, 2, 9)
    fresh = LocalBlobStore(tmp_path / "fresh")
    names = list(media.listed(backup, kept))
    assert media.put_back(names, backup, fresh, lambda _: None) == 1
    assert fresh.path(held.name).read_bytes() == b"video"
    assert (media.verify(backup, held.name), media.verify(backup, lost)) == (True, False)
    backup.path(held.name).write_bytes(b"other")
    with pytest.raises(BrokenBackupError, match="altered"):
        media.verify(backup, held.name)
