"""Viewers: swipes become interests, and enough videos are asked for ahead that the feed never runs dry."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from pydantic import Field, field_validator

from processors.deadlines import PACE_MS, needed_us, pace
from processors.decision import SOURCE, Decide, Decision, Effect, Fold, Processor, State
from processors.ideas import Idea, ideas
from processors.interests import learn
from schemas import base, ids
from schemas.base import Contract
from schemas.envelope import Envelope, caused_by
from schemas.feeds import FeedServed, InterestChanged, Outcome, PrefetchSettled
from schemas.prompts import PromptSubmitted, Trigger
from schemas.swipes import SwipeRecorded
from schemas.values import Lane, Origin
from schemas.viewers import ViewerForgotten

#: Videos remembered as seen, and swipes remembered as counted: more than a client may send at once, and so again.
SEEN, COUNTED = 300, 128
#: So much of a swipe's id tells it from all others of its viewer.
SHORT = 18
#: A prefetch that has not settled by then no longer counts, in microseconds.
PENDING_US = 600 * 1_000_000


class Viewer(Contract):
    """What is known of a viewer."""

    interests: dict[str, float] = Field(default_factory=dict)
    ready: tuple[str, ...] = ()  #: unseen videos that the feed can show
    pending: dict[str, int] = Field(default_factory=dict)  #: asked for ahead -> when, in microseconds
    seen: tuple[str, ...] = ()
    counted: dict[str, int] = Field(default_factory=dict)  #: swipes that the interests already hold -> when
    counted_us: int = 0  #: all swipes up to then are counted, whether they are still remembered or not
    served_us: int = 0  #: when the feed last said what it can show
    made: int = 0  #: prefetches asked for so far
    pace_ms: int = PACE_MS  #: how long they stay with a video
    last_us: int = 0
    #: Erased: nothing else is kept, and nothing follows from what comes late.
    forgotten: bool = False

    @field_validator("counted", mode="before")
    @classmethod
    def _without_times(cls, value: Any) -> Any:
        """States of before held the ids alone."""
        return {swipe_id[:SHORT]: 0 for swipe_id in value} if isinstance(value, list | tuple) else value

    def has_counted(self, swipe_id: str, swipe: SwipeRecorded) -> bool:
        """Whether the interests hold it already: by its id, or because it is older than all that are remembered."""
        return swipe_id[:SHORT] in self.counted or swipe.ts_us <= self.counted_us


def fold_for(ahead: int, active_s: int) -> Fold:
    """The decision that keeps `ahead` videos before every viewer seen in the last `active_s` seconds.

    Of several swipes only the last says what the viewer is taken to like: interests are told whole.
    """

    def fold(events: Sequence[Envelope[base.Message]], state: State, now_us: int) -> Decision:
        viewer = Viewer.model_validate_json(state) if state else Viewer()
        effects: list[Effect] = []
        changed: list[Effect] = []
        for event in events:
            data, viewer = event.data, evolve(viewer, event)
            if viewer.forgotten:
                return Decision(state=viewer.model_dump_json(exclude_defaults=True).encode())
            if isinstance(data, SwipeRecorded) and data.subject:
                changed = [_changed(event, data, viewer)]
            if isinstance(data, SwipeRecorded | FeedServed) and now_us - data.ts_us < active_s * 1_000_000:
                viewer, wanted = _prefetch(event, data, viewer, ahead)
                effects += wanted
        return Decision(state=viewer.model_dump_json().encode(), effects=(*changed, *effects))

    return fold


def decide_for(ahead: int, active_s: int) -> Decide:
    """The same for one event."""
    fold = fold_for(ahead, active_s)
    return lambda event, state, now_us: fold((event,), state, now_us)


def evolve(viewer: Viewer, event: Envelope[base.Message]) -> Viewer:
    """The viewer after an event. Repeating an event changes nothing."""
    data = event.data
    if viewer.forgotten or isinstance(data, ViewerForgotten):
        return Viewer(forgotten=True)
    if isinstance(data, SwipeRecorded):
        return _swiped(viewer, event.id, data)
    if isinstance(data, FeedServed):
        return _served(viewer, data)
    if isinstance(data, PrefetchSettled):
        return _settled(viewer, data)
    return viewer


def _swiped(viewer: Viewer, swipe_id: str, swipe: SwipeRecorded) -> Viewer:
    if viewer.has_counted(swipe_id, swipe):
        return viewer
    counted, counted_us = _remembered(viewer, swipe_id, swipe.ts_us)
    return viewer.model_copy(
        update={
            "interests": learn(viewer.interests, swipe),
            "ready": tuple(video for video in viewer.ready if video != swipe.video_id),
            # Of a video that is liked and then left, two swipes tell.
            "pace_ms": viewer.pace_ms if swipe.video_id in viewer.seen else pace(viewer.pace_ms, swipe.watched_ms),
            "seen": _last((*viewer.seen, swipe.video_id), SEEN),
            "counted": counted,
            "counted_us": counted_us,
            "last_us": max(viewer.last_us + 1, swipe.ts_us),
        }
    )


def _remembered(viewer: Viewer, swipe_id: str, ts_us: int) -> tuple[dict[str, int], int]:
    """The swipes to remember with this one among them, and the time up to which they need not be remembered."""
    counted = viewer.counted | {swipe_id[:SHORT]: ts_us}
    if len(counted) <= COUNTED:
        return counted, viewer.counted_us
    first = min(counted, key=counted.__getitem__)
    return {name: at for name, at in counted.items() if name != first}, max(viewer.counted_us, counted[first])


def _served(viewer: Viewer, served: FeedServed) -> Viewer:
    """The feed knows best what it can show. What it said before it said something else no longer counts."""
    if served.ts_us <= viewer.served_us:
        return viewer
    shown = [item.video_id for item in served.items]
    ready = [video for video in dict.fromkeys([*shown, *served.upcoming]) if video not in viewer.seen]
    return viewer.model_copy(
        update={
            "served_us": served.ts_us,
            "ready": tuple(ready),
            "pending": {video: since for video, since in viewer.pending.items() if video not in ready},
        }
    )


def _settled(viewer: Viewer, settled: PrefetchSettled) -> Viewer:
    pending = {video: since for video, since in viewer.pending.items() if video != settled.video_id}
    ready = viewer.ready
    if settled.outcome == Outcome.READY and settled.video_id not in (*ready, *viewer.seen):
        ready = (*ready, settled.video_id)
    return viewer.model_copy(update={"pending": pending, "ready": ready})


def _last(items: tuple[str, ...], count: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reversed(items)))[:count][::-1]


def _changed(event: Envelope[base.Message], swipe: SwipeRecorded, viewer: Viewer) -> Effect:
    data = InterestChanged(viewer_id=swipe.viewer_id, ts_us=viewer.last_us, interests=viewer.interests)
    return caused_by(event, data, source=SOURCE, step="interest"), None


def _prefetch(
    event: Envelope[base.Message], data: SwipeRecorded | FeedServed, viewer: Viewer, ahead: int
) -> tuple[Viewer, list[Effect]]:
    pending = {video: since for video, since in viewer.pending.items() if data.ts_us - since < PENDING_US}
    before = len(viewer.ready) + len(pending)
    need = max(0, ahead - before)
    chosen = islice(ideas(viewer.interests, viewer.made, data.viewer_id), need)
    prompts = [
        _prompt(data, idea, viewer.made + index, needed_us(data.ts_us, before + index, viewer.pace_ms))
        for index, idea in enumerate(chosen)
    ]
    pending |= {prompt.video_id: data.ts_us for prompt in prompts}
    effects: list[Effect] = [
        # By the same number as the video: what a repeated event asks for is not what it asked for before.
        (caused_by(event, prompt, source=SOURCE, step="prefetch", index=viewer.made + index), None)
        for index, prompt in enumerate(prompts)
    ]
    return viewer.model_copy(update={"pending": pending, "made": viewer.made + need}), effects


def _prompt(data: SwipeRecorded | FeedServed, idea: Idea, number: int, due_us: int) -> PromptSubmitted:
    return PromptSubmitted(
        # By viewer and number, not by event: should the state be newer than the commit, nothing is made twice.
        video_id=ids.video_id(ids.derive(data.viewer_id, "prefetch", number)),
        text=idea.text,
        origin=Origin.PREFETCH,
        lane=Lane.PREFETCH,
        viewer_id=data.viewer_id,
        archetype=idea.archetype,
        subject=idea.subject,
        trigger=_trigger(data),
        needed_us=due_us,
        # Not now: the same cause must make the same event.
        ts_us=data.ts_us + 1,
    )


def _trigger(data: SwipeRecorded | FeedServed) -> Trigger:
    if isinstance(data, FeedServed):
        return Trigger(type=data.TYPE, ts_us=data.ts_us)
    return Trigger(
        type=data.TYPE, video_id=data.video_id, action=data.action.value, watched_ms=data.watched_ms, ts_us=data.ts_us
    )


def viewers(ahead: int, active_s: int) -> Processor:
    """The processor with its settings."""
    topics = ("swipes", "feed-events", "viewers")
    return Processor(
        name="viewers", topics=topics, table="viewer-state", ordered=True,
        decide=decide_for(ahead, active_s), quick=fold_for(ahead, active_s), ignores=frozenset({InterestChanged.TYPE}),
    )  # fmt: skip
