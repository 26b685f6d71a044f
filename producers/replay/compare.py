"""What differs between two revisions: script, scenes, looks, cost. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from difflib import unified_diff
from typing import Any

from producers.replay.history import Revision
from schemas.scripts import Script
from schemas.works import Cost


@dataclass(frozen=True, kw_only=True)
class SceneChange:
    """One scene in both. `state`: same (the same bytes), changed, added, removed."""

    scene_number: int
    state: str
    reused: bool  #: the later one cost nothing: it was in the artefact cache
    voices: tuple[str | None, str | None]
    looks: tuple[str | None, str | None]
    models: tuple[str | None, str | None]
    seeds: tuple[int | None, int | None]
    duration_ms: tuple[int | None, int | None]
    same_sound: bool


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two revisions of a video, side by side."""

    revisions: tuple[int, int]
    script: list[str]
    scenes: list[SceneChange]
    costs: tuple[Cost, Cost]
    flavors: tuple[str | None, str | None]
    same_file: bool

    def as_json(self) -> dict[str, Any]:
        """For people and scripts."""
        return asdict(self) | {"costs": [cost.model_dump() for cost in self.costs]}


def compare(one: Revision, two: Revision) -> Difference:
    """From `one` to `two`."""
    numbers = sorted({*one.scenes, *two.scenes})
    shown = (one.published, two.published)
    return Difference(
        revisions=(one.number, two.number),
        script=script_diff(one, two),
        scenes=[_scene(number, one, two) for number in numbers],
        costs=(one.cost, two.cost),
        flavors=(_flavor(one), _flavor(two)),
        same_file=bool(shown[0] and shown[1] and shown[0].video.sha256 == shown[1].video.sha256),
    )


def script_diff(one: Revision, two: Revision) -> list[str]:
    """Lines as `diff -u` has them; none where both say the same."""
    before, now = (_lines(revision.script.script) if revision.script else [] for revision in (one, two))
    names = (f"revision {one.number}", f"revision {two.number}")
    return list(unified_diff(before, now, names[0], names[1], lineterm="", n=1))


def _lines(script: Script) -> list[str]:
    head = [f"title: {script.title}", f"archetype: {script.archetype}", f"mood: {script.mood}"]
    for scene in script.scenes:
        head.append(f"{scene.scene_number} {scene.beat}: {scene.narration}")
        head += [f"  on screen: {scene.on_screen_text}"] if scene.on_screen_text else []
        head.append(f"  seen: {scene.visuals}")
    return head


def _scene(number: int, one: Revision, two: Revision) -> SceneChange:
    first, second = one.scenes.get(number), two.scenes.get(number)
    spoken = (one.voices.get(number), two.voices.get(number))
    if first and second:
        state = "same" if first.clip.sha256 == second.clip.sha256 else "changed"
    else:
        state = "added" if second else "removed"
    return SceneChange(
        scene_number=number,
        state=state,
        reused=bool(second and second.reused and spoken[1] and spoken[1].reused),
        voices=(spoken[0].voice if spoken[0] else None, spoken[1].voice if spoken[1] else None),
        looks=(first.look if first else None, second.look if second else None),
        models=(first.model if first else None, second.model if second else None),
        seeds=(first.seed if first else None, second.seed if second else None),
        duration_ms=(first.duration_ms if first else None, second.duration_ms if second else None),
        same_sound=bool(first and second and first.audio == second.audio),
    )


def _flavor(revision: Revision) -> str | None:
    return revision.script.flavor if revision.script else None
