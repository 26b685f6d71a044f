"""Viewers: swipes become interests, and enough videos are asked for ahead that the feed never runs dry."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from pydantic import Field

from processors.decision import SOURCE, Decide, Decision, Effect, Fold, Processor, State
from processors.ideas import Idea, ideas
from processors.interests import learn
from schemas import base, ids
from schemas.base import Contract
from schemas.envelope import Envelope, caused_by
from schemas.feeds import FeedServed, InterestChanged, Outcome, PrefetchSettled
from schemas.prompts import PromptSubmitted
from schemas.swipes import SwipeRecorded
from schemas.values import Lane, Origin

#: Videos remembered as seen, and swipes remembered as counted: enough for any redelivery.
SEEN, COUNTED = 300, 64
#: A prefetch that has not settled by then no longer counts, in microseconds.
PENDING_US = 600 * 1_000_000


class Viewer(Contract):
    """What is known of a viewer."""

    interests: dict[str, float] = Field(default_factory=dict)
    ready: tuple[str, ...] = ()  #: unseen videos that the feed can show
    pending: dict[str, int] = Field(default_factory=dict)  #: asked for ahead -> when, in microseconds
    seen: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()  #: ids of swipes that the interests already hold
    made: int = 0  #: prefetches asked for so far
    last_us: int = 0


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
    if isinstance(data, SwipeRecorded):
        return _swiped(viewer, event.id, data)
    if isinstance(data, FeedServed):
        return _served(viewer, data)
    if isinstance(data, PrefetchSettled):
        return _settled(viewer, data)
    return viewer


def _swiped(viewer: Viewer, swipe_id: str, swipe: SwipeRecorded) -> Viewer:
    if swipe_id in viewer.counted:
        return viewer
    return viewer.model_copy(
        update={
            "interests": learn(viewer.interests, swipe),
            "ready": tuple(video for video in viewer.ready if video != swipe.video_id),
            "seen": _last((*viewer.seen, swipe.video_id), SEEN),
            "counted": _last((*viewer.counted, swipe_id), COUNTED),
            "last_us": max(viewer.last_us + 1, swipe.ts_us),
        }
    )


def _served(viewer: Viewer, served: FeedServed) -> Viewer:
    """The feed knows best what it can show."""
    shown = [item.video_id for item in served.items]
    ready = [video for video in dict.fromkeys([*shown, *served.upcoming]) if video not in viewer.seen]
    return viewer.model_copy(
        update={
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
    need = max(0, ahead - len(viewer.ready) - len(pending))
    chosen = list(islice(ideas(viewer.interests, viewer.made, data.viewer_id), need))
    prompts = [_prompt(event, data, idea, viewer.made + index) for index, idea in enumerate(chosen)]
    pending |= {prompt.video_id: data.ts_us for prompt in prompts}
    effects: list[Effect] = [
        (caused_by(event, prompt, source=SOURCE, step="prefetch", index=index), None)
        for index, prompt in enumerate(prompts)
    ]
    return viewer.model_copy(update={"pending": pending, "made": viewer.made + need}), effects


def _prompt(
    event: Envelope[base.Message], data: SwipeRecorded | FeedServed, idea: Idea, number: int
) -> PromptSubmitted:
    return PromptSubmitted(
        # By viewer and number, not by event: should the state be newer than the commit, nothing is made twice.
        video_id=ids.video_id(ids.derive(data.viewer_id, "prefetch", number)),
        text=idea.text,
        origin=Origin.PREFETCH,
        lane=Lane.PREFETCH,
        viewer_id=data.viewer_id,
        archetype=idea.archetype,
        subject=idea.subject,
        ts_us=base.rising(data.ts_us),
    )


def viewers(ahead: int, active_s: int) -> Processor:
    """The processor with its settings."""
    topics = ("swipes", "feed-events")
    return Processor(
        name="viewers", topics=topics, table="viewer-state", ordered=True,
        decide=decide_for(ahead, active_s), quick=fold_for(ahead, active_s), ignores=frozenset({InterestChanged.TYPE}),
    )  # fmt: skip
