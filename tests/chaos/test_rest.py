"""At rest: nothing to handle and nothing new, for a while; and told when that does not come."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import pytest

from tests.chaos import rest
from tests.chaos.rest import Rest


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Time that passes only while somebody sleeps."""
    now = [0.0]
    monkeypatch.setattr(rest.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(rest.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return iter(())


def look(monkeypatch: pytest.MonkeyPatch, *found: tuple[int, dict[str, int]]) -> Rest:
    """A Rest that sees these (end of the log, lags), the last of them for ever."""
    seen = chain(found, repeat(found[-1]))

    def next_one(_self: Rest) -> Any:
        end, lags = next(seen)
        return {("t", 0): end}, lags

    monkeypatch.setattr(Rest, "_look", next_one)
    return Rest("nowhere:1")


@pytest.mark.usefixtures("clock")
def test_it_waits_until_nothing_is_left_and_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, int]] = []
    busy = [(number, {"g": 1}) for number in range(10)]
    assert look(monkeypatch, *busy, (10, {}), (11, {}), (11, {})).wait(60, told.append) == ""
    # Ten times something to do, twice something new, and three seconds of nothing
    assert len(told) == 18


@pytest.mark.usefixtures("clock")
def test_what_does_not_move_is_not_waited_for_as_long_as_what_does(monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = look(monkeypatch, (1, {"g": 3})).wait(600, lambda _: None, stuck_s=20)
    assert stuck.startswith("after 20 s") and "'g': 3" in stuck
    slow = [(number, {"g": 3}) for number in range(200)]
    assert look(monkeypatch, *slow, (200, {})).wait(600, lambda _: None, stuck_s=20) == ""
    assert look(monkeypatch, *slow).wait(60, lambda _: None).startswith("after 60 s")
