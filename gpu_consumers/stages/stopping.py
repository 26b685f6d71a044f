"""Work that nobody wants any more: not begun, or given up at its next step; what it had cost is told all the same."""

from __future__ import annotations

from collections.abc import Callable

from gpu_consumers.cost import Meter
from gpu_consumers.errors import UnwantedError
from gpu_consumers.workshop import SOURCE, Workshop
from infra.telemetry import logs, metrics
from schemas import base
from schemas.envelope import Envelope, caused_by
from schemas.tasks import RenderScene, VideoTask
from schemas.videos import Stage, WorkStopped
from schemas.works import Cost

log = logs.get("stopping")

Events = list[Envelope[base.Message]]


def while_wanted(shop: Workshop, cause: Envelope[VideoTask], stage: Stage, work: Callable[[], Events]) -> Events:
    """What `work` leads to; WorkStopped where it was given up half-way, nothing where it was not begun."""
    meter = Meter(shop.settings)
    try:
        shop.wanted.check(cause.data)
    except UnwantedError as error:
        log.info("not begun", video=cause.data.video_id, stage=stage.value, why=str(error))
        return []
    try:
        return work()
    except UnwantedError as error:
        metrics.STOPPED.labels(stage=stage.value).inc()
        log.info("given up", video=cause.data.video_id, stage=stage.value, fraction=error.fraction, why=str(error))
        return [_stopped(cause, stage, error, error.cost or meter.read())]


def _stopped(
    cause: Envelope[VideoTask], stage: Stage, error: UnwantedError, cost: Cost
) -> Envelope[base.Message]:  # fmt: skip
    task = cause.data
    scene = task if isinstance(task, RenderScene) else None
    data = WorkStopped(
        video_id=task.video_id, revision=task.revision, ts_us=base.rising(task.after_us), stage=stage,
        scene_id=scene.scene_id if scene else None, scene_number=scene.scene.scene_number if scene else None,
        fraction=round(error.fraction, 4), why=str(error)[:2000], cost=cost,
    )  # fmt: skip
    return caused_by(cause, data, source=SOURCE, step="stopped")
