"""The order book: every job that was asked for, one small file each, with locks that end with the process.

What is written here is on the disk before the next step is taken: first that a job will be asked for, then its id.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gpu_consumers.hosted.errors import FullError
from gpu_consumers.hosted.jobs import Job
from infra.settings import Settings
from infra.storage.locks import locked, try_locked

DAY_S = 86_400


class Standing(StrEnum):
    """Where an order is."""

    INTENDED = "intended"  #: it will be asked for, or was: its id is not known
    OPEN = "open"
    DONE = "done"
    FAILED = "failed"


class Order(BaseModel):
    """A job that was, or may have been, bought."""

    model_config = ConfigDict(frozen=True)

    key: str
    attempt: int = 1
    provider: str
    model: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    price: float
    asked_at: float  #: seconds since the epoch
    standing: Standing = Standing.INTENDED
    job: str = ""
    watch: str = ""
    told: bool = False  #: its event is in the log
    reason: str = ""

    @property
    def at_provider(self) -> Job:
        """The job."""
        return Job(self.job, self.watch)


def spent(orders: Iterable[Order], now: float) -> float:
    """The price of all that was, or may have been, bought on the day (UTC) of `now`. Pure."""
    return sum(order.price for order in orders if order.asked_at // DAY_S == now // DAY_S)


class Book:
    """The orders at one provider. Shared by all processes that share the data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of(cls, name: str, config: Settings) -> Book:
        """The book of a manifest."""
        return cls(config.data_dir / "hosted" / name)

    def get(self, key: str) -> Order | None:
        """The newest attempt."""
        return max(self._read(f"{key}-*.json"), key=lambda order: order.attempt, default=None)

    def all(self) -> list[Order]:
        """Every order, the oldest first."""
        return sorted(self._read("*.json"), key=lambda order: order.asked_at)

    def put(self, order: Order) -> Order:
        """Write it, durably."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._folder, delete=False, encoding="utf-8") as temporary:
            temporary.write(order.model_dump_json())
            temporary.flush()
            os.fsync(temporary.fileno())
        Path(temporary.name).replace(self._where(order))
        return order

    def drop(self, order: Order) -> None:
        """It was surely not bought."""
        self._where(order).unlink(missing_ok=True)

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Nobody else is at this order. Raises `FullError` where somebody is."""
        with self._lock(f".{key}.lock") as mine:
            if not mine:
                raise FullError("another worker waits for the same job")
            yield

    @contextmanager
    def place(self, places: int) -> Iterator[None]:
        """One of so many places. Raises `FullError` where all are taken."""
        for number in range(places):
            with self._lock(f".place-{number}.lock") as mine:
                if mine:
                    yield
                    return
        raise FullError(f"{places} jobs are under way")

    @contextmanager
    def money(self) -> Iterator[None]:
        """Nobody else spends meanwhile. Held for as long as it takes to write an order."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with locked(self._folder / ".money.lock"):
            yield

    def _lock(self, name: str) -> AbstractContextManager[bool]:
        self._folder.mkdir(parents=True, exist_ok=True)
        return try_locked(self._folder / name)

    def _where(self, order: Order) -> Path:
        return self._folder / f"{order.key}-{order.attempt}.json"

    def _read(self, pattern: str) -> Iterator[Order]:
        for path in self._folder.glob(pattern):
            with contextlib.suppress(OSError, ValidationError):
                yield Order.model_validate_json(path.read_bytes())
