"""Which media files are still needed, by the log alone. Pure: the same events keep the same files.

hot: what viewers may be served (published, not withdrawn), creators' uploads, and all of an open project but for what
its dropped revisions were made of. Of a creator who was erased, what viewers may be served alone.
kept: what such videos are made of, for a while after they were last touched: redoing a scene then costs one scene.
purge: everything else. Files younger than the grace period stay whatever they are: their event may be on its way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.base import Message
from schemas.projects import ProjectClosed, ProjectEvent, RenderOrdered
from schemas.uploads import MediaRemoved, MediaUploaded
from schemas.videos import PublishedVideo, RevisionDropped, VideoFailed, VideoWithdrawn
from schemas.viewers import ViewerForgotten

US = 1_000_000


@dataclass
class Life:
    """What the log says of one video."""

    served: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: By the revision whose events name them; 0: by others.
    parts: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    served_us: dict[int, int] = field(default_factory=dict)
    dropped_us: dict[int, int] = field(default_factory=dict)
    published_us: int = -1
    withdrawn_us: int = -1
    last_us: int = 0
    ended: bool = False

    @property
    def shown(self) -> bool:
        """Whether viewers may see it."""
        return self.published_us > self.withdrawn_us

    @property
    def dropped(self) -> set[int]:
        """Revisions that nobody will see. A first one that was published all the same is seen."""
        last = ((number, at, self.served_us.get(number, -1)) for number, at in self.dropped_us.items())
        return {number for number, at, served_us in last if served_us < (at if number > 1 else 0)}

    @property
    def playable(self) -> set[str]:
        """What viewers are served."""
        return set().union(*(names for number, names in self.served.items() if number not in self.dropped))

    @property
    def wanted(self) -> set[str]:
        """All of it, but for what revisions were made of that nobody will see."""
        return self.playable.union(*(names for number, names in self.parts.items() if number not in self.dropped))

    @property
    def rest(self) -> set[str]:
        """What it was made of, and what was made for nobody."""
        return set().union(*self.parts.values(), *self.served.values()) - self.playable


@dataclass
class Needs:
    """Learns events in any order, and says which files they need."""

    lives: dict[str, Life] = field(default_factory=lambda: defaultdict(Life))
    projects: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    owners: dict[str, str] = field(default_factory=dict)
    videos_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    closed: set[str] = field(default_factory=set)
    uploads: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    removed: dict[tuple[str, str], int] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def learn(self, event: Message, names: Iterable[str]) -> None:
        """An event, and the media files that its record names."""
        if isinstance(event, ProjectEvent):
            self._project(event, names)
        elif isinstance(event, MediaUploaded):
            key = (event.viewer_id, event.artifact.sha256)
            self.uploads[key] = max(self.uploads.get(key, (0, "")), (event.ts_us, event.artifact.name))
        elif isinstance(event, MediaRemoved):
            key = (event.viewer_id, event.sha256)
            self.removed[key] = max(self.removed.get(key, 0), event.ts_us)
        elif isinstance(event, ViewerForgotten):
            self.forgotten.add(event.viewer_id)
        elif video := getattr(event, "video_id", None):
            self._video(self.lives[video], event, set(names))

    def _project(self, event: ProjectEvent, names: Iterable[str]) -> None:
        self.projects[event.project_id].update(names)
        self.owners[event.project_id] = event.viewer_id
        if isinstance(event, RenderOrdered):
            self.videos_of[event.project_id].add(event.video_id)
        if isinstance(event, ProjectClosed):
            self.closed.add(event.project_id)

    def _video(self, life: Life, event: Message, names: set[str]) -> None:
        life.last_us = max(life.last_us, getattr(event, "ts_us", 0))
        if isinstance(event, PublishedVideo):
            life.served[event.revision] |= names
            life.served_us[event.revision] = max(event.ts_us, life.served_us.get(event.revision, -1))
            life.published_us = max(life.published_us, event.ts_us)
        elif isinstance(event, VideoWithdrawn):
            life.withdrawn_us = max(life.withdrawn_us, event.ts_us)
        elif isinstance(event, RevisionDropped):
            life.dropped_us[event.revision] = max(event.ts_us, life.dropped_us.get(event.revision, -1))
        else:
            life.parts[getattr(event, "revision", 0)] |= names
        life.ended = life.ended or isinstance(event, PublishedVideo | VideoFailed)

    def hot(self) -> set[str]:
        """Files that are never purged."""
        there = {key: name for key, (at, name) in self.uploads.items() if at > self.removed.get(key, -1)}
        uploads = {name for (owner, _), name in there.items() if owner not in self.forgotten}
        shown = {name for life in self.lives.values() if life.shown for name in life.playable}
        return uploads | shown | self._open()

    def _open(self) -> set[str]:
        names: set[str] = set()
        for project in self.projects.keys() - self.closed:
            if self.owners[project] in self.forgotten:
                continue
            names |= self.projects[project]
            for video in self.videos_of[project] & self.lives.keys():
                names |= self.lives[video].wanted
        return names

    def kept(self, now_us: int, keep_s: float) -> set[str]:
        """Files that videos were made of, or are being made of, within the last `keep_s` seconds."""
        fresh = (life for life in self.lives.values() if now_us - life.last_us < keep_s * US)
        return {name for life in fresh if life.shown or not life.ended for name in life.rest}
