"""The frames of a scene from those that its model has made: by the manifest's networks in a second turn on the device,
by classical filters beside the turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av

from gpu_consumers.errors import BackendError
from gpu_consumers.estimates.model import afterwards
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.enlarging import Enlarged, Order, carried_out, classically, ordered
from gpu_consumers.generation.manifest import GIB, Manifest
from gpu_consumers.generation.post import Pictures, interpolator
from gpu_consumers.generation.shapes import timeline
from gpu_consumers.ports import Progress, SceneSpec
from gpu_consumers.scheduling.places import Heed, Turn
from gpu_consumers.scheduling.work import Request
from infra.storage.artifacts import fingerprint
from infra.telemetry import logs
from schemas.videos import Fallback
from schemas.works import RenderWork

log = logs.get("generation")


@dataclass
class SecondTurn:
    """For one clip. `turn` and `took`: its own, none where it needed none or another thread was asked the same;
    `plain` says why a classical filter took a network's place."""

    device: Device
    manifest: Manifest
    first: Request  #: the one that the model's frames were made for
    deadline: float | None
    heed: Heed
    turns: dict[int, tuple[Turn, int]]  #: that the clip pays for, by how many clips each is shared
    turn: Turn | None = None
    took: dict[str, Any] = field(default_factory=dict)
    plain: list[Fallback] = field(default_factory=list)

    def frames(self, pictures: Pictures, spec: SceneSpec, out: Path, progress: Progress) -> Iterator[av.VideoFrame]:
        """The scene's frames, of its size. Raises `UnwantedError`, and `UnavailableError` when the worker stops."""
        post = self.manifest.post
        times = timeline(len(pictures), self.manifest.fps, spec.frames, spec.fps)
        try:
            with self.device.models.using(self.manifest.name):
                networks = self.device.networks(self.manifest.name)
                self.plain += networks.fallbacks
                if networks.label:
                    order = ordered(networks, post, pictures, times, spec.size, out.parent)
                    return self._enlarged(order, progress).frames(post, spec.size)
        except (BackendError, RuntimeError) as error:  # the device has tested itself after an error of torch's
            log.warning("classical filters take the place of networks", model=self.manifest.name, reason=str(error))
            self.plain.append(Fallback(backend=post.label, reason=str(error)[:500]))
        return classically(interpolator(post).at(pictures, times), post, spec.size)

    def _enlarged(self, order: Order, progress: Progress) -> Enlarged:
        """Made by this thread, or by another that was asked the same."""
        work = afterwards(self.first.work, order.networks.label, order.count)

        def make(turn: Turn, items: Sequence[tuple[Order, Progress]]) -> list[Enlarged]:
            (asked, progress), *_ = items
            self.turn = turn
            self.turns[id(turn)] = turn, 1
            made = carried_out(asked, turn, lambda part: progress(part, None))
            self.device.learn_post(work, made.seconds)
            self.took = {"post": work.post, "post_frames": work.frames, "post_s": made.seconds}
            return [made]

        request = Request(
            key=fingerprint(kind="networks", frames=self.first.key), work=work, lane=self.first.lane,
            peak=int(self.manifest.post.peak * GIB), deadline=self.deadline, batch_most=1,
        )  # fmt: skip
        return self.device.run(request, (order, progress), make, self.heed)

    def told(self, work: RenderWork) -> RenderWork:
        """What the frames took, and what was done with them then."""
        if self.turn is None:
            return work
        waited, preempted = work.waited_s + self.turn.waited_s, work.preemptions + self.turn.preemptions
        return work.model_copy(update={**self.took, "waited_s": waited, "preemptions": preempted})
