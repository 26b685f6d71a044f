"""What a device's clips took before this process began, from the log."""

from __future__ import annotations

import time
from collections.abc import Callable

from infra.contracts.slices import Slice
from infra.errors import SwipestreamError
from infra.telemetry import logs
from schemas.errors import DecodeError
from schemas.topics import DAY_MS
from schemas.values import RenderWork
from schemas.videos import SceneRendered

log = logs.get("estimates")
#: Older clips tell of other drivers and other code.
SINCE_MS = 7 * DAY_MS


def recall(bootstrap: str, device: str, learn: Callable[[RenderWork], None]) -> int:
    """Teach a cost model what the log of the last week says of a device; how many clips that were.

    Without a broker, or a log, nothing is learned and nothing is lost.
    """
    count = 0
    try:
        with Slice(bootstrap, "video-events", since_ms=int(time.time() * 1000) - SINCE_MS) as part:
            for record in part:
                try:
                    data = record.decode().data
                except DecodeError:
                    continue
                if isinstance(data, SceneRendered) and data.work and data.work.device == device:
                    learn(data.work)
                    count += 1
    except SwipestreamError as error:
        log.info("the cost model begins anew", device=device, reason=str(error))
    log.info("learned from the log", device=device, clips=count)
    return count
