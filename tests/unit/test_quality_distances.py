"""Distances of many clips: which are compared with which, what is odd, and what the API tells Prometheus of it."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from gpu_consumers.quality.distances import LEAST, event_of, judge, newest
from query_api.distances import show
from query_api.figures import Tally
from schemas.quality import DistanceMeasured, Group

A, B = "a" * 64, "b" * 64


def measured(distance: float = 100.0, **changes: Any) -> DistanceMeasured:
    told = DistanceMeasured(
        group=Group.MODEL, name="wan-small", ts_us=1, distance=distance, clips=500, reference=A, reference_name="usual",
        reference_clips=900, network=B,
    )  # fmt: skip
    return told.model_copy(update=changes)


def usual(count: int = LEAST, seed: int = 1) -> list[DistanceMeasured]:
    chance = random.Random(seed)
    return [measured(100 * chance.uniform(0.9, 1.1), ts_us=number) for number in range(count)]


@given(st.integers(0, 10_000))
def test_what_varies_as_ever_and_what_is_nearer_is_no_alert(seed: int) -> None:
    near = usual(1, seed)[0]
    assert judge(near, usual()).outlier is None and judge(measured(3.0), usual()).outlier is None
    assert judge(measured(0.0), usual()).outlier is None and judge(near, usual()).seen == LEAST


def test_what_is_far_above_is_an_alert_that_says_what_is_usual() -> None:
    odd = judge(measured(400.0), usual())
    assert odd.outlier is not None and odd.outlier.typical == pytest.approx(100, rel=0.1)
    assert (odd.outlier.figure, odd.outlier.value, odd.seen) == ("fvd", 400.0, LEAST) and odd.outlier.deviations >= 6


def test_nothing_is_said_before_enough_was_measured() -> None:
    assert judge(measured(400.0), usual(LEAST - 1)).outlier is None


@pytest.mark.parametrize(
    "other",
    [{"name": "ltx"}, {"group": Group.FLAVOR}, {"reference": B}, {"network": A}, {"clips": 1001}, {"clips": 249}],
    ids=["model", "group", "reference", "network", "many more clips", "far fewer clips"],
)
def test_figures_of_another_kind_are_not_compared(other: dict[str, Any]) -> None:
    judged = judge(measured(400.0, **other), usual())
    assert (judged.seen, judged.outlier) == (0, None)


def test_the_same_clips_are_the_same_event_and_no_measurement_of_before() -> None:
    before = [event_of(one, [f"clip-{number}"], []) for number, one in enumerate(usual())]
    first = event_of(measured(400.0), ["x", "y"], before)
    again = event_of(measured(400.0), ["y", "x"], [*before, first])
    other = event_of(measured(400.0), ["x", "z"], [*before, first])
    assert again.id == first.id != other.id and len({one.id for one in before}) == LEAST
    assert (first.data.seen, again.data.seen, other.data.seen) == (LEAST, LEAST, LEAST + 1)
    # and each stands behind those before it
    assert other.data.ts_us > first.data.ts_us > max(one.data.ts_us for one in before)


def test_the_newest_of_each_is_shown_models_first() -> None:
    flavor = measured(group=Group.FLAVOR, name="day")
    elsewhere = measured(reference=B, ts_us=3)
    found = newest([measured(1.0, ts_us=5), flavor, measured(2.0, ts_us=4), elsewhere])
    assert [(one.name, one.distance, one.reference) for one in found] == [
        ("wan-small", 1.0, A), ("wan-small", 100.0, B), ("day", 100.0, A)
    ]  # fmt: skip


def test_prometheus_is_told_the_newest_and_whether_it_is_far_off() -> None:
    labels = {"group": "model", "name": "wan-small", "reference": "usual aaaaaaaa"}

    def told() -> list[float | None]:
        names = ("swipestream_clip_distance", "swipestream_clip_distance_far_off")
        return [REGISTRY.get_sample_value(name, labels) for name in names]

    show(judge(measured(400.0), usual()))
    assert told() == [400.0, 1.0]
    # and once it is usual again, the alert ends
    show(judge(measured(101.0), usual()))
    assert told() == [101.0, 0.0]


def test_the_figures_of_the_system_count_it_neither_as_a_video_nor_as_a_swipe() -> None:
    tally = Tally()
    tally.count(measured())
    assert (tally.videos.events, tally.swipes.events) == (0, 0)
