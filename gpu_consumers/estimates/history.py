"""What a device's clips took before this process began, from the log."""

from __future__ import annotations

import time
from collections.abc import Callable

from infra.contracts.slices import Slice
from infra.errors import SwipestreamError
from infra.kafka.records import Raw
from infra.telemetry import logs
from schemas.codec import PREFIX
from schemas.errors import DecodeError
from schemas.topics import DAY_MS
from schemas.videos import SceneRendered
from schemas.works import RenderWork

log = logs.get("estimates")
#: Older clips tell of other drivers and other code.
SINCE_MS = 7 * DAY_MS
_KIND = f"{PREFIX}{SceneRendered.TYPE}".encode()


def recall(bootstrap: str, device: str, learn: Callable[[RenderWork], None]) -> int:
    """Teach a cost model what the log of the last week says of a device; how many clips that were."""
    count = 0

    def told(event: SceneRendered) -> None:
        nonlocal count
        if event.work and event.work.device == device:
            learn(event.work)
            count += 1

    scenes(bootstrap, int(time.time() * 1000) - SINCE_MS, told)
    log.info("learned from the log", device=device, clips=count)
    return count


def scenes(bootstrap: str, since_ms: int, told: Callable[[SceneRendered], object]) -> int:
    """Tell of every scene that was rendered since then; how many there were.

    Without a broker, or a log, nothing is told and nothing is lost.
    """
    count = 0
    try:
        with Slice(bootstrap, "video-events", since_ms=since_ms) as part:
            for record in filter(_rendered, part):
                try:
                    data = record.decode().data
                except DecodeError:
                    continue
                if isinstance(data, SceneRendered):
                    told(data)
                    count += 1
    except SwipestreamError as error:
        log.info("what was before is not known", reason=str(error))
    return count


def _rendered(record: Raw) -> bool:
    """By its header alone: most of the log is something else."""
    return ("ce_type", _KIND) in record.headers
