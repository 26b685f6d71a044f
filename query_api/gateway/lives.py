"""What the hub remembers of the videos it has heard of lately, for those who begin to watch one later."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from query_api.gateway.entries import Entry
from query_api.gateway.progress import ORDER, Progress
from schemas.base import Message
from schemas.progress import RenderProgress
from schemas.values import Origin
from schemas.videos import (
    PromptAccepted,
    PromptRejected,
    RevisionDropped,
    RevisionPromoted,
    SceneRendered,
    SceneVoiced,
    ScriptWritten,
    Stage,
    VideoFailed,
    VideoPublished,
    VideoWithdrawn,
)

#: What ends a life. What was dropped may be published all the same, where that was on its way already.
ENDS = (VideoPublished, VideoFailed, PromptRejected, RevisionDropped)


@dataclass(frozen=True, slots=True)
class Life:
    """One video being made. `last` is the entry that ended it."""

    revision: int = 1
    origin: Origin | None = None
    owner: str | None = None
    progress: Progress = field(default_factory=Progress)
    stage: Stage = Stage.MODERATION
    scene_number: int | None = None
    preview: str | None = None
    title: str | None = None
    expected: Mapping[int, int] = field(default_factory=dict)  #: by scene: when its pictures should be there, in µs
    ended: bool = False
    dropped: bool = False  #: that is how it ended
    known: bool = False  #: whose it is has been heard
    last: Entry | None = None

    @property
    def public(self) -> bool:
        """Whether the lobby may see it. A candidate is for those alone who watch it be made."""
        return self.origin is Origin.STARTER and self.revision == 1

    def after(self, event: Message) -> Life:
        """The same after an event of this video. What comes late changes nothing; a newer revision begins anew."""
        revision: int = getattr(event, "revision", 1)
        if isinstance(event, VideoWithdrawn):
            return self._over(event) if revision >= self.revision else self
        if isinstance(event, RevisionPromoted):
            return replace(self._over(event), revision=revision)
        if revision > self.revision:
            return Life(revision=revision, owner=self.owner).after(event)
        if revision < self.revision or (self.ended and not (self.dropped and isinstance(event, VideoPublished))):
            return self
        if isinstance(event, RenderProgress):
            return self._rendering(event)
        return self._over(event) if isinstance(event, ENDS) else self._living(event)

    def _over(self, event: Message) -> Life:
        origin, dropped = getattr(event, "origin", self.origin), isinstance(event, RevisionDropped)
        return replace(self, ended=True, dropped=dropped, preview=None, origin=origin)

    def _rendering(self, event: RenderProgress) -> Life:
        number = event.scene_number or 0
        progress = self.progress.advanced(event.stage, event.fraction, number, event.scene_count)
        now = replace(self._at(event.stage, number), progress=progress, preview=event.preview or self.preview)
        if event.left_s is None:
            return now._without(number) if event.stage is Stage.SCENE else now
        return replace(now, expected={**self.expected, number: event.ts_us + round(event.left_s * 1e6)})

    def _without(self, scene: int) -> Life:
        """The same once nothing more is expected of a scene's device."""
        return replace(self, expected={number: at for number, at in self.expected.items() if number != scene})

    def left_s(self, now_us: int) -> int | None:
        """Seconds until the scenes that devices have in hand should be there; None where that is not known."""
        return max(0, -(-(max(self.expected.values()) - now_us) // 1_000_000)) if self.expected else None

    def _living(self, event: Message) -> Life:
        if isinstance(event, PromptAccepted):
            return replace(
                self._advanced(Stage.MODERATION),
                origin=event.origin,
                owner=event.viewer_id,
                known=True,
                title=self.title or event.text[:120],
            )
        if isinstance(event, ScriptWritten):
            made = self._advanced(Stage.SCRIPT, scene_count=len(event.script.scenes))
            return replace(
                made, title=event.script.title, origin=event.origin, owner=event.viewer_id, known=True
            )  # fmt: skip
        if isinstance(event, SceneVoiced):
            return self._advanced(Stage.VOICE, event.scene_number)
        if isinstance(event, SceneRendered):
            return self._advanced(Stage.SCENE, event.scene_number, event.scene_count)._without(event.scene_number)
        return self

    def _advanced(self, stage: Stage, scene: int = 0, scene_count: int | None = None) -> Life:
        return replace(self._at(stage, scene), progress=self.progress.advanced(stage, 1.0, scene, scene_count))

    def _at(self, stage: Stage, scene: int) -> Life:
        """Scenes are spoken and drawn side by side: what is told is the furthest stage, not the newest record's."""
        if ORDER.index(stage) < ORDER.index(self.stage):
            return self
        return replace(self, stage=stage, scene_number=scene or None)


class Lives:
    """Lives by video, the least recently changed forgotten first."""

    def __init__(self, limit: int) -> None:
        self._lives: OrderedDict[str, Life] = OrderedDict()
        self._limit = limit

    def get(self, video_id: str) -> Life | None:
        """What is known of a video."""
        return self._lives.get(video_id)

    def set(self, video_id: str, life: Life) -> None:
        """Remember."""
        self._lives[video_id] = life
        self._lives.move_to_end(video_id)
        while len(self._lives) > self._limit:
            self._lives.popitem(last=False)

    def unfinished(self) -> list[str]:
        """Public videos that are being made, oldest first."""
        return [video_id for video_id, life in self._lives.items() if life.public and not life.ended]

    def clear(self) -> None:
        """Forget everything."""
        self._lives.clear()
