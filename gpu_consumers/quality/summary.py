"""What the log says of quality: the middle of each figure by kind of scene, and what was odd. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from gpu_consumers.quality.watch import FIGURES, figures, kind
from schemas.base import Message
from schemas.envelope import Envelope
from schemas.quality import Group
from schemas.videos import AnomalyFound, PublishedVideo, SceneRendered, ScriptWritten

#: Of a video: its id, and which one.
Revision = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of scenes: how many were made, the median of each figure that they have, how many of them were odd."""

    kind: str
    scenes: int
    figures: dict[str, float]
    odd: int


@dataclass
class Summary:
    """Takes events, in any order and more than once; scenes that were reused count as what they are: made before."""

    anomalies: list[AnomalyFound] = field(default_factory=list)
    _clips: dict[str, set[tuple[Revision, str]]] = field(default_factory=lambda: defaultdict(set))  #: files, by model
    _flavors: dict[Revision, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _values: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    _scenes: Counter[str] = field(default_factory=Counter)

    def learn(self, event: Envelope[Message]) -> None:
        """Take in an event; one with the id of another is that one again."""
        data = event.data
        if isinstance(data, ScriptWritten | PublishedVideo):
            self._flavors[data.video_id, data.revision] = data.flavor
        if not isinstance(data, SceneRendered | AnomalyFound) or event.id in self._seen:
            return
        self._seen.add(event.id)
        if isinstance(data, AnomalyFound):
            self.anomalies.append(data)
        elif not data.reused:
            self._scenes[kind(data)] += 1
            self._clips[data.model].add(((data.video_id, data.revision), data.clip.name))
            for name, value in figures(data).items():
                self._values[kind(data)][name].append(value)

    def lines(self) -> list[Line]:
        """Those of which most were made first."""
        odd = Counter(one.kind for one in self.anomalies)
        return [
            Line(name, count, _middles(self._values[name]), odd[name])
            for name, count in sorted(self._scenes.items(), key=lambda item: (-item[1], item[0]))
        ]

    @property
    def sets(self) -> dict[tuple[Group, str], set[str]]:
        """Names of the clips' files, by model, and by flavor where the log says which: it may begin behind that."""
        found: dict[tuple[Group, str], set[str]] = defaultdict(set)
        for model, clips in self._clips.items():
            for video, name in clips:
                found[Group.MODEL, model].add(name)
                if flavor := self._flavors.get(video):
                    found[Group.FLAVOR, flavor].add(name)
        return dict(found)

    def newest(self, most: int) -> Iterable[AnomalyFound]:
        """The last ones, the newest first."""
        return sorted(self.anomalies, key=lambda one: -one.ts_us)[:most]


def _middles(values: dict[str, list[float]]) -> dict[str, float]:
    return {name: round(median(values[name]), 6) for name in FIGURES if values.get(name)}
