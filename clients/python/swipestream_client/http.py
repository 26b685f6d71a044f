"""One HTTP request: its errors, and when it is worth trying again."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from swipestream_client.backoff import Backoff
from swipestream_client.errors import AwayError, ProblemError


class Http:
    """JSON over HTTP. What is safe to repeat is repeated for up to `patience` seconds while the server is away."""

    def __init__(self, client: httpx.AsyncClient, patience: float) -> None:
        self.client, self._patience = client, patience

    async def json(self, method: str, path: str, *, safe: bool, **options: Any) -> Any:
        """The answer's JSON, None where there is none. Raises ProblemError, AwayError."""
        give_up, backoff = time.monotonic() + (self._patience if safe else 0), Backoff()
        while True:
            try:
                return _content(await self._once(method, path, options))
            except (AwayError, ProblemError) as error:
                wait = _wait(error, backoff)
                if wait is None or time.monotonic() + wait > give_up:
                    raise
            await asyncio.sleep(wait)

    async def _once(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        try:
            answer = await self.client.request(method, path, **options)
        except httpx.TransportError as error:
            raise away(self.client, error) from error
        await check(answer)
        return answer


def away(client: httpx.AsyncClient, error: Exception) -> AwayError:
    """The error of a request that got no answer."""
    return AwayError(f"{str(client.base_url).rstrip('/')} does not answer ({type(error).__name__}).")


async def check(answer: httpx.Response) -> None:
    """Raises ProblemError for an answer that is no success."""
    if answer.is_success:
        return
    await answer.aread()
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    raise ProblemError(answer.status_code, problem if isinstance(problem, dict) else {}, _retry_s(answer))


def _retry_s(answer: httpx.Response) -> float | None:
    header = answer.headers.get("Retry-After", "")
    return float(header) if header.isdigit() else None


def _wait(error: AwayError | ProblemError, backoff: Backoff) -> float | None:
    """Seconds until the next try; None when there shall be none."""
    if isinstance(error, AwayError):
        return backoff.next()
    if not error.passing:
        return None
    return max(backoff.next(), error.retry_s or 0.0)


def _content(answer: httpx.Response) -> Any:
    return answer.json() if answer.content else None
