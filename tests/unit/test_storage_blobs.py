"""The contract of a blob store and of an artefact index, kept by folders and by buckets alike."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.backup import media
from infra.backup.take import store_of
from infra.errors import NotFoundError
from infra.settings import Settings
from infra.storage.artifacts import ArtifactIndex
from infra.storage.blobs import BlobStore
from infra.storage.buckets import Bucket
from infra.storage.damage import DamagedError
from infra.storage.digest import sha256
from infra.storage.stores import artifact_index, media_store
from infra.storage.sweep import Sweeper
from tests.s3_server import named, s3_server

KEY = "ab" * 32


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as address:
        yield address


@dataclass(frozen=True)
class Site:
    """Stores as settings name them; `again` are those of another process on another machine."""

    settings: Settings
    folder: Path

    @property
    def media(self) -> BlobStore:
        return media_store(self.settings)

    @property
    def index(self) -> ArtifactIndex:
        return artifact_index(self.settings)

    def overwrite(self, name: str, content: bytes) -> None:
        """Damage a blob."""
        if self.settings.media:
            Bucket.of(self.settings).put(f"media/{name}", content)
        else:
            place = self.settings.media_dir / name[:2] / name
            place.write_bytes(content)
            os.utime(place, (0, 0))

    def again(self) -> Site:
        elsewhere = self.folder / "elsewhere" if self.settings.media else self.settings.data_dir
        return Site(self.settings.model_copy(update={"data_dir": elsewhere}), self.folder)


@pytest.fixture(params=["folder", "bucket"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    bucket: dict[str, Any] = {}
    if request.param == "bucket":
        given = named(request.getfixturevalue("s3"), prefix=tmp_path.name.replace("[", "-").replace("]", ""))
        bucket = {name.lower(): value for name, value in given.items()}
    return Site(Settings(data_dir=tmp_path / "data", **bucket), tmp_path)


def test_what_is_put_is_found_by_everyone_under_the_name_of_its_content(site: Site) -> None:
    # given a file and bytes with the same content
    source = site.folder / "a.mp4"
    source.write_bytes(b"video" * 1000)
    # when both are put
    first, second = site.media.put_file(source, "mp4"), site.media.put_bytes(b"video" * 1000, "mp4")
    # then they are one blob, here and elsewhere, and the source is untouched
    assert first == second and first.size == 5000 and first.media_type == "video/mp4"
    for store in (site.media, site.again().media):
        assert store.exists(first) and store.path(first.name).read_bytes() == source.read_bytes()
        assert [found.name for found in store.blobs()] == [first.name]


def test_a_file_of_several_parts_arrives_whole(site: Site) -> None:
    source = site.folder / "large"
    source.write_bytes(os.urandom(20_000_001))
    put = site.media.put_file(source, "mp4")
    assert site.again().media.path(put.name).read_bytes() == source.read_bytes()


def test_nothing_and_an_empty_blob_are_told_apart(site: Site) -> None:
    empty = site.media.put_bytes(b"", "json")
    assert site.media.exists(empty) and site.again().media.path(empty.name).read_bytes() == b""


@pytest.mark.parametrize("name", ["ab" * 32 + ".mp4", "../../etc/passwd", "x", "", "A" * 64 + ".mp4"])
def test_what_is_not_held_or_no_name_at_all_is_not_found(site: Site, name: str) -> None:
    with pytest.raises(NotFoundError):
        site.media.path(name)


def test_a_blob_of_another_size_does_not_count_and_is_put_anew(site: Site) -> None:
    put = site.media.put_bytes(b"whole", "wav")
    half = put.model_copy(update={"size": 2})
    assert not site.media.exists(half) and not site.media.hold(half) and site.media.hold(put)


def test_a_damaged_blob_is_never_handed_out_and_is_put_anew(
    site: Site, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a blob that is something else of the same size by now
    put = site.media.put_bytes(b"as it was", "wav")
    site.overwrite(put.name, b"as it is!")
    # when somebody elsewhere reads it
    store = site.again().media
    with pytest.raises(DamagedError, match="damaged"):
        store.path(put.name)
    # then it counts as gone, which is said; and what is made again takes its place
    assert not store.exists(put) and not store.hold(put) and not list(store.blobs())
    with pytest.raises(NotFoundError):
        store.path(put.name)
    assert put.name in caplog.text + "".join(capsys.readouterr())
    assert store.put_bytes(b"as it was", "wav") == put
    assert site.again().media.path(put.name).read_bytes() == b"as it was"
    # and a sweep takes the damaged one, an hour after it was set aside
    soon = Sweeper(media=store, index=site.index, grace_s=3600)
    assert soon.sweep({put.name}, (), dry_run=False).leftovers == 0
    later = Sweeper(media=store, index=site.index, grace_s=3600, clock=lambda: time.time() + 86_400)
    assert later.sweep({put.name}, (), dry_run=False).leftovers == 1 and store.exists(put)


def test_what_only_came_damaged_is_fetched_again_and_stays_in_the_bucket(
    s3: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a blob of a bucket, and a line that changes what comes out of it the first time
    given = {name.lower(): value for name, value in named(s3, prefix="line").items()}
    site = Site(Settings(data_dir=tmp_path / "data", **given), tmp_path)  # type: ignore[arg-type]
    put, fetch, came = site.media.put_bytes(b"as it was", "wav"), Bucket.fetch, []

    def changed(bucket: Bucket, place: str, to: Path) -> bool:
        found = fetch(bucket, place, to)
        came.append(place)
        if len(came) == 1:
            to.write_bytes(b"as it is!")
        return found

    monkeypatch.setattr(Bucket, "fetch", changed)
    # when, then
    assert site.again().media.path(put.name).read_bytes() == b"as it was" and len(came) == 2
    assert site.media.exists(put) and not list(site.media.leftovers())


def test_what_is_made_again_while_the_old_one_is_looked_at_is_not_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a damaged file, that somebody else replaces while its hash is taken
    site = Site(Settings(data_dir=tmp_path / "data"), tmp_path)
    put = site.media.put_bytes(b"as it was", "wav")
    site.overwrite(put.name, b"as it is!")
    place, fresh = site.settings.media_dir / put.name[:2] / put.name, tmp_path / "fresh"
    fresh.write_bytes(b"as it was")

    def slow(file: Path) -> str:
        found = sha256(file)
        if fresh.exists():
            fresh.replace(place)
        return found

    monkeypatch.setattr("infra.storage.damage.sha256", slow)
    # when, then
    store = site.again().media
    with pytest.raises(DamagedError):
        store.path(put.name)
    assert store.path(put.name).read_bytes() == b"as it was" and not list(store.leftovers())


def test_a_file_that_the_disk_cannot_read_counts_as_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(Settings(data_dir=tmp_path / "data"), tmp_path)
    put = site.media.put_bytes(b"video", "mp4")

    def unreadable(_file: Path) -> str:
        raise OSError(errno.EIO, "Input/output error")

    store = site.again().media
    with monkeypatch.context() as patched:
        patched.setattr("infra.storage.damage.sha256", unreadable)
        assert not store.exists(put)
    assert store.put_bytes(b"video", "mp4") == put and store.exists(put)


def test_a_damaged_blob_is_put_back_from_a_backup(site: Site) -> None:
    # given a backup, and a damaged blob that somebody has come across
    backup, put = store_of(site.folder / "backup"), site.media.put_bytes(b"video", "mp4")
    kept = media.keep({put.name: put.size}, backup, site.media, include=True)
    site.overwrite(put.name, b"v1deo")
    store = site.again().media
    with pytest.raises(DamagedError):
        store.path(put.name)
    # when, then
    assert media.put_back(media.listed(backup, kept), backup, store, lambda _: None) == 0
    assert store.path(put.name).read_bytes() == b"video"


def test_many_writers_of_one_blob_leave_one(site: Site) -> None:
    store = site.media
    with ThreadPoolExecutor(8) as pool:
        puts = set(pool.map(lambda _: store.put_bytes(b"same" * 10_000, "wav").name, range(16)))
    assert {found.name for found in store.blobs()} == puts and len(puts) == 1


def test_a_sweep_takes_what_is_old_and_not_what_was_held(site: Site) -> None:
    # given four blobs, seen by a sweep of tomorrow
    store = site.media
    hot, kept, gone = (store.put_bytes(text * 10, "wav") for text in (b"h", b"k", b"g"))
    sweeper = Sweeper(media=store, index=site.index, grace_s=3600, clock=lambda: time.time() + 86_400)
    # when it is rehearsed, and done
    rehearsed = sweeper.sweep({hot.name}, {kept.name}, dry_run=True)
    assert store.exists(gone)
    swept = sweeper.sweep({hot.name}, {kept.name}, dry_run=False)
    # then
    assert (swept.hot, swept.kept, swept.purged, swept.freed_bytes) == (1, 1, 1, 10)
    assert rehearsed.json() | {"dry_run": False} == swept.json()
    assert [store.exists(each) for each in (hot, kept, gone)] == [True, True, False]
    with pytest.raises(NotFoundError):
        store.path(gone.name)


def test_what_was_used_since_it_was_found_is_not_purged(site: Site) -> None:
    # given a blob as an earlier look found it
    store = site.media
    put = store.put_bytes(b"used", "wav")
    (found,) = store.blobs()
    earlier = type(found)(found.place, found.size, found.used - 5)
    # when, then
    assert not store.purge(earlier) and store.exists(put)
    assert store.purge(found) and not store.exists(put) and not store.purge(found)


def test_media_are_backed_up_from_it_and_put_back_into_it(site: Site) -> None:
    # given a backup of a blob, and of one that is nowhere
    store, backup = site.media, store_of(site.folder / "backup")
    held, lost = store.put_bytes(b"video", "mp4"), "c" * 64 + ".mp4"
    kept = media.keep({held.name: held.size, lost: 4}, backup, store, include=True)
    # when the store has lost it
    assert store.purge(next(store.blobs()))
    missing = media.put_back(media.listed(backup, kept), backup, store, lambda _: None)
    # then
    assert missing == 1 and site.again().media.path(held.name).read_bytes() == b"video"


def test_an_index_remembers_the_first_of_several_results(site: Site) -> None:
    index = site.index
    assert index.get(KEY) is None
    assert index.keep(KEY, {"n": 1}) == {"n": 1}
    assert site.again().index.keep(KEY, {"n": 2}) == {"n": 1} == site.again().index.get(KEY)
    index.put(KEY, {"n": 3})
    assert site.again().index.get(KEY) == {"n": 3}
    with index.alone(KEY) as mine:
        assert mine


def test_results_whose_time_is_over_are_swept(site: Site) -> None:
    index, day = site.index, 86_400
    index.put("aa" * 32, {"until": time.time() + day / 2})
    index.put("bb" * 32, {"until": time.time() + 2 * day})
    index.put("cc" * 32, {"for": "ever"})
    sweeper = Sweeper(media=site.media, index=index, grace_s=0, clock=lambda: time.time() + day)
    assert sweeper.sweep((), (), dry_run=True).expired == 1 == sweeper.sweep((), (), dry_run=False).expired
    assert [index.get(letter * 32) is None for letter in ("aa", "bb", "cc")] == [True, False, False]
