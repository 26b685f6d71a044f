"""What is still wanted: work on a revision that was dropped, or on a video that was withdrawn, stops at its next step.

Each worker process hears of it from `video-events` by itself. To miss it is harmless: what is made in vain costs time,
and nobody sees it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Mapping

from gpu_consumers.errors import UnwantedError
from infra.kafka.tail import Tail
from infra.telemetry import logs
from schemas.base import Message
from schemas.tasks import RenderScene, VideoTask, WriteScript
from schemas.videos import RevisionDropped, VideoWithdrawn

log = logs.get("wanted")

#: Videos that are remembered. Their tasks are days old at most, and most were done before anybody changed their mind.
MOST = 10_000
#: Records of each partition that a fresh worker reads back: what is in hand was asked for within these.
HISTORY = 2_000

Ended = Mapping[int, RevisionDropped | VideoWithdrawn]


class Wanted:
    """What is not wanted any more, of the videos that were last heard of. Threads may share it."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._lock = most, threading.Lock()
        self._ended: OrderedDict[str, Ended] = OrderedDict()  #: by video, and by revision

    def learn(self, event: Message) -> None:
        """Hear an event of the log."""
        if not isinstance(event, RevisionDropped | VideoWithdrawn):
            return
        with self._lock:
            self._ended[event.video_id] = {**self._ended.get(event.video_id, {}), event.revision: event}
            self._ended.move_to_end(event.video_id)
            while len(self._ended) > self._most:
                self._ended.popitem(last=False)

    def check(self, task: VideoTask) -> None:
        """Raises `UnwantedError` where nobody wants what the task is for."""
        with self._lock:
            ended = self._ended.get(task.video_id)
        if ended and (why := _why(task, ended)):
            raise UnwantedError(why)

    def follow(self, bootstrap: str, ending: threading.Event) -> None:
        """Hear the log until `ending`."""
        asyncio.run(self._follow(bootstrap, ending))

    async def _follow(self, bootstrap: str, ending: threading.Event) -> None:
        async with Tail(bootstrap, ("video-events",), history=HISTORY) as tail:
            hearing = asyncio.create_task(self._hear(tail))
            ended = asyncio.create_task(asyncio.to_thread(ending.wait))
            await asyncio.wait({hearing, ended}, return_when=asyncio.FIRST_COMPLETED)
        await hearing

    async def _hear(self, tail: Tail) -> None:
        async for batch in tail:
            for record in batch.records:
                self.learn(record.envelope.data)


def _why(task: VideoTask, ended: Ended) -> str:
    """Why the task is for nothing; empty: it is not. Pure."""
    if isinstance(task, WriteScript) and task.project_id:
        return ""  # the draft of a project is of none of its revisions
    own = ended.get(task.revision)
    if isinstance(own, RevisionDropped):
        number = task.scene.scene_number if isinstance(task, RenderScene) else None
        return "" if number in own.needed else own.why or f"{own.by} dropped it."
    later = (one for revision, one in ended.items() if isinstance(one, VideoWithdrawn) and revision >= task.revision)
    return next((one.reason for one in later), "")
