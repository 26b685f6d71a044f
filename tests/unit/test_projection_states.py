"""The state of a video, told from its rows."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from query_api.readmodel.memory import MemoryStore
from query_api.readmodel.model import ReadModel
from query_api.states import Status, VideoState, state
from schemas import ids
from schemas.base import Message, now_us
from schemas.envelope import Envelope, root
from schemas.prompts import PromptSubmitted
from schemas.values import Origin
from schemas.videos import (
    PromptRejected,
    RevisionDropped,
    RevisionPromoted,
    ScriptWritten,
    Stage,
    VideoWithdrawn,
    WorkStopped,
)
from schemas.works import Cost
from tests.unit.read_kit import COST, apply, life

VIDEO = ids.video_id("states")


async def told(events: list[Envelope[Message]]) -> VideoState | None:
    store = MemoryStore()
    apply(store, events)
    read = ReadModel(store)
    return state(await read.revisions(VIDEO), await read.scenes(VIDEO))


@pytest.mark.parametrize(
    ("events", "status"),
    [
        (1, Status.SUBMITTED),
        (2, Status.ACCEPTED),
        (3, Status.SCRIPTED),
        (4, Status.RENDERING),
        (5, Status.RENDERING),
        (7, Status.ASSEMBLING),
        (8, Status.PUBLISHED),
    ],
)
async def test_a_video_moves_from_state_to_state(events: int, status: Status) -> None:
    found = await told(life(VIDEO, now_us())[:events])
    assert found is not None and found.status == status


@pytest.mark.parametrize("end", ["published", "failed", "withdrawn"])
async def test_the_order_of_arrival_does_not_matter(end: str) -> None:
    events = life(VIDEO, now_us(), end=end)
    found = await told(events)
    random.Random(7).shuffle(events)
    assert await told(events) == found
    assert found is not None and found.status == end


async def test_a_published_video_has_its_card_its_cost_and_the_times_of_its_stages() -> None:
    start = now_us()
    found = await told(life(VIDEO, start))
    assert found is not None and found.card is not None
    assert found.cost == COST + COST
    assert [one.stage.value for one in found.stages] == [
        "submitted", "accepted", "scripted", "rendering", "assembling", "published",
    ]  # fmt: skip
    assert int(found.stages[0].at.timestamp() * 1_000_000) == pytest.approx(start, abs=1)


async def test_before_it_is_published_the_cost_is_the_sum_so_far() -> None:
    found = await told(life(VIDEO, now_us())[:5])  # script, voice and picture of the first scene
    assert found is not None and found.cost.amount == pytest.approx(3 * COST.amount)


async def test_a_failed_video_says_where_and_why() -> None:
    found = await told(life(VIDEO, now_us(), end="failed"))
    assert found is not None
    assert (found.reason, found.error, found.failed_stage) == ("no paint left", "RenderError", "scene")
    assert found.is_final and found.card is None


async def test_a_rejected_prompt_says_why() -> None:
    refused = PromptRejected(
        video_id=VIDEO, ts_us=now_us(), text="x", origin=Origin.API, category="violence", rule="w", reason="not here"
    )
    found = await told([Envelope(id="x", source="s", data=refused, correlation_id="x")])
    assert found is not None and (found.status, found.error, found.reason) == ("rejected", "violence", "not here")


async def test_what_was_published_after_a_failure_is_published() -> None:
    failed, shown = life(VIDEO, now_us(), end="failed"), life(VIDEO, now_us() + 1000)
    found = await told([*failed, *shown])
    assert found is not None and found.status == Status.PUBLISHED and found.reason is None


async def test_the_first_revision_is_shown_until_another_is_promoted() -> None:
    first, second = life(VIDEO, now_us()), life(VIDEO, now_us() + 1000)
    anew = [
        Envelope(id=ids.derive(one.id, "2"), source="s", correlation_id="c", data=_revised(one.data)) for one in second
    ]
    # while the second revision is being made, the first stays; so it does when that is finished
    for events in ([*first, *anew[:4]], [*first, *anew]):
        found = await told(events)
        assert found is not None and (found.revision, found.status) == (1, Status.PUBLISHED)
    shown = RevisionPromoted(**{**anew[-1].data.model_dump(), "ts_us": now_us()}, listed_us=1, by="ann")
    found = await told([*first, *anew, Envelope(id="p", source="s", correlation_id="c", data=shown)])
    assert found is not None and (found.revision, found.status) == (2, Status.PUBLISHED)


@pytest.mark.parametrize(("revision", "left"), [(1, Status.PUBLISHED), (2, Status.WITHDRAWN), (3, Status.WITHDRAWN)])
async def test_a_withdrawal_is_of_all_revisions_up_to_the_one_that_it_names(revision: int, left: Status) -> None:
    first, second = life(VIDEO, now_us()), life(VIDEO, now_us() + 1000)
    anew = [
        Envelope(id=ids.derive(one.id, "2"), source="s", correlation_id="c", data=_revised(one.data)) for one in second
    ]
    shown = RevisionPromoted(**{**anew[-1].data.model_dump(), "ts_us": now_us()}, listed_us=1, by="ann")
    gone = VideoWithdrawn(video_id=VIDEO, revision=revision, ts_us=now_us(), reason="asked for", by="ann")
    ends = [
        Envelope(id=str(number), source="s", correlation_id="c", data=one) for number, one in enumerate((shown, gone))
    ]
    found = await told([*first, *anew, *ends])
    assert found is not None and found.status == left
    assert (found.reason == "asked for") is (left is Status.WITHDRAWN)


def second(event: Envelope[Message]) -> Envelope[Message]:
    """The same of the revision that was asked for instead."""
    later = event.data.model_copy(update={"revision": 2, "ts_us": event.data.ts_us + 1_000})  # type: ignore[attr-defined]
    return replace(event, id=f"{event.id}-2", data=later)


def dropped(ts_us: int, **fields: Any) -> Envelope[Message]:
    return root(RevisionDropped(video_id=VIDEO, ts_us=ts_us, by="ann", **fields), source="/test")


async def test_a_revision_that_was_dropped_before_it_was_finished_says_why() -> None:
    start = now_us()
    found = await told([*life(VIDEO, start)[:5], dropped(start + 900, why="wrong colours")])
    assert found is not None and found.is_final
    assert (found.status, found.reason, found.stages[-1].stage) == (Status.DROPPED, "wrong colours", Status.DROPPED)


async def test_in_place_of_an_overtaken_revision_one_sees_the_one_that_took_its_place() -> None:
    start = now_us()
    ours = life(VIDEO, start)
    overtaken = dropped(start + 900, why="Revision 2 was asked for in its place.", overtaken_by=2)
    events = [*ours[:5], overtaken, *map(second, ours[2:5])]
    found = await told(events)
    assert found is not None and (found.revision, found.status) == (2, Status.RENDERING)
    # in whatever order they come
    random.Random(3).shuffle(events)
    assert await told(events) == found
    # and as long as nothing is known of that one, the video is still being made
    alone = await told([*ours[:5], overtaken])
    assert alone is not None and (alone.revision, alone.status) == (1, Status.RENDERING)


async def test_what_was_published_all_the_same_is_published() -> None:
    start = now_us()
    found = await told([*life(VIDEO, start), dropped(start + 900, overtaken_by=2), second(life(VIDEO, start)[2])])
    assert found is not None and (found.revision, found.status, found.reason) == (1, Status.PUBLISHED, None)


async def test_an_overtaking_that_leads_nowhere_ends() -> None:
    start = now_us()
    events = [*life(VIDEO, start)[:3], second(life(VIDEO, start)[2]), dropped(start + 900, overtaken_by=2)]
    found = await told([*events, dropped(start + 3_000, revision=2, overtaken_by=2)])
    assert found is not None and (found.revision, found.status) == (2, Status.SCRIPTED)
    found = await told([*events, dropped(start + 3_000, revision=2)])
    assert found is not None and (found.revision, found.status) == (2, Status.DROPPED)


async def test_work_that_was_thrown_away_is_paid() -> None:
    start = now_us()
    cost = Cost(gpu_seconds=3, amount=0.25)
    common: dict[str, Any] = {"video_id": VIDEO, "fraction": 0.4, "why": "dropped", "cost": cost}
    scene = WorkStopped(**common, ts_us=start + 500, stage=Stage.SCENE, scene_number=2)
    joining = WorkStopped(**common, ts_us=start + 501, stage=Stage.ASSEMBLY)
    stops = [root(scene, source="/test"), root(joining, source="/test")]
    # before the end, and where the video came all the same
    for events, before in ((life(VIDEO, start)[:5], 3 * COST.amount), (life(VIDEO, start), 2 * COST.amount)):
        found = await told([*events, *stops])
        assert found is not None and found.cost.amount == pytest.approx(before + 0.5)
        assert [one.stopped_fraction for one in found.scenes] == [None, 0.4]


async def test_a_video_that_is_not_known_has_no_state() -> None:
    assert await told([]) is None


async def test_events_that_overtook_the_prompt_are_enough() -> None:
    events = [event for event in life(VIDEO, now_us()) if isinstance(event.data, ScriptWritten)]
    found = await told(events)
    assert found is not None and found.status == Status.SCRIPTED and found.prompt is None


def _revised(data: Message) -> Message:
    return data if isinstance(data, PromptSubmitted) else data.model_copy(update={"revision": 2})
