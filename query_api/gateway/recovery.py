"""Whether a client that comes back can be told what it missed. All or nothing, never a part. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from query_api.gateway.entries import Entry
from query_api.gateway.ring import Ring
from query_api.gateway.tokens import Cut


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was missed, or why that cannot be said: `started`, `token`, `log`, `ahead`, `expired`."""

    entries: Sequence[Entry] = ()
    resync: str | None = None


def recover(ring: Ring, reached: Cut, cut: Cut | None, token: str | None, ready: bool) -> Recovery:
    """What a client with this token must hear; `cut` is what the token says, None when it is not one of ours."""
    if token is None:
        return Recovery()
    if not ready:
        return Recovery(resync="started")
    if cut is None:
        return Recovery(resync="token")
    if cut.incarnation != reached.incarnation:
        return Recovery(resync="log")
    if cut.beyond(reached):
        return Recovery(resync="ahead")
    return Recovery(entries=ring.since(cut)) if ring.covers(cut) else Recovery(resync="expired")
