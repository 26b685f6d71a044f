"""How much each viewer, and each address, may ask for. Counted in this process; told in every answer.

What n processes allow together is between one limit and n of them, by how requests are spread (decision 0061).

Header fields as in draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` says what is allowed, `RateLimit` what
is left.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from infra.settings import Settings
from query_api.http.problems import ProblemError
from query_api.identity.principal import Principal


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a limit."""

    name: str
    limit: RateLimitItem
    left: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        """As answers tell it."""
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.limit.amount};w={self.limit.get_expiry()}',
            "RateLimit": f'"{self.name}";r={self.left};t={self.reset_s}',
        }


class Limiter:
    """Counts requests."""

    def __init__(self, settings: Settings) -> None:
        self._limits = {
            "viewer": parse(settings.rate_viewer),
            "make": parse(settings.rate_make),
            "address": parse(settings.rate_address),
        }
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count(self, who: Principal, address: str, *, makes: bool) -> Quota | None:
        """Count a request of somebody; None for operators, who have no limit. Raises ProblemError (429)."""
        if who.is_operator:
            return None
        self.count_address(address)
        told = self._hit("viewer", who.viewer_id or address)
        return self._hit("make", who.viewer_id or address) if makes else told

    def count_address(self, address: str) -> Quota:
        """Count a request from somewhere. Raises ProblemError (429)."""
        return self._hit("address", address)

    def _hit(self, name: str, key: str) -> Quota:
        limit = self._limits[name]
        allowed = self._counter.hit(limit, name, key)
        window = self._counter.get_window_stats(limit, name, key)
        quota = Quota(name, limit, max(0, window.remaining), max(1, round(window.reset_time - time.time())))
        if not allowed:
            headers = {"Retry-After": str(quota.reset_s), **quota.headers()}
            raise ProblemError(429, "too-many-requests", f"At most {limit}.", headers=headers)
        return quota
