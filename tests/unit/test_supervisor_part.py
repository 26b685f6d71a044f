from __future__ import annotations

import pytest

from infra.supervisor.errors import PlanError
from infra.supervisor.part import Part, levels, stop_order


def _part(name: str, *depends_on: str, once: bool = False, grace: float = 3.0) -> Part:
    return Part(name, ("true",), depends_on=depends_on, once=once, grace=grace)


def _names(found: list[list[Part]]) -> list[list[str]]:
    return [[part.name for part in level] for level in found]


def test_each_level_needs_only_earlier_ones() -> None:
    parts = [_part("api", "tables"), _part("tables", "db", once=True), _part("db"), _part("log")]

    assert _names(levels(parts)) == [["db", "log"], ["tables"], ["api"]]


def test_parts_stop_in_reverse_and_one_shots_are_not_stopped() -> None:
    parts = [_part("db", grace=4), _part("tables", "db", once=True), _part("api", "tables", grace=2)]

    order = stop_order(parts, budget=10)

    assert _names([level for level, _ in order]) == [["api"], ["db"]]
    assert [grace for _, grace in order] == [2, 4]


def test_one_shots_between_parts_keep_the_order_but_part_nothing_else() -> None:
    setup = _part("setup", once=True)
    parts = [setup, _part("log", "setup"), _part("db"), _part("tables", "db", "log", once=True), _part("api", "tables")]

    assert _names([level for level, _ in stop_order(parts, budget=10)]) == [["api"], ["log", "db"]]


def test_stopping_fits_into_the_budget() -> None:
    parts = [_part("a", grace=6), _part("b", "a", grace=6)]

    assert [grace for _, grace in stop_order(parts, budget=9)] == pytest.approx([4.5, 4.5])


def test_nothing_to_stop() -> None:
    assert stop_order([], budget=9) == []


def test_a_circle_is_refused() -> None:
    with pytest.raises(PlanError, match="wait for each other: a, b"):
        levels([_part("a", "b"), _part("b", "a")])


def test_an_unknown_need_is_refused() -> None:
    with pytest.raises(PlanError, match="api depends on db"):
        levels([_part("api", "db")])


def test_two_parts_of_one_name_are_refused() -> None:
    with pytest.raises(PlanError, match="called worker"):
        levels([_part("worker"), _part("worker")])
