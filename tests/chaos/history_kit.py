"""A history in which nothing is wrong, made by the code itself, and the means to spoil it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from infra.kafka.records import Raw, Received
from query_api.projections.positions import NAME
from schemas import ids
from schemas.base import Message
from schemas.envelope import Envelope, caused_by, root
from schemas.feeds import InterestChanged
from schemas.progress import RenderProgress
from schemas.prompts import PromptSubmitted
from schemas.swipes import Action, SwipeRecorded
from schemas.values import Artifact, Format, Lane, Origin
from schemas.videos import PromptAccepted, PromptRejected, SceneRendered, Stage, VideoPublished
from schemas.works import Cost
from tests.chaos.checks import fold, tastes_of, videos_by
from tests.chaos.history import Dead, History, Log, Told, Walked

NOW = 1_800_000_000_000_000
SECOND = 1_000_000
BLOB = Artifact(sha256="0" * 64, suffix="mp4", media_type="video/mp4", size=1)


def video(number: int) -> str:
    """The id of a video."""
    return ids.video_id(f"chaos-{number}")


def prompt(number: int) -> Envelope[PromptSubmitted]:
    """A prompt."""
    data = PromptSubmitted(
        video_id=video(number), text="rain", origin=Origin.API, lane=Lane.INTERACTIVE, ts_us=NOW + number
    )
    return root(data, source="/test", event_id=ids.derive(f"{number}", "prompt"))


def accepted(number: int) -> Envelope[Message]:
    """It was accepted."""
    data = PromptAccepted(
        video_id=video(number), ts_us=NOW + number + 1, text="rain", origin=Origin.API, lane=Lane.INTERACTIVE,
        flavor="default",
    )  # fmt: skip
    return caused_by(prompt(number), data, source="/test", step="accepted")


def rejected(number: int) -> Envelope[Message]:
    """It was not."""
    data = PromptRejected(
        video_id=video(number), ts_us=NOW + 1, text="rain", origin=Origin.API, category="c", rule="r", reason="no"
    )
    return caused_by(prompt(number), data, source="/test", step="rejected")


def rendered(number: int, ts_us: int = NOW + SECOND) -> Envelope[Message]:
    """Its only scene is there. It took half a second."""
    data = SceneRendered(
        video_id=video(number), ts_us=ts_us, scene_id=ids.scene_id(video(number), 1, 1), scene_number=1,
        scene_count=1, clip=BLOB, audio=None, words=(), duration_ms=1, backend="b", model="m", look="l", seed=1,
        code="c", cost=Cost(wall_seconds=0.5),
    )  # fmt: skip
    return caused_by(accepted(number), data, source="/test", step="rendered")


def published(number: int, ts_us: int = NOW + 2 * SECOND, step: str = "published") -> Envelope[Message]:
    """It can be watched."""
    data = VideoPublished(
        video_id=video(number), ts_us=ts_us, title="Rain", subject="rain", archetype="list", flavor="default",
        origin=Origin.API, video=BLOB, cover=BLOB, duration_ms=1, format=Format.PORTRAIT, scene_count=1,
        cost=Cost(), total_cost=Cost(),
    )  # fmt: skip
    return caused_by(rendered(number), data, source="/test", step=step)


def swipe(viewer: str, number: int, at: int = 0) -> Envelope[SwipeRecorded]:
    """A viewer likes a video."""
    data = SwipeRecorded(
        viewer_id=viewer, video_id=video(number), action=Action.LIKED, subject=f"subject {number}", ts_us=NOW + at
    )
    return root(data, source="/test", event_id=ids.derive(f"{viewer}/{number}", "swipe"))


def drawn(number: int, ended_us: int, index: int = 0) -> Envelope[Message]:
    """A drawing of its only scene ended."""
    data = RenderProgress(video_id=video(number), stage=Stage.SCENE, scene_number=1, fraction=1, ts_us=ended_us)
    return caused_by(accepted(number), data, source="/test", step="progress", index=index)


def interest(event: Envelope[SwipeRecorded], likes: dict[str, float]) -> Envelope[Message]:
    """What a viewer is taken to like after a swipe."""
    data = InterestChanged(viewer_id=event.data.viewer_id, ts_us=event.data.ts_us, interests=likes)
    return caused_by(event, data, source="/test", step="interest")


@dataclass
class Story:
    """Everything that happened; `history()` is what a checker would get of it, tables and all."""

    facts: list[tuple[str, Envelope[Message]]] = field(default_factory=list)
    progress: list[Envelope[Message]] = field(default_factory=list)
    swiped: set[tuple[str, str]] = field(default_factory=set)

    def tell(self, topic: str, *events: Envelope[Any]) -> None:
        """These are in the log too."""
        self.facts += [(topic, event) for event in events]

    def history(self, **changes: Any) -> History:
        """The history of this story, in which only `changes` may be wrong."""
        log = Log(
            facts=list(_received(self.facts)),
            progress=list(_received([("render-progress", event) for event in self.progress])),
            ends={},
        )
        log = replace(log, ends=_ends(log.facts))
        made = sorted(videos_by(log, VideoPublished))
        told = Told(
            prompts={event.data.video_id for _, event in self.facts if isinstance(event.data, PromptSubmitted)},
            swipes=set(self.swiped),
            pushed=[list(made)],
        )
        walks = [Walked(viewer="newcomer", videos=tuple(made))]
        history = History(told=told, log=log, tables=fold(log), last_walks=walks)
        return replace(history, **changes)


def story() -> Story:
    """Three prompts, of which one is refused; two viewers with two swipes each."""
    made = Story()
    made.tell("prompts", *map(prompt, range(3)))
    for number in range(2):
        made.tell("video-events", accepted(number), rendered(number), published(number))
        made.progress.append(drawn(number, NOW + SECOND))
    made.tell("video-events", rejected(2))
    for viewer in ("a", "b"):
        swipes = [swipe(viewer, number, number) for number in range(2)]
        made.tell("swipes", *swipes)
        made.swiped |= {(viewer, str(number)) for number in range(2)}
        likes, _ = tastes_of(Log(facts=list(_received([("swipes", one) for one in swipes])), progress=[]))
        made.tell("feed-events", interest(swipes[-1], likes[viewer]))
    return made


def dead(number: int, consumer: str = "assembly-worker") -> Dead:
    """The task of a video is a dead letter."""
    return Dead(
        consumer=consumer, reason="E", topic="assembly-tasks", partition=0, offset=number, key="k",
        video_id=video(number),
    )  # fmt: skip


def _received(facts: Iterable[tuple[str, Envelope[Message]]]) -> Iterable[Received]:
    for offset, (topic, event) in enumerate(facts):
        record = Raw(topic=topic, partition=0, offset=offset, timestamp_ms=1, key=b"k", value=b"v", headers=())
        yield Received(raw=record, envelope=event)


def _ends(facts: Sequence[Received]) -> dict[tuple[str, int], int]:
    return {(one.topic, one.partition): one.raw.offset + 1 for one in facts}


__all__ = ["NAME", "NOW", "SECOND", "Story", "story"]
