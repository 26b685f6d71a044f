"""What hosted generators make too late, or for a worker that has gone: fetched all the same, since it is paid for."""

from __future__ import annotations

import threading
import time

from gpu_consumers.errors import BackendError
from gpu_consumers.hosted.delivery import Delivery, Shelf
from gpu_consumers.hosted.manifest import Hosted, hosted
from gpu_consumers.hosted.orders import DAY_S, Book, Order, Standing
from gpu_consumers.hosted.providers import generator
from infra.errors import SwipestreamError
from infra.settings import Settings
from infra.telemetry import logs

log = logs.get("hosted.late")

EVERY_S = 30.0
#: After this no provider has the file any more.
GIVEN_UP_S = 2 * 86_400.0


def is_late(order: Order, manifest: Hosted, now: float) -> bool:
    """Nobody waits for it any more. Pure."""
    return order.standing is Standing.OPEN and order.told and now > order.asked_at + manifest.timeout_s


def collect(config: Settings, shelf: Shelf, now: float | None = None) -> int:
    """Ask once after every late job; how many were fetched, or are known to have failed."""
    ended, now = 0, time.time() if now is None else now
    for name, manifest in hosted(config).items():
        book = Book.of(name, config)
        for order in book.all():
            if order.standing in (Standing.DONE, Standing.FAILED):
                # Not on the day that it was bought: it is still counted against the budget.
                if now > order.asked_at + max(config.cache_video_s, DAY_S):
                    book.drop(order)
            elif is_late(order, manifest, now):
                ended += _one(manifest, book, order, shelf, now)
    return ended


def _one(manifest: Hosted, book: Book, order: Order, shelf: Shelf, now: float) -> bool:
    try:
        over = Delivery(manifest, generator(manifest), book).late(order, shelf)
    except BackendError as error:
        log.info("a late job did not deliver", provider=manifest.name, job=order.job, reason=str(error))
        over = False
    except SwipestreamError:  # another worker waits for it
        return False
    if not over and now > order.asked_at + GIVEN_UP_S:
        book.put(order.model_copy(update={"standing": Standing.FAILED, "reason": "it never ended"}))
        return True
    return over


def keep_collecting(config: Settings, shelf: Shelf, stop: threading.Event) -> None:
    """Until `stop`. Costs nothing where nothing was ever bought."""
    while not stop.wait(EVERY_S):
        if not (config.data_dir / "hosted").is_dir():
            continue
        try:
            collect(config, shelf)
        except Exception as error:  # noqa: BLE001 - whatever it is, what is paid for is asked after later
            log.warning("late jobs are asked after later", reason=repr(error))
