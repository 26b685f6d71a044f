"""Buying a clip, once: known results first, then jobs under way, and only then a new job.

The order in which things are written is the promise. An intention is on the disk before the provider is asked; the
job's id is on the disk and in the log before it is first asked after. So after a crash anywhere the same job goes on.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import av

from gpu_consumers.footage.download import BusyError as FileBusyError
from gpu_consumers.footage.download import Fetcher
from gpu_consumers.footage.errors import FootageError
from gpu_consumers.footage.sniff import Sniffed
from gpu_consumers.hosted.errors import (
    BudgetError,
    BusyError,
    DoubtError,
    GoneError,
    JobFailedError,
    LateError,
    LostError,
    RefusedError,
)
from gpu_consumers.hosted.jobs import Arguments, Generator, State, Status
from gpu_consumers.hosted.manifest import Hosted, Offer
from gpu_consumers.hosted.orders import Book, Order, Standing, spent
from infra.errors import UnavailableError
from infra.storage.artifacts import fingerprint
from infra.telemetry import logs
from schemas import ids
from schemas.values import Artifact, FootageKind

log = logs.get("hosted")

T = TypeVar("T")
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


class Desk(Shelf, Protocol):
    """What the scene stage does for a purchase."""

    def tell(self, order: Order) -> None:
        """Put the job into the log; returns once it is there. Raises `UnavailableError`."""
        ...

    def recall(self, order: str) -> Order | None:
        """The newest job of an order that the log knows. Raises `UnavailableError`."""
        ...


def wait(seconds: float) -> None:
    """Raises `UnavailableError` when the process is to end: the task then comes again, and goes on."""
    if stopping.wait(seconds):
        raise UnavailableError("the worker stops; the job goes on at the provider and is asked after again")


class Purchase:
    """Purchases from one provider."""

    def __init__(
        self, manifest: Hosted, generator: Generator, book: Book,
        *, waiting: Callable[[float], None] = wait, now: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._manifest, self._generator, self._book = manifest, generator, book
        self._wait, self._now = waiting, now

    def key(self, arguments: Arguments) -> str:
        """Equal requests to equal models are one order."""
        place = self._manifest.url or self._manifest.api
        return fingerprint(kind="hosted", api=self._manifest.api, place=place, model=self._manifest.model,
                           arguments=dict(arguments))  # fmt: skip

    def clip(self, arguments: Arguments, offer: Offer, desk: Desk, told: Callable[[float], None]) -> Artifact:
        """The clip of these arguments; `told` hears the fraction done. Raises `BackendError`, `UnavailableError`."""
        key = self.key(arguments)
        if found := desk.kept(key):
            return found
        with self._book.alone(key), self._book.place(self._manifest.concurrency):
            if found := desk.kept(key):
                return found
            order = self._known(key, desk)
            if order is None or order.standing is Standing.FAILED:
                order = self._intend(key, arguments, offer, order.attempt + 1 if order else 1)
                order = self._create(order)
            elif order.standing is Standing.INTENDED:
                order = self._settle(order)
            order = self._tell(order, desk)
            return self._awaited(order, desk, told)

    def late(self, order: Order, shelf: Shelf) -> bool:
        """Fetch what came too late; whether that is over, one way or the other. Raises as `clip`."""
        with self._book.alone(order.key):
            status = self._status(order)
            if status is None or status.state in (State.WAITING, State.RUNNING):
                return False
            self._ended(order, status, shelf)
            return True

    def _known(self, key: str, desk: Desk) -> Order | None:
        """From the book, else from the log: the book may have been lost, or be another machine's."""
        if (order := self._book.get(key)) is not None:
            return order
        if (order := desk.recall(key)) is not None:
            log.info("a job is known from the log", provider=self._manifest.name, job=order.job)
            return self._book.put(order)
        return None

    def _intend(self, key: str, arguments: Arguments, offer: Offer, attempt: int) -> Order:
        now, budget = self._now(), self._manifest.budget_day
        order = Order(
            key=key, attempt=attempt, provider=self._manifest.api, model=self._manifest.model, price=offer.price,
            arguments=dict(arguments), asked_at=now,
        )  # fmt: skip
        with self._book.money():
            before = spent(self._book.all(), now)
            if budget is not None and before + offer.price > budget:
                raise BudgetError(
                    f"{self._manifest.name}: {before:g} of today's {budget:g} are spent; this costs {offer.price:g}",
                    hint="Raise budget_day in its hosted.yaml, or wait for tomorrow (UTC).",
                )
            return self._book.put(order)

    def _create(self, order: Order) -> Order:
        """Ask for the job. The order is dropped where it was surely not taken, and kept where that is not known."""
        own = ids.derive(order.key, "hosted", order.attempt)
        try:
            job = self._insisting(
                lambda: self._generator.create(order.arguments, own), lost=bool(self._manifest.idempotency_header)
            )
        except LostError as error:
            log.warning("a job may have been bought", provider=self._manifest.name, reason=str(error))
            if self._manifest.idempotency_header:
                raise
            return self._settle(order)
        except Exception:
            self._book.drop(order)
            raise
        return self._book.put(order.model_copy(update=_opened(job.id, job.watch)))

    def _settle(self, order: Order) -> Order:
        """An order whose job's id is not known: asked for again where that is safe, else looked up."""
        if self._manifest.idempotency_header:
            return self._create(order)
        try:
            job = self._insisting(lambda: self._generator.find(order.arguments, order.asked_at), lost=True)
        except DoubtError as error:
            raise DoubtError(
                f"{self._manifest.name} may have taken a job whose id was lost, and is not asked again: {error}",
                hint=f"See what it did, then forget it: swipestream models jobs --forget {order.key[:16]}",
            ) from error
        if job is None:
            return self._create(self._book.put(order.model_copy(update={"asked_at": self._now()})))
        return self._book.put(order.model_copy(update=_opened(job.id, job.watch)))

    def _insisting(self, ask: Callable[[], T], *, lost: bool) -> T:
        """Ask again where the provider was busy, and, if `lost`, where nobody knows what it did."""
        for again in range(1, TRIES + 1):
            try:
                return ask()
            except BusyError as error:
                if again == TRIES or (isinstance(error, LostError) and not lost):
                    raise
                self._wait(error.after_s if error.after_s is not None else FIRST_WAIT_S * 2 ** (again - 1))
        raise AssertionError("unreachable")

    def _tell(self, order: Order, desk: Desk) -> Order:
        if order.told:
            return order
        desk.tell(order)
        return self._book.put(order.model_copy(update={"told": True}))

    def _awaited(self, order: Order, desk: Desk, told: Callable[[float], None]) -> Artifact:
        deadline = order.asked_at + self._manifest.timeout_s
        while True:
            pause = self._manifest.poll_s
            try:
                status = self._status(order)
            except BusyError as error:
                log.info("the provider is busy", provider=self._manifest.name, reason=str(error))
                status, pause = None, max(pause, error.after_s or 0.0)
            if status is not None and status.state in (State.DONE, State.FAILED):
                return self._ended(order, status, desk)
            if self._now() >= deadline:
                raise LateError(
                    f"{self._manifest.name}: job {order.job} takes longer than {self._manifest.timeout_s:g} s",
                    hint="Its clip is kept when it comes, and used when the scene is asked for again.",
                )
            if status is not None and status.fraction is not None:
                told(min(1.0, max(0.0, status.fraction)))
            self._wait(pause)

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


def _opened(job: str, watch: str) -> dict[str, object]:
    return {"standing": Standing.OPEN, "job": job, "watch": watch}


def _checked(path: Path, known: Sniffed) -> None:
    """Raises `FootageError` for what is no clip with pictures."""
    if known.kind is not FootageKind.CLIP:
        raise FootageError("what it made is no clip")
    try:
        with av.open(str(path), format=known.reader, options={"protocol_whitelist": "file"}) as container:
            next(container.decode(container.streams.video[0]))
    except (av.FFmpegError, OSError, ValueError, IndexError, StopIteration) as error:
        raise FootageError(f"the clip cannot be decoded: {error or 'it has no pictures'}") from error
