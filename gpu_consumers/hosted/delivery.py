"""Waiting for a job that was bought, and fetching what it made. Nothing here costs anything: it may be asked again."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import av

from gpu_consumers.footage.download import BusyError as FileBusyError
from gpu_consumers.footage.download import Fetcher
from gpu_consumers.footage.errors import FootageError
from gpu_consumers.footage.sniff import Sniffed
from gpu_consumers.hosted.errors import BusyError, GoneError, JobFailedError, LateError, RefusedError
from gpu_consumers.hosted.jobs import Generator, State, Status
from gpu_consumers.hosted.manifest import Hosted
from gpu_consumers.hosted.orders import Book, Order, Standing
from infra.errors import UnavailableError
from infra.telemetry import logs
from schemas.footage import FootageKind
from schemas.values import Artifact

log = logs.get("hosted.delivery")

#: How often a request is made again that the provider did not take, or a download that was cut.
TRIES = 4
FIRST_WAIT_S = 1.0
#: Set when the process is to end: whoever waits for a job lets go of it.
stopping = threading.Event()


class Shelf(Protocol):
    """Where fetched clips are kept."""

    def kept(self, order: str) -> Artifact | None:
        """The clip of an order, if it is still there."""
        ...

    def keep(self, order: str, clip: Path, suffix: str) -> Artifact:
        """Keep it."""
        ...


def wait(seconds: float) -> None:
    """Raises `UnavailableError` when the process is to end: the task then comes again, and goes on."""
    if stopping.wait(seconds):
        raise UnavailableError("the worker stops; the job goes on at the provider and is asked after again")


class Delivery:
    """Deliveries of one provider."""

    def __init__(
        self, manifest: Hosted, generator: Generator, book: Book,
        *, waiting: Callable[[float], None] = wait, now: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._manifest, self._generator, self._book = manifest, generator, book
        self._wait, self._now = waiting, now

    def awaited(self, order: Order, shelf: Shelf, told: Callable[[float], None]) -> Artifact:
        """The clip of an open job; `told` hears the fraction done. Raises `BackendError`, `UnavailableError`."""
        deadline = order.asked_at + self._manifest.timeout_s
        while True:
            pause = self._manifest.poll_s
            try:
                status = self._status(order)
            except BusyError as error:
                log.info("the provider is busy", provider=self._manifest.name, reason=str(error))
                status, pause = None, max(pause, error.after_s or 0.0)
            if status is not None and status.state in (State.DONE, State.FAILED):
                return self._ended(order, status, shelf)
            if self._now() >= deadline:
                raise LateError(
                    f"{self._manifest.name}: job {order.job} takes longer than {self._manifest.timeout_s:g} s",
                    hint="Its clip is kept when it comes, and used when the scene is asked for again.",
                )
            if status is not None and status.fraction is not None:
                told(min(1.0, max(0.0, status.fraction)))
            self._wait(pause)

    def late(self, order: Order, shelf: Shelf) -> bool:
        """Fetch what came too late; whether that is over, one way or the other. Raises as `awaited`."""
        with self._book.alone(order.key):
            status = self._status(order)
            if status is None or status.state in (State.WAITING, State.RUNNING):
                return False
            self._ended(order, status, shelf)
            return True

    def _status(self, order: Order) -> Status | None:
        """Raises `BusyError`. A job that the provider no longer knows has failed."""
        try:
            return self._generator.status(order.at_provider)
        except (GoneError, RefusedError) as error:
            return Status(State.FAILED, reason=str(error))

    def _ended(self, order: Order, status: Status, shelf: Shelf) -> Artifact:
        if status.state is State.FAILED or not status.file:
            raise self._failed(order, status.reason if status.state is State.FAILED else "its output names no file")
        with tempfile.TemporaryDirectory(prefix="hosted-") as folder:
            part = Path(folder) / "clip"
            try:
                known = self._fetched(status.file, part)
            except FileBusyError:
                raise  # the job is still there: the task comes again, and fetches it
            except FootageError as error:
                raise self._failed(order, str(error)) from error
            made = shelf.keep(order.key, part, known.suffix)
        self._book.put(order.model_copy(update={"standing": Standing.DONE}))
        return made

    def _failed(self, order: Order, reason: str) -> JobFailedError:
        self._book.put(order.model_copy(update={"standing": Standing.FAILED, "reason": reason[:500]}))
        return JobFailedError(f"{self._manifest.name}: job {order.job} failed: {reason[:500]}")

    def _fetched(self, address: str, out: Path) -> Sniffed:
        most = round(self._manifest.max_mb * 1024 * 1024)
        fetcher = Fetcher(timeout_s=max(60.0, self._manifest.answer_s), most_bytes=most)
        for again in range(1, TRIES + 1):
            try:
                known = fetcher.file(address, out)
                _checked(out, known)
                return known
            except FileBusyError:
                if again == TRIES:
                    raise
                self._wait(FIRST_WAIT_S * 2 ** (again - 1))
        raise AssertionError("unreachable")


def _checked(path: Path, known: Sniffed) -> None:
    """Raises `FootageError` for what is no clip with pictures."""
    if known.kind is not FootageKind.CLIP:
        raise FootageError("what it made is no clip")
    try:
        with av.open(str(path), format=known.reader, options={"protocol_whitelist": "file"}) as container:
            next(container.decode(container.streams.video[0]))
    except (av.FFmpegError, OSError, ValueError, IndexError, StopIteration) as error:
        raise FootageError(f"the clip cannot be decoded: {error or 'it has no pictures'}") from error
