"""What is true of media in S3 alone: holds, copies here, and a server that is away, slow, full or somebody else's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.errors import NotFoundError, UnavailableError
from infra.media_grace import HELD_S
from infra.settings import Settings
from infra.stack import ports
from infra.storage.bucket_errors import BucketRefusesError
from infra.storage.buckets import RETRIES, Bucket
from infra.storage.cache import FRESH_S, OPEN_S, BlobCache
from infra.storage.s3_blobs import AWAY_S, S3BlobStore
from infra.storage.stores import artifact_index, media_store
from infra.storage.sweep import Sweeper
from tests.s3_server import ACCESS, Trouble, named, s3_server, troubled
from tests.unit.test_storage_blobs import Site

LARGE = 20_000_000


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def prefix() -> str:
    return f"test-{time.monotonic_ns()}"


def config(address: str, prefix: str, folder: Path, **changes: Any) -> Settings:
    given: dict[str, Any] = {name.lower(): value for name, value in named(address, prefix).items()}
    return Settings(data_dir=folder, **given | changes)


def store(address: str, prefix: str, folder: Path, ahead_s: float = 0.0) -> S3BlobStore:
    """One whose clock is ahead: what is new to the server is old to it."""
    bucket, cache = Bucket.of(config(address, prefix, folder)), BlobCache(folder / "cache", 1 << 30)
    return S3BlobStore(bucket, cache, lambda: time.time() + ahead_s)


def test_an_old_blob_that_is_held_is_young_to_a_sweep(server: str, prefix: str, tmp_path: Path) -> None:
    # given two blobs, both old to whoever asks
    old = store(server, prefix, tmp_path, HELD_S)
    held, other = (old.put_bytes(text, "wav") for text in (b"held", b"other"))
    time.sleep(2.1)  # times of S3 are whole seconds
    # when one is held, and a sweep of a grace of a second passes
    assert old.hold(held)
    index = Site(config(server, prefix, tmp_path), tmp_path).index
    swept = Sweeper(media=old, index=index, grace_s=2).sweep((), (), dry_run=False)
    # then it stays; and the other, put again, is there again
    assert swept.names == [other.name] and old.exists(held) and not old.hold(other)
    assert old.put_bytes(b"other", "wav") == other and old.hold(other)


def test_what_was_purged_by_another_machine_is_not_served_for_longer_than_a_day(
    server: str, prefix: str, tmp_path: Path
) -> None:
    # given a copy on one machine, and a purge on another
    here = store(server, prefix, tmp_path / "here")
    put = here.put_bytes(b"gone soon", "wav")
    copy = here.path(put.name)
    there = store(server, prefix, tmp_path / "there")
    assert there.purge(next(there.blobs()))
    assert here.path(put.name) == copy
    # when a day has passed
    os.utime(copy, (time.time(), time.time() - FRESH_S))
    # then
    with pytest.raises(NotFoundError):
        here.path(put.name)
    assert not copy.exists()


def test_a_process_asks_once_whether_its_bucket_is_there(server: str, prefix: str, tmp_path: Path) -> None:
    asked: list[str] = []
    with troubled(server, lambda method, path: asked.append(f"{method} {path}")) as address:
        settings = config(address, prefix, tmp_path)
        media_store(settings), artifact_index(settings)
    assert len(asked) == 1 and "list-type=2" in asked[0]


def test_one_blob_is_fetched_once_however_many_ask(server: str, prefix: str, tmp_path: Path) -> None:
    gets: list[str] = []

    def slow(method: str, path: str) -> int | None:
        if method == "GET":
            gets.append(path)
            time.sleep(0.3)
        return None

    put = store(server, prefix, tmp_path / "there").put_bytes(b"asked for" * 1000, "wav")
    with troubled(server, slow) as address, ThreadPoolExecutor(8) as pool:
        here = store(address, prefix, tmp_path / "here")
        found = set(pool.map(here.path, [put.name] * 8))
    assert len(found) == 1 == len(gets)


def test_a_copy_goes_with_its_blob_and_not_with_a_failure(tmp_path: Path) -> None:
    # given a copy of a day ago, which another process fetches anew meanwhile
    now = [1e9]
    cache, beside = (BlobCache(tmp_path, 1000, lambda: now[0]) for _ in range(2))
    name = "a" * 64 + ".wav"
    copy = cache.get(name, lambda to: to.write_bytes(b"x"))
    now[0] += FRESH_S

    def fails(error: Exception) -> None:
        beside.get(name, lambda to: to.write_bytes(b"y"))
        raise error

    # when it cannot be fetched, then the other's stays
    with pytest.raises(UnavailableError):
        cache.get(name, lambda _: fails(UnavailableError()))
    assert copy.read_bytes() == b"y"
    # when there is no such blob any more, then none is left
    now[0] += FRESH_S
    with pytest.raises(NotFoundError):
        cache.get(name, lambda _: fails(NotFoundError()))
    assert not copy.exists()


def test_a_server_that_fails_twice_is_asked_again(server: str, prefix: str, tmp_path: Path) -> None:
    left = [503, 500]
    with troubled(server, lambda *_: left.pop() if left else None) as address:
        here = store(address, prefix, tmp_path)
        assert here.exists(here.put_bytes(b"in the end", "wav")) and not left


def test_a_server_that_only_fails_is_away_after_a_bounded_time(server: str, prefix: str, tmp_path: Path) -> None:
    asked: list[str] = []

    def down(method: str, path: str) -> int:
        asked.append(method + path)
        return 503

    said = f"The media store s3://media/{prefix} does not answer: .*503"
    with troubled(server, down) as address, pytest.raises(UnavailableError, match=said):
        media_store(config(address, prefix, tmp_path))
    assert len(asked) == RETRIES + 1


def test_a_bucket_that_is_away_is_asked_once_in_a_while_and_copies_are_served(
    server: str, prefix: str, tmp_path: Path
) -> None:
    # given a copy, a blob that is not here, and a bucket that goes away
    now, down, asked = [time.time()], [False], [0]

    def trouble(method: str, path: str) -> int | None:
        asked[0] += 1
        return 503 if down[0] else None

    there = store(server, prefix, tmp_path / "there")
    copied, other = (there.put_bytes(text, "wav").name for text in (b"copied", b"other"))
    with troubled(server, trouble) as address:
        bucket = Bucket.of(config(address, prefix, tmp_path))
        here = S3BlobStore(bucket, BlobCache(tmp_path / "here", 1 << 30), lambda: now[0])
        here.path(copied)
        down[0] = True
        with pytest.raises(UnavailableError, match="503"):
            here.path(other)
        # when both are asked for meanwhile
        before = asked[0]
        with pytest.raises(UnavailableError, match="a moment ago"):
            here.path(other)
        # then nobody waits, the copy is served, and what is back is asked again
        assert here.path(copied).exists() and asked[0] == before
        down[0] = False
        now[0] += AWAY_S
        assert here.path(other).read_bytes() == b"other"


def parts_lost(method: str, path: str) -> int | None:
    return 503 if method == "PUT" and "partNumber=2" in path else None


def end_lost(method: str, path: str) -> int | None:
    return 503 if method == "POST" and "uploadId" in path else None


@pytest.mark.parametrize("trouble", [parts_lost, end_lost])
def test_half_an_upload_is_nothing(server: str, prefix: str, tmp_path: Path, trouble: Trouble) -> None:
    # given a file of three parts, of which the second, or the last word, never arrives
    source = tmp_path / "large"
    source.write_bytes(os.urandom(LARGE))
    with troubled(server, trouble) as address, pytest.raises(UnavailableError):
        store(address, prefix, tmp_path / "here").put_file(source, "mp4")
    # then nobody sees any of it, and it can be put again
    here = store(server, prefix, tmp_path / "here")
    assert not list(here.blobs()) and not list((tmp_path / "here").rglob("*.mp4"))
    assert store(server, prefix, tmp_path / "there").exists(here.put_file(source, "mp4"))


def told(*words: str, module: str = "infra.cli", **changes: str) -> tuple[int, str]:
    """Exit code and stderr of a process that needs the media store."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SWIPESTREAM_", "AWS_"))}
    env |= {f"SWIPESTREAM_{name}": value for name, value in changes.items()}
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, " ".join(done.stderr.split())


def test_what_is_wrong_is_told_in_a_line_before_anything_begins(server: str, tmp_path: Path) -> None:
    check, right, own = ("restore", "--check"), named(server), {"DATA_DIR": str(tmp_path)}
    away = f"http://127.0.0.1:{ports.free_port()}"
    code, said = told(*check, **own, **right | {"MEDIA_ENDPOINT": away})
    assert code == 69 and "The media store s3://media does not answer" in said and "MEDIA_ENDPOINT" in said
    code, said = told(*check, **own, **right | {"MEDIA": "s3://nowhere/x"})
    assert code == 78 and "There is no bucket 'nowhere'" in said
    stores = {"KAFKA": "127.0.0.1:9", "CASSANDRA": "127.0.0.1:9"}
    code, said = told("up", **own, **stores, **right | {"MEDIA": "s3://nowhere"})
    assert code == 78 and "There is no bucket 'nowhere'" in said
    code, said = told(*check, **own, **right | {"MEDIA": "s3:/media"})
    assert code == 78 and "SWIPESTREAM_MEDIA" in said


@pytest.mark.parametrize(("module", "words"), [("gpu_consumers", ()), ("query_api", ("serve",))])
def test_a_part_that_cannot_start_says_why_in_a_line(
    server: str, tmp_path: Path, module: str, words: tuple[str, ...]
) -> None:
    stores = {"KAFKA": "127.0.0.1:9", "CASSANDRA": "127.0.0.1:9", "DATA_DIR": str(tmp_path)}

    code, said = told(*words, module=module, **stores, **named(server) | {"MEDIA": "s3://nowhere"})

    assert code == 78 and "There is no bucket 'nowhere'" in said and "Traceback" not in said


def test_credentials_that_are_refused_are_told_and_never_shown(server: str, tmp_path: Path) -> None:
    # given a server that looks at them from now on
    httpx.post(f"{server}/moto-api/reset-auth", content="0").raise_for_status()
    try:
        code, said = told("restore", "--check", DATA_DIR=str(tmp_path), **named(server))
    finally:
        httpx.post(f"{server}/moto-api/reset-auth", content="inf").raise_for_status()
    assert code == 78 and "refuses these credentials: InvalidAccessKeyId" in said
    assert not any(secret in said for secret in ACCESS.values())


def test_what_is_not_set_is_found_in_the_environment(
    server: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = {"ENDPOINT_URL": server, "REGION": "us-east-1"}
    usual |= {"ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "SECRET_ACCESS_KEY": "not-so-secret"}
    for name, value in usual.items():
        monkeypatch.setenv(f"AWS_{name}", value)

    found = media_store(Settings(data_dir=tmp_path, media=f"s3://media/{prefix}"))

    assert found.exists(found.put_bytes(b"there", "wav"))


def test_half_of_the_credentials_in_the_environment_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")

    with pytest.raises(BucketRefusesError, match=r"s3://media cannot be used: .*Missing SecretAccessKey") as error:
        Bucket.of(Settings(data_dir=tmp_path, media="s3://media"))

    assert "AKIA" not in str(error.value)


def test_copies_stay_within_their_limit_and_those_in_use_stay(tmp_path: Path) -> None:
    # given a cache of a thousand bytes, and a clock
    now = [1e9]
    cache = BlobCache(tmp_path, 1000, lambda: now[0])

    def ask(letter: str) -> Path:
        return cache.get(letter * 64 + ".wav", lambda place: place.write_bytes(b"x" * 300))

    first, second = ask("a"), ask("b")
    now[0] += OPEN_S
    assert ask("a") == first
    # when more is asked for than there is room for
    third, fourth = ask("c"), ask("d")
    # then what was used last stays, whatever it takes, and what was not used goes
    assert [path.exists() for path in (first, second, third, fourth)] == [True, False, True, True]
    ask("e")
    assert first.exists()
    now[0] += OPEN_S
    ask("f")
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 1000
