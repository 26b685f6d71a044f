"""The life of one part: start, get ready, end, start again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from infra.stack import process
from infra.supervisor.errors import StartError
from infra.supervisor.logfile import Lines, LogFile, Notable, tail
from infra.supervisor.part import Part
from infra.supervisor.policy import Backoff, describe_exit
from infra.supervisor.screen import Screen
from infra.supervisor.state import PartState

_TICK = 0.1
#: After this long without getting ready, the terminal says where to look.
_PATIENCE = 30.0


class Runner:
    """Keeps one part alive until `stop`. Everything runs on one event loop, in the thread that owns the processes."""

    def __init__(
        self,
        part: Part,
        *,
        screen: Screen,
        log_dir: Path,
        env: Mapping[str, str],
        changed: Callable[[], None],
        backoff: Backoff | None = None,
    ) -> None:
        self.part = part
        self.log_path = log_dir / f"{part.name}.log"
        self.state = PartState(
            part.name, address=part.address, log=str(self.log_path), probe=part.probe, once=part.once
        )
        #: Set when it is ready for the first time (a one-shot part: when it has succeeded).
        self.ready = asyncio.Event()
        self._screen, self._notable = screen, Notable()
        self._env = {**env, **part.env}
        self._changed = changed
        self._backoff = backoff or Backoff()
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False

    async def run(self, needs: list[asyncio.Event]) -> None:
        """Start it once all `needs` are set, and again whenever it ends; a vital one given up raises StartError."""
        for need in needs:
            await need.wait()
        failures = 0
        while not self._stopping:
            code, lived = await self._live()
            if self._stopping or self._finished(code, lived):
                return
            failures = self._backoff.failures(failures, lived)
            if self._give_up(code, failures):
                return
            await self._pause(code, self._backoff.delay(failures))

    @property
    def alive(self) -> bool:
        """Whether its process runs now."""
        return self._child is not None and self._child.poll() is None

    def halt(self) -> None:
        """From now on, do not start it again."""
        self._stopping = True

    async def stop(self, grace: float) -> None:
        """End it and its children: SIGTERM, then SIGKILL after `grace` seconds."""
        self.halt()
        if (child := self._child) and self.alive:
            self._enter("stopping", child.pid)
            process.signal_group(child.pid, signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(_ended(child), grace)
            if child.poll() is None:
                self._screen.trouble(self.part.name, f"did not end within {grace:.1f} s, killed")
        self.kill()

    def kill(self) -> None:
        """End it and its children at once, and wait for that."""
        if child := self._child:
            process.signal_group(child.pid, signal.SIGKILL)
            child.wait()
        if self.state.state not in ("done", "failed"):
            self._enter("stopped")

    async def _live(self) -> tuple[int, float]:
        """One life: its exit code, and how many seconds it lasted."""
        born = time.monotonic()
        log = LogFile(self.log_path)
        reader, child = await self._spawn(log)
        pump = asyncio.create_task(self._pump(reader, log))
        watch = asyncio.create_task(self._watch(child, born))
        try:
            code = await _ended(child)
        finally:
            watch.cancel()
            # Its children must not outlive it, and hold the pipe open.
            process.signal_group(child.pid, signal.SIGKILL)
            await asyncio.wait([pump], timeout=1.0)
            pump.cancel()
            log.close()
            # Its process id may soon be another's.
            self._child = None
        return code, time.monotonic() - born

    async def _spawn(self, log: LogFile) -> tuple[asyncio.StreamReader, subprocess.Popen[bytes]]:
        # A pipe of our own, not asyncio's: waiting for a child then never waits for grandchildren that hold its output.
        reading, writing = os.pipe()
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", 0)
        )
        log.write(f"--- {time.strftime('%Y-%m-%d %H:%M:%S')} {self.part.name} starts\n".encode())
        try:
            self._child = process.spawn(self.part.command, output=writing, env=self._env)
        finally:
            os.close(writing)
        self._enter("starting", self._child.pid)
        return reader, self._child

    async def _pump(self, reader: asyncio.StreamReader, log: LogFile) -> None:
        lines = Lines(self._show)
        while data := await reader.read(65_536):
            log.write(data)
            lines.feed(data)
        lines.end()

    def _show(self, line: str) -> None:
        if not self.part.quiet or self._notable(line):
            self._screen.log(self.part.name, line)

    async def _watch(self, child: subprocess.Popen[bytes], born: float) -> None:
        """Say when it is ready, or that it takes long."""
        if self.part.once:
            return
        warned = False
        while not await self._serves(born):
            if not warned and time.monotonic() - born > _PATIENCE:
                self._screen.trouble(self.part.name, f"not ready after {_PATIENCE:.0f} s, see {self.log_path}")
                warned = True
            await asyncio.sleep(_TICK)
        if child.poll() is None and not self._stopping:
            self._enter("ready", child.pid)
            self._screen.ready(self.part.name, self.part.address, time.monotonic() - born)
            self.ready.set()

    async def _serves(self, born: float) -> bool:
        if self.part.probe is None:
            return time.monotonic() - born >= self.part.settle
        return await asyncio.to_thread(self.part.probe.answers)

    def _finished(self, code: int, lived: float) -> bool:
        if not self.part.once or code != 0:
            return False
        self._enter("done")
        self._screen.done(self.part.name, lived)
        self.ready.set()
        return True

    def _give_up(self, code: int, failures: int) -> bool:
        if self.ready.is_set() or not self.part.patience or failures < self.part.patience:
            return False
        self._enter("failed")
        text = f"{self.part.name} {describe_exit(code)}, {failures} times in a row"
        if self.part.vital:
            raise StartError(f"{text}. It said last:\n{tail(self.log_path)}", hint=f"The whole log: {self.log_path}")
        self._screen.trouble(self.part.name, f"{text}: given up, see {self.log_path}")
        return True

    async def _pause(self, code: int, delay: float) -> None:
        self.state.restarts += 1
        self._enter("restarting")
        self._screen.trouble(self.part.name, f"{describe_exit(code)}, starts again in {delay:.1f} s")
        await asyncio.sleep(delay)

    def _enter(self, state: str, pid: int | None = None) -> None:
        self.state.state, self.state.pid = state, pid
        self._changed()


async def _ended(child: subprocess.Popen[bytes]) -> int:
    while (code := child.poll()) is None:  # noqa: ASYNC110 - the portable way; costs nothing at this pace
        await asyncio.sleep(_TICK)
    return code
