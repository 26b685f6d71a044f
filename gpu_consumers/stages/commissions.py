"""What a purchase needs of the scene stage: the log, where jobs are told and remembered, and the media store."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from gpu_consumers.hosted.orders import Order, Standing
from gpu_consumers.workshop import SOURCE, Workshop
from infra.contracts.slices import Slice
from infra.storage.artifacts import fingerprint
from schemas import base
from schemas.envelope import Envelope, caused_by
from schemas.errors import DecodeError
from schemas.tasks import RenderScene
from schemas.values import Artifact
from schemas.videos import SceneCommissioned
from schemas.works import Cost


class Bought(BaseModel):
    """What the index keeps of a bought clip."""

    clip: Artifact


class BoughtClips:
    """Bought clips in the media store."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    def kept(self, order: str) -> Artifact | None:
        """See `Shelf`."""
        found = self._shop.remembered(_index(order), Bought)
        return found.clip if found else None

    def keep(self, order: str, clip: Path, suffix: str) -> Artifact:
        """See `Shelf`."""
        kept = self._shop.blobs.put_file(clip, suffix)
        self._shop.remember(_index(order), Bought(clip=kept))
        return kept

    def path(self, clip: Artifact) -> Path:
        """Where it lies."""
        return self._shop.blobs.path(clip.name)


class SceneDesk(BoughtClips):
    """The desk of one scene task."""

    def __init__(self, shop: Workshop, cause: Envelope[RenderScene]) -> None:
        super().__init__(shop)
        self._cause = cause

    def tell(self, order: Order) -> None:
        """Publish SceneCommissioned, the same to the letter however often. Raises `UnavailableError`."""
        task, currency = self._cause.data, self._shop.settings.currency
        data = SceneCommissioned(
            video_id=task.video_id, revision=task.revision, ts_us=base.rising(task.after_us), scene_id=task.scene_id,
            scene_number=task.scene.scene_number, order=order.key, attempt=order.attempt, provider=order.provider,
            model=order.model, job=order.job, watch=order.watch, cost=Cost(amount=order.price, currency=currency),
        )  # fmt: skip
        step = f"scene-commissioned-{order.key}"
        event = caused_by(self._cause, data, source=SOURCE, step=step, index=order.attempt)
        self._shop.producer.publish_all([(self._shop.first(event), None)])

    def recall(self, order: str) -> Order | None:
        """What the log says of the order since the scene was asked for. Raises `UnavailableError`."""
        task, found = self._cause.data, None
        since, key = task.after_us // 1000, task.video_id.encode()
        with Slice(self._shop.settings.kafka_address, "video-events", since_ms=since, key=key) as part:
            for record in part:
                try:
                    data = record.decode().data
                except DecodeError:
                    continue
                if isinstance(data, SceneCommissioned) and data.order == order:
                    found = data if found is None or data.attempt >= found.attempt else found
        return _as_order(found) if found else None


def _index(order: str) -> str:
    return fingerprint(kind="bought", order=order)


def _as_order(data: SceneCommissioned) -> Order:
    return Order(
        key=data.order, attempt=data.attempt, provider=data.provider, model=data.model, price=data.cost.amount,
        asked_at=data.ts_us / 1e6, standing=Standing.OPEN, job=data.job, watch=data.watch, told=True,
    )  # fmt: skip
