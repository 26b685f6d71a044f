"""Drawing a scene with the backend that its flavor (or its task) names, or with what it falls back to."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel

from gpu_consumers import backends
from gpu_consumers.cost import Meter
from gpu_consumers.errors import BackendError, TransientBackendError
from gpu_consumers.ports import Clip, SceneRenderer, SceneSpec, Urgency
from gpu_consumers.workshop import Workshop
from infra.flavors import Flavor
from infra.storage.artifacts import fingerprint
from infra.telemetry import logs
from schemas.envelope import Envelope
from schemas.tasks import RenderScene
from schemas.values import Artifact, Cost, RenderWork
from schemas.videos import Fallback, Stage

log = logs.get("drawing")


class Drawn(BaseModel):
    """What the index keeps of a clip."""

    clip: Artifact
    look: str
    model: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A clip, and how it came to be."""

    drawn: Drawn
    backend: str
    cost: Cost
    reused: bool
    work: RenderWork | None = None
    fallbacks: tuple[Fallback, ...] = ()


def draw(shop: Workshop, cause: Envelope[RenderScene], flavor: Flavor, spec: SceneSpec) -> Picture:
    """The scene's picture, from the index where it is known.

    Where the flavor's backend cannot do it, the procedural one does, and the event says so; a model that was asked for
    by name has no substitute. Raises `BackendError`.
    """
    try:
        return _draw(shop, cause, flavor.scene_backend, spec)
    except TransientBackendError:
        raise
    except BackendError as error:
        if flavor.scene_backend == backends.PROCEDURAL or cause.data.model:
            raise
        log.warning("scene backend failed", backend=flavor.scene_backend, reason=str(error), hint=error.hint)
        told = Fallback(backend=flavor.scene_backend, reason=str(error)[:2000])
    return replace(_draw(shop, cause, backends.PROCEDURAL, spec), fallbacks=(told,))


def _draw(shop: Workshop, cause: Envelope[RenderScene], backend: str, spec: SceneSpec) -> Picture:
    meter, renderer = Meter(shop.settings), backends.renderer(backend, shop.settings, _urgency(cause.data))
    key = fingerprint(kind="scene", spec=vars(spec), renderer=renderer.fingerprint())
    if kept := shop.remembered(key, Drawn):
        return Picture(drawn=kept, backend=renderer.name, cost=meter.read(), reused=True)
    drawn, clip = _render(shop, cause, renderer, spec)
    shop.remember(key, drawn)
    spent = {name: clip.details.get(name, 0.0) for name in ("gpu_seconds", "gpu_joules")}
    work = clip.details.get("work")
    return Picture(drawn=drawn, backend=renderer.name, cost=meter.read(**spent), reused=False, work=work)


def _render(
    shop: Workshop, cause: Envelope[RenderScene], renderer: SceneRenderer, spec: SceneSpec
) -> tuple[Drawn, Clip]:
    with tempfile.TemporaryDirectory(prefix="scene-") as folder:
        clip = renderer.render(spec, Path(folder) / "clip.mp4", shop.progress(cause, Stage.SCENE))
        model = str(clip.details.get("model", renderer.name))
        return Drawn(clip=shop.blobs.put_file(clip.path, "mp4"), look=clip.look, model=model), clip


def _urgency(task: RenderScene) -> Urgency:
    return Urgency(lane=task.lane, deadline=task.deadline_us / 1e6 if task.deadline_us else None)
