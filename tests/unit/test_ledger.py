"""The account: costs summed by video, flavor, viewer and day; each event once."""

from __future__ import annotations

import random
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from gpu_consumers.ledger.command import _table
from gpu_consumers.ledger.ledger import NOBODY, UNKNOWN, By, Ledger, total
from schemas import ids
from schemas.base import Message
from schemas.envelope import Envelope, root
from schemas.videos import PromptAccepted, SceneCommissioned, ScriptWritten, Stage, WorkStopped
from schemas.works import Cost
from tests.unit.read_kit import life

DAY_US = 86_400_000_000
#: 2026-01-31, an hour before midnight, UTC.
NOW = 1_769_900_400_000_000
CATS, DOGS = ids.derive("cats", "video"), ids.derive("dogs", "video")


def changed(events: list[Envelope[Message]], **changes: Any) -> list[Envelope[Message]]:
    """The same life, with other values where an event has them."""

    def change(event: Envelope[Message]) -> Envelope[Message]:
        known = {name: value for name, value in changes.items() if name in type(event.data).model_fields}
        data = event.data.model_copy(update=known)
        return Envelope(id=event.id, source=event.source, data=data, correlation_id=event.correlation_id)

    return [change(event) for event in events]


def account(*lives: list[Envelope[Message]]) -> Ledger:
    ledger = Ledger()
    for event in (event for one in lives for event in one):
        ledger.learn(event)
    return ledger


def sums(ledger: Ledger, by: By) -> dict[str, float]:
    return {line.name: line.cost.amount for line in ledger.lines(by)}


def test_every_step_is_counted_and_the_assembly_only_for_itself() -> None:
    # a script, two voices, two scenes and the assembly, half a dollar each
    (line,) = account(life(CATS, NOW)).lines(By.VIDEO)
    assert (line.name, line.cost.amount, line.scenes, line.videos) == (CATS, 3.0, 2, {CATS})


def test_a_table_of_videos_shows_whole_ids_in_80_columns_and_only_columns_with_something_in_them() -> None:
    lines = account(life(CATS, NOW), changed(life(DOGS, NOW), cost=Cost(cpu_seconds=123.4, amount=0.25))).lines(
        By.VIDEO
    )
    screen = Console(file=StringIO(), width=80)
    screen.print(_table("video", lines, total(lines)))
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    assert CATS in shown and DOGS in shown and len(shown.splitlines()) == 4
    assert "CPU-s" in shown and "kJ" not in shown and "thrown away" not in shown


def test_by_flavor_viewer_and_day() -> None:
    ledger = account(
        changed(life(CATS, NOW), flavor="bright", viewer_id="ann"), life(DOGS, NOW + DAY_US // 12, end="failed")
    )
    assert sums(ledger, By.FLAVOR) == {"bright": 3.0, "default": 2.5}
    assert sums(ledger, By.VIEWER) == {"ann": 3.0, NOBODY: 2.5}
    assert sums(ledger, By.DAY) == {"2026-01-31": 3.0, "2026-02-01": 2.5}


def test_what_was_begun_before_names_its_flavor_but_costs_nothing() -> None:
    ledger = Ledger()
    for event in life(CATS, NOW):
        ledger.learn(event, counts=not isinstance(event.data, PromptAccepted | ScriptWritten))
    assert sums(ledger, By.FLAVOR) == {"default": 2.5}
    assert sums(account(life(CATS, NOW)[3:]), By.FLAVOR) == {UNKNOWN: 2.5}


def test_currencies_are_never_added_up() -> None:
    lines = account(life(CATS, NOW), changed(life(DOGS, NOW), cost=Cost(amount=0.25, currency="EUR"))).lines(By.DAY)
    assert {line.cost.currency: line.cost.amount for line in total(lines)} == {"USD": 3.0, "EUR": 1.5}


@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_order_and_repetition_change_nothing(chance: random.Random, copies: int) -> None:
    events = [*changed(life(CATS, NOW), viewer_id="ann"), *life(DOGS, NOW + 7)]
    shuffled = events * copies
    chance.shuffle(shuffled)
    for by in By:
        assert sums(account(shuffled), by) == pytest.approx(sums(account(events), by))


def test_what_was_thrown_away_is_paid_and_told() -> None:
    common: dict[str, Any] = {"video_id": CATS, "stage": Stage.SCENE, "fraction": 0.5, "why": "dropped"}
    stops = [
        root(WorkStopped(**common, ts_us=NOW + n, cost=Cost(gpu_seconds=2, amount=0.5)), source="/test") for n in (1, 2)
    ]
    ledger = account(life(CATS, NOW), life(DOGS, NOW), stops, stops)
    dear, cheap = ledger.lines(By.VIDEO)
    assert (dear.name, dear.cost.amount, dear.thrown, dear.thrown_share) == (CATS, 4.0, 1.0, 0.25)
    assert (cheap.thrown, cheap.thrown_share) == (0.0, 0.0)
    (whole,) = total(ledger.lines(By.DAY))
    assert (whole.cost.amount, whole.thrown, whole.cost.gpu_seconds) == (7.0, 1.0, 4.0)


def test_a_hosted_job_is_paid_when_it_is_ordered_whatever_becomes_of_it() -> None:
    job = SceneCommissioned(
        video_id=CATS, ts_us=NOW + 100, scene_id=ids.scene_id(CATS, 1, 1), scene_number=1, order="c" * 64,
        provider="fal", model="some/model", job="job-1", cost=Cost(amount=0.25),
    )  # fmt: skip
    ordered = root(job, source="/test", event_id=ids.derive(CATS, "job"))
    (line,) = account([*life(CATS, NOW), ordered, ordered]).lines(By.VIDEO)
    assert (line.cost.amount, line.scenes) == (3.25, 2)
