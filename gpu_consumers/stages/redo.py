"""What did not pass its gates is made once more, with another seed."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gpu_consumers import backends
from gpu_consumers.errors import BackendError
from gpu_consumers.ports import Failure, SceneRenderer, SceneSpec
from gpu_consumers.scenes.chain import first_good
from gpu_consumers.stages.drawing import Drawn, kept_as, urgency, with_files
from gpu_consumers.stages.specs import BREATH_MS, scene_spec
from gpu_consumers.workshop import Workshop
from infra.flavors import Flavor
from infra.telemetry import logs
from schemas import ids
from schemas.scripts import Scene
from schemas.tasks import AssembleVideo, ScenePart

log = logs.get("redo")

#: Faults of the sound alone: no picture has to be drawn again for them.
HEARD = frozenset(["silence", "loudness"])


def other_seed(seed: int) -> int:
    """The seed of the second try. The same fault always leads to the same one."""
    return ids.seed(f"{seed}/redo")


def faulty(parts: Sequence[ScenePart], wrong: Sequence[Failure]) -> frozenset[int]:
    """Numbers of the scenes that have to be drawn again: those in which a fault was seen; all, where none can be told.
    Pure."""
    seen = [failure for failure in wrong if failure.gate not in HEARD]
    if not seen:
        return frozenset()
    if any(failure.at_s is None for failure in seen):
        return frozenset(part.scene_number for part in parts)
    return frozenset(part.scene_number for failure in seen for part in [_at(parts, failure.at_s or 0.0)])


def _at(parts: Sequence[ScenePart], seconds: float) -> ScenePart:
    end = 0.0
    for part in parts:
        end += part.duration_ms / 1000
        if seconds < end - 0.005:  # times of frames are rounded
            return part
    return parts[-1]


def redrawn(shop: Workshop, task: AssembleVideo, flavor: Flavor, wrong: Sequence[Failure]) -> tuple[ScenePart, ...]:
    """The parts, with other pictures where a fault was seen. Raises `BackendError`."""
    again = faulty(task.parts, wrong)
    scenes = {scene.scene_number: scene for scene in task.script.scenes}
    return tuple(
        drawn_again(shop, task, flavor, part, scenes[part.scene_number], other_seed(part.seed))
        if part.scene_number in again
        else part
        for part in task.parts
    )


def drawn_again(
    shop: Workshop, task: AssembleVideo, flavor: Flavor, part: ScenePart, scene: Scene, seed: int
) -> ScenePart:  # fmt: skip
    """A part with the picture that this seed gives: with its own, what it was. Raises `BackendError`."""
    spec = scene_spec(
        scene,
        scene_count=len(task.script.scenes),
        title=task.script.title,
        language=task.script.language,
        flavor=flavor,
        words=part.words,
        spoken_ms=part.duration_ms - BREATH_MS,
        seed=seed,
    )
    spec = with_files(shop, flavor, replace(spec, footage=part.footage))
    plain = spec.footage or scene.chart or (seed == part.seed and part.backend == backends.PROCEDURAL)
    made, backend = _drawn(shop, task, flavor, spec, backends.PROCEDURAL if plain else flavor.scene_backend)
    changed = {name: value for name, value in dict(made).items() if name in ScenePart.model_fields}
    return part.model_copy(update=changed | {"backend": backend})


def _drawn(
    shop: Workshop, task: AssembleVideo, flavor: Flavor, spec: SceneSpec, backend: str
) -> tuple[Drawn, str]:  # fmt: skip
    """By this backend; where it does not, on the CPU. The process may have no device."""
    if backend != backends.PROCEDURAL:
        try:
            return _by(shop, backends.renderer(backend, shop.settings, urgency(task), draft=task.draft), spec)
        except BackendError as error:  # also one that may pass: the video is late already
            log.warning("scene backend failed", backend=backend, reason=str(error), hint=error.hint)
    return _by(shop, backends.renderer(backends.PROCEDURAL, shop.settings), spec)


def _by(shop: Workshop, renderer: SceneRenderer, spec: SceneSpec) -> tuple[Drawn, str]:
    with tempfile.TemporaryDirectory(prefix="redo-") as folder:
        made = first_good(renderer, spec, Path(folder) / "clip.mp4", _untold)
        return kept_as(shop, made, renderer.name), renderer.name


def _untold(_fraction: float, _preview: bytes | None) -> None: ...
