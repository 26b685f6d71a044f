"""Which records and videos a replay means, and what it says about them before it does anything."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from infra.deadletters.letters import Letter
from infra.kafka.records import Raw
from infra.kafka.trials import Trial
from producers.replay.died import by_video
from producers.replay.plan import plan
from producers.replay.selection import concerns, in_range, is_meant
from schemas import ids
from schemas.deadletters import Action as Settled
from schemas.deadletters import DeadLetterDecided
from schemas.replays import Selection
from schemas.swipes import Action, SwipeRecorded
from tests.unit.read_kit import life
from tests.unit.replay_kit import NOW, video


def record(offset: int = 10, timestamp_ms: int = 1000) -> Raw:
    return Raw(topic="prompts", partition=0, offset=offset, timestamp_ms=timestamp_ms, key=b"k", value=b"v", headers=())


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, True),
        ({"first_offset": 10, "last_offset": 10}, True),
        ({"first_offset": 11}, False),
        ({"last_offset": 9}, False),
        ({"since_ms": 1000, "until_ms": 1001}, True),
        ({"since_ms": 1001}, False),
        ({"until_ms": 1000}, False),
    ],
)
def test_a_range_begins_with_its_first_and_ends_before_its_last_moment(limits: dict[str, int], expected: bool) -> None:
    assert in_range(Selection(**limits), record()) is expected


def test_events_are_chosen_by_type_and_by_video() -> None:
    first, *_ = life(ids.video_id("a"), NOW)
    assert is_meant(Selection(types=("PromptSubmitted",)), first.data)
    assert not is_meant(Selection(types=("VideoPublished",)), first.data)
    assert is_meant(Selection(videos=(ids.video_id("a"),)), first.data)
    assert not is_meant(Selection(videos=(ids.video_id("b"),)), first.data)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"flavor": "default"}, True),
        ({"flavor": "example"}, False),
        ({"model": "procedural"}, True),
        ({"model": "ltx"}, False),
        ({"failure": "RenderError"}, False),
        ({"viewer_id": "anna"}, False),
    ],
)
def test_what_only_the_video_can_tell_is_asked_of_its_history(filters: dict[str, Any], expected: bool) -> None:
    assert concerns(Selection(**filters), video(1)) is expected


@pytest.mark.parametrize("words", ["RenderError", "scene", "no PAINT"])
def test_a_failure_is_found_by_class_stage_or_words(words: str) -> None:
    assert concerns(Selection(failure=words), video(1, "failed"))


def test_a_viewer_is_found_by_their_swipes_too() -> None:
    swipe = SwipeRecorded(viewer_id="anna", video_id=ids.video_id("a"), action=Action.LIKED, ts_us=NOW)
    assert concerns(Selection(viewer_id="anna"), video(1), swipe.viewer_id)
    assert not concerns(Selection(viewer_id="bob"), video(1), swipe.viewer_id)


def test_a_plan_counts_by_type_and_sums_what_its_videos_cost() -> None:
    # given three videos, of which one failed
    known = {one.video_id: one for one in (video(1), video(2), video(3, "failed"))}
    counts = Counter({(name, "", kind): 2 for name in known for kind in ("SceneRendered", "PromptSubmitted")})
    counts[("", "anna", "FeedServed")] = 5
    # then everything is counted, in the order of the videos' first events
    whole = plan(counts, known, Selection())
    assert whole.by_type == {"FeedServed": 5, "PromptSubmitted": 6, "SceneRendered": 6}
    assert [one.video_id for one in whole.videos] == list(known)
    assert whole.estimate.amount == sum(one.cost.amount for one in known.values()) > 2
    # and only what fits where something is asked
    failed = plan(counts, known, Selection(failure="RenderError"))
    assert (failed.records, len(failed.videos)) == (4, 1)


def dead(video_id: str, *, decided: DeadLetterDecided | None = None, value: bytes | None = None) -> Letter:
    body = json.dumps({"video_id": video_id, "scene_number": 1}).encode() if value is None else value
    record = Raw(
        topic="scene-tasks.bulk", partition=0, offset=3, timestamp_ms=1, key=video_id.encode(), value=body, headers=()
    )
    return Letter(
        consumer="scene-worker", partition=0, offset=1, reason="BackendError", message="no GPU", stack="",
        failed_at_ms=1, trial=Trial(record=record), decided=decided,
    )  # fmt: skip


def test_videos_hang_on_letters_that_nobody_has_decided_about() -> None:
    settled = DeadLetterDecided(
        letter="scene-worker/0/1", failed_at_ms=1, action=Settled.REDRIVEN, reason="BackendError", by="ann", ts_us=1
    )
    found = by_video([dead("a"), dead("b", decided=settled), dead("c", value=b"\xff not json"), dead("a")])
    assert found == {"a": ["scene-worker BackendError no GPU"] * 2, "c": ["scene-worker BackendError no GPU"]}


@pytest.mark.parametrize(
    ("words", "meant"), [("backenderror", True), ("scene", True), ("no gpu", True), ("voice", False)]
)
def test_a_video_that_never_failed_is_found_by_its_dead_letter(words: str, meant: bool) -> None:
    making = video(1, "none")
    assert not concerns(Selection(failure=words), making)
    making.letters += ["scene-worker BackendError no GPU"]
    assert concerns(Selection(failure=words), making) is meant
