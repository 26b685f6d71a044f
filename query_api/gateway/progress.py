"""How far a video is, over all of its stages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from schemas.videos import Stage

Parts = Mapping[tuple[Stage, int], float]

#: Share of each stage in the whole, as measured on the CPU renderer; scenes and voices are divided among the scenes.
WEIGHTS: dict[Stage, float] = {
    Stage.MODERATION: 0.02,
    Stage.SCRIPT: 0.06,
    Stage.VOICE: 0.12,
    Stage.SCENE: 0.65,
    Stage.ASSEMBLY: 0.15,
}
ORDER = tuple(WEIGHTS)
_PER_SCENE = frozenset({Stage.VOICE, Stage.SCENE})


def overall(parts: Parts, scene_count: int) -> float:
    """The fraction done, 0 to 1. A stage that has begun means that the whole-video stages before it are over."""
    reached = max((ORDER.index(stage) for stage, _ in parts), default=0)
    return round(sum(WEIGHTS[stage] * _share(stage, parts, scene_count, reached) for stage in ORDER), 4)


def _share(stage: Stage, parts: Parts, scene_count: int, reached: int) -> float:
    passed = ORDER.index(stage) < reached
    if passed and (stage not in _PER_SCENE or ORDER[reached] is Stage.ASSEMBLY):
        return 1.0
    done = sum(fraction for (name, _), fraction in parts.items() if name is stage)
    return min(1.0, done / scene_count if stage in _PER_SCENE else done)


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of one revision. It never goes back."""

    parts: Parts = field(default_factory=dict)
    scene_count: int = 1
    fraction: float = 0.0

    def advanced(self, stage: Stage, fraction: float, scene: int = 0, scene_count: int | None = None) -> Progress:
        """The same with one part at least `fraction` done."""
        key = (stage, scene)
        parts = {**self.parts, key: max(fraction, self.parts.get(key, 0.0))}
        count = max(self.scene_count, scene_count or 1)
        return replace(
            self, parts=parts, scene_count=count, fraction=max(self.fraction, overall(parts, count))
        )  # fmt: skip
