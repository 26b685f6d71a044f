"""Read the account from the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gpu_consumers.ledger.ledger import Ledger
from infra.contracts.slices import Slice
from schemas.errors import DecodeError
from schemas.topics import DAY_MS

# What is being made when the time given begins was begun within the day before: that tells for whom and how.

#: Told how many records of how many have been read.
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Account:
    """The ledger, and how many records could not be read."""

    ledger: Ledger
    unreadable: int


def read(bootstrap: str, *, since_ms: int | None = None, until_ms: int | None = None, told: Told) -> Account:
    """Every cost of the time given. Joins no group. Raises `NotFoundError` and `UnavailableError`."""
    ledger, unreadable = Ledger(), 0
    begin = None if since_ms is None else since_ms - DAY_MS
    with Slice(bootstrap, "video-events", since_ms=begin, until_ms=until_ms) as part:
        for record in part:
            try:
                ledger.learn(record.decode(), counts=since_ms is None or record.timestamp_ms >= since_ms)
            except DecodeError:
                unreadable += 1
            told(part.done, part.total)
    return Account(ledger, unreadable)
