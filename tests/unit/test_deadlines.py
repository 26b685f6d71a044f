"""When videos should be there, from the prompt to the scheduler."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import gpu_ahead
from processors import videos
from processors.deadlines import PACE_MS, PATIENCE_S, deadline_us, needed_us, pace
from processors.viewers import decide_for
from schemas import ids
from schemas.base import Message
from schemas.envelope import Envelope, caused_by, root
from schemas.feeds import FeedServed
from schemas.prompts import PromptSubmitted
from schemas.swipes import Action, SwipeRecorded
from schemas.tasks import AssembleVideo, RenderScene
from schemas.values import Lane, Origin
from schemas.videos import ScriptWritten
from tests.unit.scheduling_kit import order, request, run
from tests.unit.test_processors import NOW, decide_prompt, rendered, scripted

SECOND = 1_000_000
VIEWER = "mara"


def prompt(lane: Lane = Lane.PREFETCH, **changes: Any) -> PromptSubmitted:
    return PromptSubmitted(
        video_id=ids.video_id("one"), text="why cats purr", origin=Origin.PREFETCH, lane=lane, ts_us=NOW, **changes
    )


def swipe(number: int, watched_ms: int, at: int = NOW) -> Envelope[Message]:
    data = SwipeRecorded(
        viewer_id=VIEWER, video_id=ids.video_id(f"seen {number}"), action=Action.WATCHED, watched_ms=watched_ms,
        duration_ms=60_000, ts_us=at + number,
    )  # fmt: skip
    return root(data, source="/test")


def asked_for(*events: Envelope[Message]) -> list[PromptSubmitted]:
    """What is made ahead after the last of the events."""
    state, decide = None, decide_for(5, 3600)
    for event in events:
        decision = decide(event, state, NOW)
        state = decision.state
    return [effect.data for effect, _ in decision.effects if isinstance(effect.data, PromptSubmitted)]


@pytest.mark.parametrize("lane", list(Lane))
def test_who_waits_is_given_the_patience_of_the_lane(lane: Lane) -> None:
    assert deadline_us(prompt(lane)) == NOW + PATIENCE_S[lane] * SECOND


def test_what_is_made_ahead_is_due_one_video_after_the_other() -> None:
    # given a viewer of whom nothing is known, with an empty feed
    served = FeedServed(viewer_id=VIEWER, ts_us=NOW, items=(), upcoming=(), policy="newest")
    # when five videos are asked for
    needed = [each.needed_us for each in asked_for(root(served, source="/test"))]
    # then the first is needed now, and each of the others when the one before has been watched
    assert needed == [NOW + place * PACE_MS * 1000 for place in range(5)]


def test_the_pace_is_the_viewers_own_and_each_video_counts_once() -> None:
    # given a viewer who stays with each video for two seconds, and likes each before leaving it
    swipes = [swipe(number, 2000) for number in range(30)]
    liked = [root(each.data.model_copy(update={"watched_ms": 50_000}), source="/again") for each in swipes]
    events = [event for pair in zip(swipes, liked, strict=True) for event in pair]
    # when another video is asked for, after those that are on their way
    first, second = asked_for(swipe(0, 2000)), asked_for(*events, swipe(31, 2000))
    # then it is due so much the sooner
    apart = [(b.needed_us or 0) - (a.needed_us or 0) for a, b in pairwise(first)]
    assert set(apart) == {pace(PACE_MS, 2000) * 1000}
    assert not second  # all five are asked for
    late = asked_for(*events, swipe(32, 2000, NOW + 700 * SECOND))
    assert 2000 * 1000 <= (late[1].needed_us or 0) - (late[0].needed_us or 0) < 2100 * 1000


@given(st.integers(0, 40), st.integers(0, 60_000))
def test_never_later_than_the_lane_says_and_never_before_it_can_be_made(ahead: int, pace_ms: int) -> None:
    due = deadline_us(prompt(needed_us=needed_us(NOW, ahead, pace_ms)))
    assert NOW + PATIENCE_S[Lane.INTERACTIVE] * SECOND <= due <= NOW + PATIENCE_S[Lane.PREFETCH] * SECOND


def test_each_task_of_the_video_carries_it_on() -> None:
    # given a prompt, and the script that is kept for it
    asked = prompt(Lane.INTERACTIVE, script=scripted().data.script)  # type: ignore[attr-defined]
    (written,) = (
        effect for effect, _ in decide_prompt(root(asked, source="/test"), None, NOW).effects
        if isinstance(effect.data, ScriptWritten)
    )  # fmt: skip
    # when its scenes are asked for, and made
    tasks: list[Message] = []
    state = None
    for event in (written, *(_of(rendered(number), asked.video_id) for number in (1, 2, 3))):
        decision = videos.decide(event, state, NOW)
        state = decision.state
        tasks += [effect.data for effect, _ in decision.effects]
    # then all of them, and the assembly, are due when the video is
    made = [task for task in tasks if isinstance(task, RenderScene | AssembleVideo)]
    assert [type(task).__name__ for task in made] == ["RenderScene"] * 3 + ["AssembleVideo"]
    assert {task.deadline_us for task in made} == {NOW + 30 * SECOND}


def _of(event: Envelope[Message], video_id: str) -> Envelope[Message]:
    data = event.data.model_copy(update={"video_id": video_id})
    return caused_by(event, data, source="/test", step="same")


def test_a_viewer_with_an_empty_feed_is_served_before_those_who_have_four_videos_left() -> None:
    # given ten clips for viewers with four videos before them, then one for a viewer with none
    def due(ahead: int) -> float:
        return (deadline_us(prompt(needed_us=needed_us(NOW, ahead, PACE_MS))) - NOW) / SECOND

    patient = [order(0, request(f"{number}", Lane.PREFETCH, deadline=due(ahead=4))) for number in range(10)]
    starved = order(1, request("starved", Lane.PREFETCH, deadline=1 + due(ahead=0)))
    # when one device makes them, then it comes second, after the one that had begun
    assert [one.order.request.key for one in run([*patient, starved])][1] == "starved"
    # and without deadlines it comes last
    unknown = [order(one.at, request(one.request.key, Lane.PREFETCH)) for one in (*patient, starved)]
    assert [one.order.request.key for one in run(unknown)][-1] == "starved"


def test_simulated_viewers_wait_less_with_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_ahead, "LOADS", (0.6,))
    without, with_them = (figure.value for figure in gpu_ahead.run())
    assert with_them < 0.8 * without
