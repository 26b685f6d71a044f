"""What may come back to a device: never more than the budget, the least recently put first out, none that is bound."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from gpu_consumers.generation import host
from gpu_consumers.generation.host import Host
from gpu_consumers.generation.shelf import Shelf
from infra.settings import Settings


def shelf(most: int, *bound: str) -> Shelf[str]:
    return Shelf(lambda _held: most, lambda name: name in bound)


def put(on: Shelf[str], name: str, size: int) -> bool:
    taken = on.takes(name, size)
    if taken:
        on.put(name, f"the {name}", size)
    return taken


def test_the_least_recently_put_is_let_go_for_another() -> None:
    one = shelf(10)
    assert all(put(one, name, 4) for name in ("a", "b"))
    one.pop("a")  # used meanwhile
    put(one, "a", 4)
    assert put(one, "c", 4) and [name in one for name in "abc"] == [True, False, True]
    assert (one.get("c"), one.get("b"), one.held) == ("the c", None, 8)


def test_what_is_too_large_is_not_taken_and_lets_nothing_go() -> None:
    one = shelf(10)
    put(one, "a", 4)
    assert not put(one, "b", 11) and "a" in one
    assert not put(shelf(0), "a", 1)


def test_what_somebody_counts_on_stays_and_is_taken_whatever_the_budget_says() -> None:
    bound = {"a"}
    one: Shelf[str] = Shelf(lambda _held: 5, bound.__contains__)
    assert put(one, "b", 3) and put(one, "a", 100) and "b" not in one
    # what would be beside it has no room, however small it is
    assert not put(one, "c", 3)
    one.trim()
    assert "a" in one and "c" not in one
    # and it is let go once nobody does
    bound.clear()
    one.trim()
    assert one.held == 0


def test_a_budget_that_shrinks_lets_go_at_the_next_look() -> None:
    most = [10]
    one: Shelf[str] = Shelf(lambda _held: most[0], lambda _name: False)
    for name in "ab":
        put(one, name, 5)
    most[0] = 6
    one.trim()
    assert "a" not in one and "b" in one


def test_many_threads_leave_no_more_than_the_budget() -> None:
    one = shelf(50)

    def work(first: int) -> None:
        for number in range(300):
            name = str((first + number) % 17)
            if put(one, name, 7):
                one.get(name)
            one.trim()

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    one.trim()
    assert 0 < one.held <= 50


@pytest.mark.parametrize(
    ("place", "gib", "budget"),
    [("cuda", None, (30 + 50) // 2), ("cuda", 0.0, 0), ("cuda", 2.0, 2 * 2**30), ("cpu", None, 0), ("cpu", 2.0, 0)],
)
def test_the_budget_is_half_of_what_would_be_free_or_the_setting_and_nothing_on_a_cpu(
    place: str, gib: float | None, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "available_memory", lambda: 50)
    config = Settings(host_cache_gib=gib)
    assert Host(config, SimpleNamespace(type=place)).budget(30) == budget
