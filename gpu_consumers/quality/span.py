"""A time between two moments, either of which may be open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from infra.contracts.moments import moment_ms


@dataclass(frozen=True, slots=True)
class Span:
    """`since_ms <= moment < until_ms`, in milliseconds since the epoch."""

    since_ms: int | None = None
    until_ms: int | None = None

    @classmethod
    def of(cls, since: str | None, until: str | None) -> Self:
        """As people give it. Raises `BadMomentError`."""
        now = datetime.now(UTC)
        return cls(*(moment_ms(text, now) if text else None for text in (since, until)))

    @property
    def since_us(self) -> int | None:
        return None if self.since_ms is None else self.since_ms * 1000

    @property
    def until_us(self) -> int | None:
        return None if self.until_ms is None else self.until_ms * 1000

    def holds(self, ts_us: int) -> bool:
        """Whether a moment, in microseconds, lies in it."""
        return (self.since_us or 0) <= ts_us and (self.until_us is None or ts_us < self.until_us)
