"""The plan is a pure function of the seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.chaos.plan import LANES, SIZES, Plan, Prompt, Size, Swipes, make_plan
from tests.chaos.repeat import shuffled


@pytest.fixture(params=SIZES.values(), ids=SIZES)
def size(request: pytest.FixtureRequest) -> Size:
    found: Size = request.param
    return found


def test_the_same_seed_gives_the_same_plan_and_another_one_another(size: Size) -> None:
    assert make_plan(7, size) == make_plan(7, size)
    assert make_plan(7, size).as_json() == make_plan(7, size).as_json()
    assert make_plan(8, size).faults != make_plan(7, size).faults
    assert make_plan(8, size).steps != make_plan(7, size).steps


def test_a_plan_holds_as_much_as_its_size_says(size: Size) -> None:
    plan = make_plan(3, size)
    assert len(plan.of(Prompt)) == size.prompts
    assert sum(len(step.swipes) for step in plan.of(Swipes)) == size.swipes
    assert len({prompt.video_id for prompt in plan.of(Prompt)}) == size.prompts
    assert len({(step.viewer, one.swipe_id) for step in plan.of(Swipes) for one in step.swipes}) == size.swipes
    # And what is swiped is a video whose id is known beforehand
    known = {prompt.video_id for prompt in plan.of(Prompt) if prompt.viewer is None}
    assert {one.video_id for step in plan.of(Swipes) for one in step.swipes} <= known


def test_every_kind_of_fault_comes_in_every_round_and_in_time(size: Size) -> None:
    faults = make_plan(5, size).faults
    kinds = Counter((fault.kind, fault.target if fault.kind != "freeze" else "", fault.topics) for fault in faults)
    assert set(kinds.values()) == {size.rounds} and len(kinds) == 10
    assert {kind for kind, _, _ in kinds} == {"kill", "freeze", "restart", "duplicate", "poison"}
    times = [fault.at for fault in faults]
    assert times == sorted(times) and times[0] > 0 and times[-1] <= size.seconds


def test_what_a_viewer_does_is_done_by_one_client_in_order(size: Size) -> None:
    plan = make_plan(9, size)
    lanes = {viewer: {step.lane for step in _of(plan, viewer)} for viewer in {s.viewer for s in plan.of(Swipes)}}
    assert all(len(found) == 1 and found < set(range(LANES)) for found in lanes.values())
    assert [step.at for step in plan.steps] == sorted(step.at for step in plan.steps)


def _of(plan: Plan, viewer: str) -> Sequence[Swipes]:
    return [step for step in plan.of(Swipes) if step.viewer == viewer]


def test_stretches_are_mixed_but_each_keeps_its_order() -> None:
    stretches = [[f"{name}{number}" for number in range(20)] for name in "abc"]
    mixed = list(shuffled(stretches, random.Random(1)))
    assert sorted(mixed) == sorted(item for stretch in stretches for item in stretch)
    assert mixed != [item for stretch in stretches for item in stretch]
    for stretch in stretches:
        assert [item for item in mixed if item in stretch] == stretch
