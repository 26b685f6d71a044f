"""The engine cache: never half an engine, never another's, never too many."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpu_consumers.acceleration.cache import ENGINE, MANIFEST, EngineCache

FACTS = {"graph": "g", "weights": "w", "device": "H100", "driver": "570", "torch": "2.11"}


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path, 10_000)


def entry(root: Path) -> Path:
    (manifest,) = root.glob(f"*/{MANIFEST}")
    return manifest.parent


def test_an_engine_is_built_once(cache: EngineCache) -> None:
    built: list[int] = []

    def build() -> bytes:
        built.append(1)
        return b"engine"

    assert [cache.get_or_build(FACTS, build) for _ in range(3)] == [b"engine"] * 3
    assert len(built) == 1


@pytest.mark.parametrize("fact", sorted(FACTS))
def test_any_other_fact_means_another_engine(cache: EngineCache, fact: str) -> None:
    cache.put(FACTS, b"engine")
    assert cache.get(FACTS) == b"engine"
    assert cache.get(FACTS | {fact: "other"}) is None


def _cut(folder: Path) -> None:
    (folder / ENGINE).write_bytes((folder / ENGINE).read_bytes()[:-1])


def _flip(folder: Path) -> None:
    (folder / ENGINE).write_bytes(b"x" + (folder / ENGINE).read_bytes()[1:])


def _garble(folder: Path) -> None:
    (folder / MANIFEST).write_text("{")


def _lose(folder: Path) -> None:
    (folder / ENGINE).unlink()


def _foreign(folder: Path) -> None:
    """The manifest of an engine for another chip, under this one's name."""
    told = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(told | {"facts": FACTS | {"device": "A100"}}))


def _old(folder: Path) -> None:
    told = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(told | {"format": 0}))


@pytest.mark.parametrize("spoil", [_cut, _flip, _garble, _lose, _foreign, _old])
def test_what_is_not_whole_or_not_ours_is_built_again(
    cache: EngineCache, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    cache.put(FACTS, b"engine")
    spoil(entry(tmp_path))
    assert cache.get(FACTS) is None and not list(tmp_path.glob(f"*/{MANIFEST}"))
    assert cache.get_or_build(FACTS, lambda: b"again") == b"again" == cache.get(FACTS)


def test_what_the_manifest_tells_needs_no_bytes_and_what_the_bytes_tell_is_believed(
    cache: EngineCache, tmp_path: Path
) -> None:
    cache.put(FACTS, b"engine")
    assert cache.has(FACTS) and not cache.has(FACTS | {"torch": "other"})
    for spoil in (_cut, _garble, _lose, _foreign, _old):
        cache.put(FACTS, b"engine")
        spoil(entry(tmp_path))
        assert not cache.has(FACTS) and not list(tmp_path.glob(f"*/{MANIFEST}"))
    # of other bytes that are as many only whoever reads them knows, and from then on everybody
    cache.put(FACTS, b"engine")
    _flip(entry(tmp_path))
    assert cache.has(FACTS) and cache.get(FACTS) is None and not cache.has(FACTS)


class Bomb:
    """Does harm where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def test_bytes_are_only_bytes(cache: EngineCache) -> None:
    harmful = pickle.dumps(Bomb())
    cache.put(FACTS, harmful)
    assert cache.get(FACTS) == harmful


def test_the_least_recently_used_go_first(cache: EngineCache, tmp_path: Path) -> None:
    facts = [FACTS | {"graph": str(number)} for number in range(4)]
    for number, each in enumerate(facts[:3]):
        cache.put(each, bytes(2800))
        for path in tmp_path.glob(f"*/{MANIFEST}"):
            if json.loads(path.read_text())["facts"] == each:
                os.utime(path, (number, number))
    assert cache.get(facts[0]) is not None
    cache.put(facts[3], bytes(2800))
    assert [cache.get(each) is not None for each in facts] == [True, False, True, True]
    cache.put(FACTS, bytes(10_001))
    assert cache.get(FACTS) is None


def test_a_build_that_fails_leaves_nothing(cache: EngineCache, tmp_path: Path) -> None:
    def fail() -> bytes:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        cache.get_or_build(FACTS, fail)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def _contend(root: str, log: str, barrier: Any) -> None:
    def build() -> bytes:
        with Path(log).open("a") as stream:
            stream.write("built\n")
        return bytes(5000)

    barrier.wait(20)
    assert EngineCache(Path(root), 10_000).get_or_build(FACTS, build) == bytes(5000)


def test_processes_that_want_the_same_engine_build_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, log = context.Barrier(3), tmp_path / "log"
    jobs = [context.Process(target=_contend, args=(str(tmp_path / "cache"), str(log), barrier)) for _ in range(3)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
    assert [job.exitcode for job in jobs] == [0, 0, 0]
    assert log.read_text() == "built\n"
