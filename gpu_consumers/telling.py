"""How far a piece of work is, and when it will be there: told to `render-progress`, now and then."""

from __future__ import annotations

import base64
import contextlib
import time

from gpu_consumers.errors import UnwantedError
from gpu_consumers.wanted import Wanted
from infra.errors import UnavailableError
from infra.kafka.producer import EventProducer
from schemas import base
from schemas.envelope import Envelope, caused_by
from schemas.progress import RenderProgress
from schemas.tasks import RenderScene, VideoTask
from schemas.videos import Stage

SOURCE = "/workers"
#: Progress is told at most this often, in seconds.
TELL_EVERY_S = 0.25
#: The largest picture that fits into a record, in bytes.
LARGEST = 45_000


class Teller:
    """The `Progress` of one piece of work. Called by the thread that does it."""

    def __init__(self, cause: Envelope[VideoTask], stage: Stage, producer: EventProducer, wanted: Wanted) -> None:
        self._cause, self._stage, self._producer, self._wanted = cause, stage, producer, wanted
        self._fraction = self._told_at = 0.0
        self._ready_at: float | None = None

    def __call__(self, fraction: float, preview: bytes | None = None) -> None:
        """It is so far, 0 to 1. Raises `UnwantedError`, and nothing else."""
        self._fraction = min(1.0, max(0.0, fraction))
        self._check()
        now = time.monotonic()
        if now - self._told_at < TELL_EVERY_S and 0 < fraction < 1:
            return
        self._told_at = now
        data = self._progress(preview, None if self._ready_at is None else max(0.0, self._ready_at - now))
        told = caused_by(
            self._cause, data, source=SOURCE, step=f"progress-{self._stage}", index=time.time_ns()
        )  # fmt: skip
        # Only the newest progress matters, and there will be a newer one.
        with contextlib.suppress(UnavailableError):
            self._producer.send(told)

    def expect(self, seconds: float | None) -> None:
        """It will be there in so many seconds; None: that is not known any more. Raises as above."""
        self._ready_at = None if seconds is None else time.monotonic() + seconds
        self(self._fraction)

    def _check(self) -> None:
        try:
            self._wanted.check(self._cause.data)
        except UnwantedError as error:
            error.fraction = self._fraction
            raise

    def _progress(self, preview: bytes | None, left_s: float | None) -> RenderProgress:
        task = self._cause.data
        scene = task if isinstance(task, RenderScene) else None
        return RenderProgress(
            video_id=task.video_id, revision=task.revision, stage=self._stage,
            scene_number=scene.scene.scene_number if scene else None, scene_count=scene.scene_count if scene else None,
            fraction=self._fraction, left_s=None if left_s is None else round(left_s, 1),
            preview=base64.b64encode(preview).decode() if preview and len(preview) < LARGEST else None,
            ts_us=base.now_us(),
        )  # fmt: skip
