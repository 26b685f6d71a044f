"""How good what is made is: figures by model and by flavor, what was odd, how far from a reference. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from query_api.caches import Lru
from schemas.base import Message
from schemas.quality import DistanceMeasured, Group
from schemas.videos import AnomalyFound, PublishedVideo, SceneRendered, ScriptWritten

#: What is shown of a scene, as `ClipQuality` names it.
FIGURES = ("sharpness", "flicker", "psnr_db", "ssim")
#: Scenes of a group whose figures are held, groups, videos whose flavor is known, and anomalies that are shown.
SCENES, GROUPS, VIDEOS, ANOMALIES = 256, 200, 20_000, 10


@dataclass
class Made:
    """Scenes of one model, or of one flavor."""

    scenes: int = 0
    odd: int = 0
    distance: DistanceMeasured | None = None  #: the newest
    _values: dict[str, deque[float]] = field(default_factory=dict)

    def take(self, scene: SceneRendered) -> None:
        """One more was made."""
        self.scenes += 1
        for name in FIGURES:
            if (value := getattr(scene.quality, name, None)) is not None:
                self._values.setdefault(name, deque(maxlen=SCENES)).append(value)

    def measured(self, distance: DistanceMeasured) -> None:
        """Its clips were compared with a reference; the newest counts."""
        if self.distance is None or distance.ts_us >= self.distance.ts_us:
            self.distance = distance

    @property
    def middles(self) -> dict[str, float]:
        """Of the last scenes: the median of each figure that they have."""
        return {name: median(values) for name, values in self._values.items()}


class Quality:
    """Takes events, each once. Bounded: the groups heard of longest ago go first."""

    def __init__(self) -> None:
        self.anomalies: deque[AnomalyFound] = deque(maxlen=ANOMALIES)
        self._groups: Lru[tuple[Group, str], Made] = Lru(GROUPS)
        self._flavors: Lru[tuple[str, int], str] = Lru(VIDEOS)

    def learn(self, event: Message) -> None:
        """Take in an event; most have nothing to say."""
        match event:
            case ScriptWritten() | PublishedVideo():
                self._flavors.put((event.video_id, event.revision), event.flavor)
            case SceneRendered() if not event.reused:
                for made in self._of(event):
                    made.take(event)
            case AnomalyFound():
                self.anomalies.append(event)
                for made in self._of(event):
                    made.odd += 1
            case DistanceMeasured():
                self._group(event.group, event.name).measured(event)

    def _of(self, event: SceneRendered | AnomalyFound) -> Iterator[Made]:
        """The groups of a scene: its model, and its flavor where the log says which."""
        yield self._group(Group.MODEL, event.model)
        if flavor := self._flavors.get((event.video_id, event.revision)):
            yield self._group(Group.FLAVOR, flavor)

    def _group(self, group: Group, name: str) -> Made:
        return self._groups.get((group, name)) or self._groups.put((group, name), Made())

    def groups(self) -> list[tuple[Group, str, Made]]:
        """Models first, then flavors, by name."""
        return sorted(
            ((group, name, made) for (group, name), made in self._groups.items()),
            key=lambda one: (one[0] is not Group.MODEL, one[1]),
        )
