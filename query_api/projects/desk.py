"""Where projects are worked on: read, check the version, say what happens, and see whether it was the first to happen.

Kafka has no compare-and-set. Whoever writes a version waits until the read model shows it: the first in the log is what
the tables hold, so the answer is right, whichever process wrote it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from infra.errors import NotFoundError, SwipestreamError
from query_api.caches import Lru
from query_api.projects.project import Project, after, fold
from query_api.readmodel.model import ReadModel
from query_api.readmodel.store import Row
from query_api.serving import SOURCE, Publisher
from schemas import ids
from schemas.base import REGISTRY
from schemas.envelope import Envelope, root
from schemas.projects import ProjectEvent, ProjectOpened

#: Seconds that a command waits for the log, and then for the tables to show it.
ACK_S, SHOWN_S = 0.9, 2.0
_LOOK_S = 0.02


class OutdatedError(SwipestreamError):
    """The project has moved on."""

    def __init__(self, version: int) -> None:
        super().__init__(f"The project is at version {version} by now.")
        self.version = version


@dataclass(frozen=True, slots=True)
class Done:
    """A project after a command. `settled`: the tables show it; else it is in the log, and they will."""

    project: Project
    settled: bool = True


Command = Callable[[Project], ProjectEvent]
#: Raises where a project is not theirs who ask.
May = Callable[[Project], None]


class Desk:
    """Loads projects and carries out commands."""

    def __init__(self, read: ReadModel, publisher: Publisher) -> None:
        self._read, self._publisher = read, publisher
        #: What this process wrote and the tables may not show yet.
        self._own: Lru[str, dict[int, Envelope[ProjectEvent]]] = Lru(1_000)
        self._locks: Lru[str, asyncio.Lock] = Lru(1_000)

    async def load(self, project_id: str) -> Project:
        """The project as it is. Raises NotFoundError, UnavailableError."""
        stored = [_event(row) for row in await self._read.project(project_id)]
        known = {version: envelope.data for version, envelope in (self._own.get(project_id) or {}).items()}
        merged = known | {event.version: event for event in stored}
        project = fold(merged[version] for version in sorted(merged))
        if project is None or project.closed:
            raise NotFoundError(f"There is no project {project_id}.")
        return project

    async def open(self, event: ProjectOpened, event_id: str, trace: str | None) -> Done:
        """A new project; the same one as it is now, where it was opened before with this very event."""
        settled = await self._happen(event, event_id, trace)
        return Done(await self.load(event.project_id), settled)

    async def do(self, project_id: str, may: May, expected: int | None, command: Command, trace: str | None) -> Done:
        """Carry out a command on the version that it is meant for (None: whichever there is).

        Raises OutdatedError, and what `load`, `may` and the command raise.
        """
        async with self._lock(project_id):
            project = await self.load(project_id)
            may(project)
            if expected is not None and expected != project.version:
                raise OutdatedError(project.version)
            event = command(project)
            settled = await self._happen(event, ids.fresh(), trace)
            return Done(after(project, event), settled)

    def _lock(self, project_id: str) -> asyncio.Lock:
        return self._locks.get(project_id) or self._locks.put(project_id, asyncio.Lock())

    async def _happen(self, event: ProjectEvent, event_id: str, trace: str | None) -> bool:
        """Whether it is known to have happened; False: the log has it, the tables do not show it yet."""
        envelope = root(event, source=SOURCE, event_id=event_id, traceparent=trace)
        await self._publisher.publish(envelope, timeout=ACK_S)
        own = self._own.get(event.project_id) or self._own.put(event.project_id, {})
        own[event.version] = envelope
        return await self._shown(event, event_id)

    async def _shown(self, event: ProjectEvent, event_id: str) -> bool:
        """Whether the tables show the event by now. Raises OutdatedError where they show another one."""
        deadline = time.monotonic() + SHOWN_S
        while time.monotonic() < deadline:
            rows = await self._read.project(event.project_id)
            if found := next((row for row in rows if row["version"] == event.version), None):
                self._forget(event)
                if found["event_id"] != event_id:
                    raise OutdatedError(max(row["version"] for row in rows))
                return True
            await asyncio.sleep(_LOOK_S)
        return False

    def _forget(self, event: ProjectEvent) -> None:
        if own := self._own.get(event.project_id):
            own.pop(event.version, None)


def _event(row: Row) -> ProjectEvent:
    model = REGISTRY[(row["type"], 1)]
    event = model.model_validate_json(row["payload"])
    assert isinstance(event, ProjectEvent)  # noqa: S101 - the table holds nothing else
    return event
