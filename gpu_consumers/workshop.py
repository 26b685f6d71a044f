"""What every stage works with: settings, media store, artefact index, producer, and the means to report progress."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from gpu_consumers.quality.alerts import Alerts
from gpu_consumers.telling import SOURCE as SOURCE
from gpu_consumers.telling import Teller
from gpu_consumers.wanted import Wanted
from infra.kafka.producer import EventProducer
from infra.settings import Settings
from infra.storage.artifacts import ArtifactIndex, fingerprint
from infra.storage.blobs import BlobStore
from infra.telemetry import logs
from schemas import base
from schemas.envelope import Envelope
from schemas.tasks import VideoTask
from schemas.topics import DEAD, RETRIES, TASKS
from schemas.values import Artifact
from schemas.videos import Stage

R = TypeVar("R", bound=BaseModel)
M = TypeVar("M", bound=base.Message)

log = logs.get("workshop")

#: How long a task may come again: it, as a dead letter, and sent back. What it led to is kept for so many seconds.
AGAIN_S = sum(max(topic.retention_ms for topic in topics) for topics in (TASKS, DEAD, RETRIES)) // 1000


def until(seconds: float) -> int:
    """When what is kept for so long goes, in seconds since the epoch."""
    return int(time.time() + seconds)


class CacheKind(StrEnum):
    """Kinds of results that are kept, each for a time of its own."""

    SCRIPT = "script"
    VOICE = "voice"
    VIDEO = "video"


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The tools of one worker process."""

    settings: Settings
    blobs: BlobStore
    index: ArtifactIndex
    producer: EventProducer
    name: str  #: of the worker, for events and logs
    alerts: Alerts = field(default_factory=Alerts)
    wanted: Wanted = field(default_factory=Wanted)

    def remembered(self, key: str, model: type[R]) -> R | None:
        """The result kept under a fingerprint, while its time is not over and all its blobs are still there."""
        kept = self.index.get(key)
        if kept is None or not time.time() < kept.get("until", 0):
            return None
        try:
            result = model.model_validate(kept["result"])
        except (KeyError, ValidationError):
            return None
        return result if self.whole(result) else None

    def remember(self, key: str, result: BaseModel, kind: CacheKind = CacheKind.VIDEO) -> None:
        """Keep a result under its fingerprint, for as long as the settings say for its kind."""
        over = until(getattr(self.settings, f"cache_{kind.value}_s"))
        self.index.put(key, {"kind": kind.value, "until": over, "result": result.model_dump(mode="json")})

    def first(self, made: Envelope[M]) -> Envelope[M]:
        """The event as it was made the first time, if it was made before and its blobs are still there.

        For what is told in the middle of a task; see `once` for what a task leads to.
        """
        key = fingerprint(kind="event", id=made.id)
        said = {"time": made.time.isoformat(), "data": made.data.model_dump(mode="json"), "until": until(AGAIN_S)}
        try:
            kept = self.index.keep(key, said)
            data = type(made.data).model_validate(kept["data"])
            if self.whole(data):
                return replace(made, data=data, time=datetime.fromisoformat(kept["time"]))
        except (KeyError, TypeError, ValueError):
            log.warning("made anew: what was kept of the first time cannot be read", of=made.id)
        self.index.put(key, said)
        return made

    def whole(self, result: BaseModel) -> bool:
        """Whether the store still has every blob that a result names."""
        return all(map(self.blobs.hold, artifacts(result)))

    def progress(self, cause: Envelope[VideoTask], stage: Stage) -> Teller:
        """A callback that tells `render-progress`, and disturbs the work that calls it only where nobody wants it any
        more: it then raises `UnwantedError`."""
        return Teller(cause, stage, self.producer, self.wanted)


def artifacts(value: object) -> Iterator[Artifact]:
    """Every blob that a result names, however deep."""
    if isinstance(value, Artifact):
        yield value
    elif isinstance(value, BaseModel):
        yield from (found for each in dict(value).values() for found in artifacts(each))
    elif isinstance(value, tuple):
        yield from (found for each in value for found in artifacts(each))
