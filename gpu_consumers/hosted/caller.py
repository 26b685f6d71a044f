"""Asking a provider: one JSON request with a deadline, and errors that say whether it may have been taken."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx

from gpu_consumers.errors import BackendMissingError
from gpu_consumers.hosted.errors import BusyError, GoneError, LostError, RefusedError

#: The provider says itself that it did not take it.
_NOT_TAKEN = frozenset([429, 503])
_LOST = frozenset([408, 409, 425])
_LARGEST = 4 * 1024 * 1024
#: A provider that asks for more patience is asked again after this long, in seconds.
LONGEST_WAIT_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Speaks to one provider. The key goes to its own address only, whatever addresses it answers with."""

    label: str
    base: str
    headers: Mapping[str, str] = field(repr=False)
    timeout_s: float = 30.0
    idempotency_header: str | None = None

    def post(self, path: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
        """The answer's JSON object; `key` goes along where the provider has a header for it. Raises as
        `Generator.create`."""
        own = {self.idempotency_header: key} if self.idempotency_header else {}
        return self._ask("POST", f"{self.base.rstrip('/')}/{path}", dict(body), own)

    def get(self, address: str) -> dict[str, Any]:
        """The same of an address, or of a path of the provider. Raises as `Generator.status`."""
        where = address if "://" in address else f"{self.base.rstrip('/')}/{address}"
        if httpx.URL(where).netloc != httpx.URL(self.base).netloc:
            raise RefusedError(f"{self.label} points to another machine, {httpx.URL(where).host}: it gets no key")
        return self._ask("GET", where, None, {})

    def _ask(self, method: str, address: str, body: Any, headers: Mapping[str, str]) -> dict[str, Any]:
        try:
            with httpx.Client(timeout=self.timeout_s, verify=_trusted()) as client:
                answer = client.request(method, address, json=body, headers={**self.headers, **headers})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise BusyError(f"{self.label} cannot be reached: {type(error).__name__}") from error
        except httpx.TransportError as error:
            raise LostError(f"{self.label} did not answer: {type(error).__name__}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RefusedError(f"{self.label} cannot be asked: {type(error).__name__}") from error
        self._check(answer)
        return self._read(answer)

    def _check(self, answer: httpx.Response) -> None:
        status, after_s = answer.status_code, patience(answer.headers.get("Retry-After", ""), time.time())
        if status in (401, 402, 403):
            raise BackendMissingError(f"{self.label} answered {status}: its key, or the credit, is not good for this")
        if status in (404, 410):
            raise GoneError(f"{self.label} answered {status}")
        if status in _NOT_TAKEN:
            raise BusyError(f"{self.label} answered {status}", after_s=after_s)
        if status in _LOST or status >= 500:
            raise LostError(f"{self.label} answered {status}", after_s=after_s)
        if not 200 <= status < 300:
            raise RefusedError(f"{self.label} answered {status}: {answer.text[:300]}")

    def _read(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            found = answer.json() if len(answer.content) <= _LARGEST else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise LostError(f"{self.label} did not answer with a JSON object")
        return found


@cache
def _trusted() -> ssl.SSLContext:
    # Made once: reading the certificates takes longer than a request.
    return httpx.create_ssl_context()


def patience(header: str, now: float) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110: seconds or a date), within reason. Pure."""
    try:
        wanted = float(header) if header.strip().isdigit() else parsedate_to_datetime(header).timestamp() - now
    except (ValueError, TypeError):
        return None
    return min(LONGEST_WAIT_S, max(0.0, wanted))
