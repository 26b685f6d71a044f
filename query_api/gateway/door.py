"""Who may open a connection: the path, the Origin, and how many and how fast. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from query_api.gateway.limits import Limits
from query_api.origins import known, private

#: A proxy needs the last one: at `/v1/live` of the same name is the API, with server-sent events.
PATHS = frozenset({"/", "/v1/live", "/v1/socket"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer instead of a connection. `reason` is for metrics, `text` for the reader."""

    status: HTTPStatus
    reason: str
    text: str


class Door:
    """Decides about each request. `origins` are allowed beside pages from the same host (on any port).

    `local`: everyone is believed, because nobody else reaches this; pages whose name points here must not, either.
    """

    def __init__(self, limits: Limits, now: float, origins: Collection[str] = (), *, local: bool = False) -> None:
        self._limits, self._origins, self._local = limits, frozenset(origins), local
        self._credit, self._counted_at = limits.connects_per_s * 2, now
        self.closed = False

    def check(self, path: str, host: str | None, origin: str | None, clients: int, now: float) -> Refusal | None:
        """None: come in."""
        if urlsplit(path).path not in PATHS:
            return Refusal(HTTPStatus.NOT_FOUND, "path", "The gateway answers at /.\n")
        if not self._known(host, origin):
            return Refusal(HTTPStatus.FORBIDDEN, "origin", "Pages from this origin may not connect.\n")
        if self.closed:
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "draining", "This node is going away.\n")
        if clients >= self._limits.connections:
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "connections", "This node is full.\n")
        if not self._in_time(now):
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "rate", "Too many connections at once.\n")
        return None

    def _known(self, host: str | None, origin: str | None) -> bool:
        return known(host, origin, self._origins) and (not self._local or private(host, self._origins))

    def _in_time(self, now: float) -> bool:
        rate = self._limits.connects_per_s
        self._credit = min(rate * 2, self._credit + (now - self._counted_at) * rate)
        self._counted_at = now
        if self._credit < 1:
            return False
        self._credit -= 1
        return True
