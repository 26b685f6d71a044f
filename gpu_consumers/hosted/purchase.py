"""Buying a clip, once: known results first, then jobs under way, and only then a new job.

The order in which things are written is the promise. An intention is on the disk before the provider is asked; the
job's id is on the disk and in the log before it is first asked after. So after a crash anywhere the same job goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from gpu_consumers.hosted.delivery import FIRST_WAIT_S, TRIES, Delivery, Shelf, wait
from gpu_consumers.hosted.errors import BudgetError, BusyError, DoubtError, LostError
from gpu_consumers.hosted.jobs import Arguments, Generator
from gpu_consumers.hosted.manifest import Hosted, Offer
from gpu_consumers.hosted.orders import Book, Order, Standing, spent
from infra.storage.artifacts import fingerprint
from infra.telemetry import logs
from schemas import ids
from schemas.values import Artifact

log = logs.get("hosted")

T = TypeVar("T")


class Desk(Shelf, Protocol):
    """What the scene stage does for a purchase."""

    def tell(self, order: Order) -> None:
        """Put the job into the log; returns once it is there. Raises `UnavailableError`."""
        ...

    def recall(self, order: str) -> Order | None:
        """The newest job of an order that the log knows. Raises `UnavailableError`."""
        ...


class Purchase:
    """Purchases from one provider."""

    def __init__(
        self, manifest: Hosted, generator: Generator, book: Book,
        *, waiting: Callable[[float], None] = wait, now: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._manifest, self._generator, self._book = manifest, generator, book
        self._wait, self._now = waiting, now
        self._delivery = Delivery(manifest, generator, book, waiting=waiting, now=now)

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
            return self._delivery.awaited(order, desk, told)

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


def _opened(job: str, watch: str) -> dict[str, object]:
    return {"standing": Standing.OPEN, "job": job, "watch": watch}
