"""A rebuild in several processes: fair shares, all of them, and what is told when one cannot go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import UnavailableError
from infra.settings import Settings
from query_api.projections import shares as module
from query_api.projections.shares import Ranges, Shared, copartitioned, processes, shares, size

PARTS = {(topic, number): (0, 100 + number) for topic in ("swipes", "prompts") for number in range(4)}
spans = st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(lambda pair: (min(pair), max(pair)))
ranges = st.dictionaries(
    st.tuples(st.sampled_from(["swipes", "feed-events", "prompts"]), st.integers(0, 9)), spans, min_size=1
)


@given(ranges=ranges, count=st.integers(1, 8))
def test_shares_hold_every_partition_once_and_are_fair(ranges: Ranges, count: int) -> None:
    parts = shares(ranges, count)
    assert sorted(item for part in parts for item in part.items()) == sorted(ranges.items())
    sizes = [sum(end - first for first, end in part.values()) for part in parts]
    largest = max(map(size, copartitioned(ranges)))
    assert (len(parts) <= count and max(sizes) - min(sizes) <= largest) or len(parts) == 1


def test_what_is_partitioned_by_the_same_key_stays_together() -> None:
    parts: Ranges = {(topic, number): (0, 9) for topic in ("swipes", "prompts", "feed-events") for number in range(2)}
    assert [list(group) for group in copartitioned(parts)] == [
        [("feed-events", 0), ("swipes", 0)], [("feed-events", 1), ("swipes", 1)], [("prompts", 0)], [("prompts", 1)],
    ]  # fmt: skip
    for share in shares(parts, 2):
        assert (("feed-events", 0) in share) == (("swipes", 0) in share)


def test_little_is_done_by_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert processes({("swipes", 0): (0, module.WORTH)}) == 1
    assert processes({("swipes", n): (0, module.WORTH) for n in range(3)}) == 3
    assert processes({("swipes", n): (0, module.WORTH) for n in range(9)}) == 4


def count_all(_settings: Settings, part: Ranges, _stopped: object, tick: Callable[[int, int], None]) -> bool:
    tick(sum(end - first for first, end in part.values()), 1)
    return True


def fail(_settings: Settings, part: Ranges, _stopped: object, _tick: Callable[[int, int], None]) -> bool:
    if ("swipes", 0) in part:
        raise UnavailableError("Cassandra is away")
    return True


def wait_to_be_stopped(_settings: Settings, _part: Ranges, stopped: object, _tick: Callable[[int, int], None]) -> bool:
    return not stopped.wait(30)  # type: ignore[attr-defined]


def test_what_all_have_done_is_told_together() -> None:
    told: list[tuple[int, int]] = []
    run = Shared(count_all, Settings(), lambda done, unreadable: told.append((done, unreadable))).run
    assert run(shares(PARTS, 2), lambda: False)
    assert told[-1] == (sum(end for _, end in PARTS.values()), 2)


def test_one_that_cannot_go_on_ends_all_and_says_why() -> None:
    with pytest.raises(UnavailableError, match="Cassandra is away"):
        Shared(fail, Settings(), lambda *_: None).run(shares(PARTS, 2), lambda: False)


def test_all_are_stopped_when_one_asks() -> None:
    assert not Shared(wait_to_be_stopped, Settings(), lambda *_: None).run(shares(PARTS, 2), lambda: True)
