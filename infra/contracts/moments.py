"""A moment as people give it: an ISO 8601 time, or how long ago it was."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from infra.contracts.errors import BadMomentError

_AGO = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([smhdw])(?:\s+ago)?")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def moment_ms(text: str, now: datetime) -> int:
    """Milliseconds since the epoch of a moment. Raises BadMomentError."""
    return int(moment(text, now).timestamp() * 1000)


def moment(text: str, now: datetime) -> datetime:
    """`2026-01-31`, `2026-01-31T12:00:00+01:00`, or `7d` or `7d ago` (s, m, h, d, w before `now`), aware.

    A time without an offset is in UTC. Raises BadMomentError.
    """
    return _ago(text.strip(), now) or _time(text.strip())


def _ago(text: str, now: datetime) -> datetime | None:
    if not (found := _AGO.fullmatch(text)):
        return None
    try:
        return now - timedelta(seconds=float(found[1]) * _SECONDS[found[2]])
    except OverflowError as error:
        raise BadMomentError(f"{text} ago is before the calendar begins.") from error


def _time(text: str) -> datetime:
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadMomentError(f"{text!r} is no moment.", hint=BadMomentError.__doc__) from error
    return given if given.tzinfo else given.replace(tzinfo=UTC)
