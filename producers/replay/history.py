"""What the log says of one video, over all of its revisions. Pure: events go in, in any order."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.base import Message
from schemas.prompts import PromptSubmitted, RevisionRequested
from schemas.videos import (
    PromptRejected,
    RevisionDropped,
    RevisionPromoted,
    SceneRendered,
    SceneVoiced,
    ScriptWritten,
    VideoEvent,
    VideoFailed,
    VideoPublished,
    VideoWithdrawn,
)
from schemas.works import Cost


@dataclass(slots=True)
class Revision:
    """One revision. What is None has not happened."""

    number: int
    requested: RevisionRequested | None = None
    script: ScriptWritten | None = None
    voices: dict[int, SceneVoiced] = field(default_factory=dict)
    scenes: dict[int, SceneRendered] = field(default_factory=dict)
    published: VideoPublished | None = None
    promoted: RevisionPromoted | None = None
    dropped: RevisionDropped | None = None
    failed: VideoFailed | PromptRejected | None = None

    @property
    def replay_id(self) -> str | None:
        """The replay that asked for it."""
        return self.requested.replay_id if self.requested else None

    @property
    def cost(self) -> Cost:
        """The whole once it is published, else the sum of what was reported."""
        if self.published:
            return self.published.total_cost
        costs = [event.cost for event in self.voices.values()] + [event.cost for event in self.scenes.values()]
        return sum(costs, self.script.cost if self.script else Cost())

    @property
    def settled(self) -> bool:
        """Whether nothing more will come of it by itself."""
        return bool(self.published or self.failed)

    def learn(self, event: Message) -> None:
        """Take in one of its events."""
        match event:
            case RevisionRequested():
                self.requested = event
            case ScriptWritten():
                self.script = event
            case SceneVoiced():
                self.voices[event.scene_number] = event
            case SceneRendered():
                self.scenes[event.scene_number] = event
            case VideoPublished():
                self.published = event
            case RevisionPromoted():
                self.promoted = max(self.promoted or event, event, key=lambda one: one.ts_us)
            case RevisionDropped():
                self.dropped = event
            case VideoFailed() | PromptRejected():
                self.failed = event
            case _:
                pass


@dataclass(slots=True)
class History:
    """One video. `last_us` is the highest `ts_us` among its events: what is written next must lie above it."""

    video_id: str
    prompt: PromptSubmitted | None = None
    revisions: dict[int, Revision] = field(default_factory=dict)
    last_us: int = 0
    #: Of several, the one that reaches furthest.
    withdrawn: VideoWithdrawn | None = None
    #: What its dead letters say.
    letters: list[str] = field(default_factory=list)

    def learn(self, event: Message) -> None:
        """Take in an event of this video; anything else is left alone."""
        if isinstance(event, PromptSubmitted):
            self.prompt = event
            self.revision(1)
        elif isinstance(event, RevisionRequested | VideoEvent):
            self.revision(event.revision).learn(event)
        if isinstance(event, VideoWithdrawn):
            self.withdrawn = max(self.withdrawn or event, event, key=lambda one: one.revision)
        self.last_us = max(self.last_us, getattr(event, "ts_us", 0))

    def revision(self, number: int) -> Revision:
        """A revision, made where it is not known yet."""
        return self.revisions.setdefault(number, Revision(number))

    @property
    def live(self) -> int:
        """The revision that viewers see: the one promoted last, else the first."""
        promoted = [one.promoted for one in self.revisions.values() if one.promoted]
        return max(promoted, key=lambda event: event.ts_us).revision if promoted else 1

    @property
    def newest(self) -> int:
        """The highest number that was ever asked for."""
        return max(self.revisions, default=1)

    @property
    def cost(self) -> Cost:
        """Of its dearest revision: what making it once more may cost where nothing can be reused."""
        return max((one.cost for one in self.revisions.values()), key=lambda cost: cost.amount, default=Cost())

    @property
    def viewer_id(self) -> str | None:
        """For whom it was made."""
        return self.prompt.viewer_id if self.prompt else None

    @property
    def flavors(self) -> set[str]:
        """Every flavor that it was made with."""
        first = [self.prompt.flavor] if self.prompt else []
        return {*first, *(one.requested.flavor for one in self.revisions.values() if one.requested)}

    @property
    def models(self) -> set[str]:
        """Every model and backend that drew one of its scenes."""
        scenes = [scene for one in self.revisions.values() for scene in one.scenes.values()]
        return {scene.model for scene in scenes} | {scene.backend for scene in scenes}

    def failed_with(self, reason: str) -> bool:
        """Whether it failed, or lies in the dead letters: by stage, class of the error, or words of the reason."""
        found = [_words(one.failed) for one in self.revisions.values() if one.failed]
        return any(reason.casefold() in words.casefold() for words in [*found, *self.letters])


def _words(event: VideoFailed | PromptRejected) -> str:
    if isinstance(event, PromptRejected):
        return f"moderation {event.category} {event.rule} {event.reason}"
    return f"{event.stage.value} {event.error} {event.reason}"
