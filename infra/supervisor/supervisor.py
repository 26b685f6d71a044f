"""All parts together: started as what they depend on gets ready, stopped in reverse."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from infra.supervisor import leftovers, state
from infra.supervisor.part import Part, stop_order
from infra.supervisor.policy import Backoff
from infra.supervisor.runner import Runner
from infra.supervisor.screen import Screen

#: Seconds from the signal until every process has gone; a second of the promised ten is left for our own exit.
STOP_BUDGET = 9.0


class Supervisor:
    """Runs parts until SIGINT, SIGTERM or SIGHUP. In the main thread, the data folder locked."""

    def __init__(
        self, parts: Sequence[Part], data_dir: Path, screen: Screen, *, backoff: Backoff | None = None
    ) -> None:
        self._parts = parts
        self._data_dir = data_dir.resolve()
        self._screen = screen
        self._backoff = backoff
        self._state = state.this_run()
        self._runners: dict[str, Runner] = {}

    async def run(self, on_up: Callable[[], None] = lambda: None) -> None:
        """Start all, call `on_up` once when every lasting part is ready, return when all have stopped.

        Raises StartError when a vital part is given up; by then everything is stopped as well.
        """
        self._stop = asyncio.Event()
        self._prepare()
        tasks = [asyncio.create_task(runner.run(self._needs(runner))) for runner in self._runners.values()]
        up = asyncio.create_task(self._announce(on_up))
        try:
            await self._until_stopped(tasks)
        finally:
            up.cancel()
            await self._stop_all(tasks)

    def _prepare(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal)
        for part in self._parts:
            self._runners[part.name] = Runner(
                part,
                screen=self._screen,
                log_dir=self._data_dir / "logs",
                env={state.MARK: str(self._data_dir), "PYTHONUNBUFFERED": "1"},
                changed=self._save,
                backoff=self._backoff,
            )
        self._state.parts = [runner.state for runner in self._runners.values()]
        self._save()

    def _needs(self, runner: Runner) -> list[asyncio.Event]:
        return [self._runners[name].ready for name in runner.part.depends_on]

    async def _announce(self, on_up: Callable[[], None]) -> None:
        for runner in self._runners.values():
            if not runner.part.once:
                await runner.ready.wait()
        self._enter("up")
        on_up()

    async def _until_stopped(self, tasks: list[asyncio.Task[None]]) -> None:
        """Return at a signal; raise what a runner raises."""
        asked = asyncio.create_task(self._stop.wait())
        waiting: set[asyncio.Task[None] | asyncio.Task[bool]] = {asked, *tasks}
        while not asked.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    def _on_signal(self) -> None:
        if self._stop.is_set():
            # The second time: at once.
            for runner in self._runners.values():
                runner.kill()
        self._stop.set()

    async def _stop_all(self, tasks: list[asyncio.Task[None]]) -> None:
        deadline = time.monotonic() + STOP_BUDGET
        self._enter("stopping")
        self._screen.note("Stopping …")
        for runner, task in zip(self._runners.values(), tasks, strict=True):
            runner.halt()
            if not runner.alive:
                task.cancel()
        for level, grace in stop_order(self._parts, STOP_BUDGET - 1.0):
            await asyncio.gather(*(self._runners[part.name].stop(grace) for part in level))
        for runner in self._runners.values():
            runner.kill()
        # They still read what the parts said last.
        await asyncio.wait(tasks, timeout=max(0.1, min(1.5, deadline - time.monotonic())))
        await asyncio.to_thread(leftovers.end, self._data_dir, 0.5)
        self._enter("stopped")

    def _enter(self, phase: str) -> None:
        self._state.phase = phase
        self._save()

    def _save(self) -> None:
        state.save(self._state, self._data_dir)
