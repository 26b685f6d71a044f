"""Drawing a scene: its footage found, then by the backend that its flavor (or its task) names, or by what it falls
back to."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel

from gpu_consumers import backends
from gpu_consumers.cost import Meter
from gpu_consumers.errors import BackendError, TransientBackendError, UnwantedError
from gpu_consumers.footage.find import files, footage_for
from gpu_consumers.ports import Clip, Progress, SceneRenderer, SceneSpec, Urgency
from gpu_consumers.quality.likeness import likeness
from gpu_consumers.scenes.chain import Attempt, first_good
from gpu_consumers.scheduling.policy import ORDER
from gpu_consumers.stages.commissions import SceneDesk
from gpu_consumers.stages.marks import mark_of
from gpu_consumers.workshop import Workshop
from infra.errors import NotFoundError, explained
from infra.flavors import Flavor
from infra.storage.artifacts import fingerprint
from infra.telemetry import logs
from schemas.envelope import Envelope
from schemas.footage import Footage
from schemas.tasks import RenderScene, VideoTask
from schemas.values import Artifact, Rendition
from schemas.videos import Fallback, Stage
from schemas.works import ClipQuality, Cost, RenderWork

log = logs.get("drawing")


class Drawn(BaseModel):
    """What the index keeps of a clip."""

    clip: Artifact
    look: str
    model: str
    seed: int
    footage: Footage | None = None
    renditions: tuple[Rendition, ...] = ()
    fallbacks: tuple[Fallback, ...] = ()
    quality: ClipQuality | None = None


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
    by name has no substitute. Footage and charts are shown by the procedural one. Raises `BackendError`.
    """
    task = cause.data
    shown = footage_for(shop, flavor, task.scene, task.title, task.seed)
    spec = with_files(shop, flavor, replace(spec, footage=shown.footage))
    charted = task.scene.chart is not None and not task.model
    backend = backends.PROCEDURAL if shown.footage or charted else flavor.scene_backend
    try:
        made = _draw(shop, cause, backend, spec)
    except TransientBackendError:
        raise
    except BackendError as error:
        if backend == backends.PROCEDURAL or task.model:
            raise
        log.warning("scene backend failed", backend=backend, reason=str(error), hint=error.hint)
        told = Fallback(backend=backend, reason=explained(error))
        made = _draw(shop, cause, backends.PROCEDURAL, spec)
        made = replace(made, fallbacks=(told, *made.fallbacks))
    return replace(made, fallbacks=(*shown.fallbacks, *made.fallbacks))


def with_files(shop: Workshop, flavor: Flavor, spec: SceneSpec) -> SceneSpec:
    """The spec with its footage and the flavor's mark at hand. Raises `BackendError`."""
    mark = mark_of(shop, flavor)
    local = files(shop, spec.footage) | ({mark.name: shop.blobs.path(mark.name)} if mark else {})
    return replace(spec, mark=mark, files=local)


def _draw(shop: Workshop, cause: Envelope[RenderScene], backend: str, spec: SceneSpec) -> Picture:
    """Raises `UnwantedError` with what it has cost: the voice has told its own."""
    meter = Meter(shop.settings)
    if backend == backends.PROCEDURAL:  # it takes no notice of them: another choice of either is no other picture
        spec = replace(spec, styles=(), guidance=None)
    try:
        return _found_or_made(shop, cause, backend, spec, meter)
    except UnwantedError as error:
        error.cost = meter.read(gpu_seconds=error.gpu_seconds, gpu_joules=error.gpu_joules)
        raise


def _found_or_made(
    shop: Workshop, cause: Envelope[RenderScene], backend: str, spec: SceneSpec, meter: Meter
) -> Picture:
    desk, tell = SceneDesk(shop, cause), shop.progress(cause, Stage.SCENE)
    waiting = replace(urgency(cause.data), expect=tell.expect)
    renderer = backends.renderer(backend, shop.settings, waiting, desk, draft=cause.data.draft)
    key = fingerprint(kind="scene", spec=spec.inputs(), renderer=renderer.fingerprint())
    if kept := shop.remembered(key, Drawn):
        return _reused(kept, renderer, meter)
    # Another worker may be at the very same scene: then its clip serves here, too.
    with shop.index.alone(key, ORDER.index(cause.data.lane)):
        if kept := shop.remembered(key, Drawn):
            return _reused(kept, renderer, meter)
        drawn, clip = _render(shop, tell, renderer, spec)
        if not cause.data.draft and (draft := _draft(shop, cause, backend, spec)):
            drawn = drawn.model_copy(update={"quality": compared(shop, drawn, draft)})
        if not clip.details.get("squeezed"):  # for want of memory: the next time it may be whole
            shop.remember(key, drawn)
    spent = {name: clip.details.get(name, 0.0) for name in ("gpu_seconds", "gpu_joules")}
    return Picture(
        drawn=drawn, backend=renderer.name, cost=meter.read(**spent), reused=False, work=clip.details.get("work"),
        fallbacks=(*drawn.fallbacks, *clip.details.get("fallbacks", ())),
    )  # fmt: skip


def _reused(kept: Drawn, renderer: SceneRenderer, meter: Meter) -> Picture:
    return Picture(drawn=kept, backend=renderer.name, cost=meter.read(), reused=True, fallbacks=kept.fallbacks)


def _render(shop: Workshop, tell: Progress, renderer: SceneRenderer, spec: SceneSpec) -> tuple[Drawn, Clip]:
    with tempfile.TemporaryDirectory(prefix="scene-") as folder:
        made = first_good(renderer, spec, Path(folder) / "clip.mp4", tell)
        return kept_as(shop, made, renderer.name), made.clip


def _draft(shop: Workshop, cause: Envelope[RenderScene], backend: str, spec: SceneSpec) -> Drawn | None:
    """What the same model made of the same scene in few steps, if it did."""
    few = backends.renderer(backend, shop.settings, urgency(cause.data), draft=True)
    if few.name == backends.PROCEDURAL:
        return None
    return shop.remembered(fingerprint(kind="scene", spec=spec.inputs(), renderer=few.fingerprint()), Drawn)


def compared(shop: Workshop, drawn: Drawn, draft: Drawn) -> ClipQuality | None:
    """The figures of a clip, with how like it is to its draft. A draft that cannot be read is none."""
    if drawn.quality is None:
        return None
    try:
        psnr, ssim = likeness(*(shop.blobs.path(smallest(each).name) for each in (drawn, draft)))
    except (BackendError, NotFoundError) as error:
        log.warning("not compared with its draft", clip=drawn.clip.name, reason=str(error))
        return drawn.quality
    return drawn.quality.model_copy(update={"reference": "draft", "psnr_db": psnr, "ssim": ssim})


def smallest(drawn: Drawn) -> Artifact:
    """The version of a clip that is decoded soonest."""
    return min(drawn.renditions, key=lambda small: small.width).artifact if drawn.renditions else drawn.clip


def kept_as(shop: Workshop, made: Attempt, backend: str) -> Drawn:
    """What was drawn, in the media store."""
    return Drawn(
        clip=shop.blobs.put_file(made.clip.path, "mp4"),
        look=made.clip.look,
        model=str(made.clip.details.get("model", backend)),
        seed=made.spec.seed,
        footage=made.spec.footage,
        renditions=tuple(
            Rendition(artifact=shop.blobs.put_file(small.path, "mp4"), width=small.width, height=small.height)
            for small in made.clip.renditions
        ),
        fallbacks=made.fallbacks,
        quality=made.clip.quality,
    )


def urgency(task: VideoTask) -> Urgency:
    """How much somebody waits for what the task is part of."""
    return Urgency(lane=task.lane, deadline=task.deadline_us / 1e6 if task.deadline_us else None)
