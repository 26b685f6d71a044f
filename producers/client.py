"""A small client of the HTTP API. Every failure is one of the project's errors, with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from infra.errors import BadInputError, NotFoundError, SwipestreamError, UnavailableError

START_HINT = "Start it with `swipestream up` (or `make run`)."


class ApiClient:
    """Talks to `base_url`. Use as a context manager. Timeouts are in seconds."""

    def __init__(self, base_url: str, *, timeout: float = 10.0, headers: Mapping[str, str] | None = None) -> None:
        self._base = base_url
        self._http = httpx.Client(base_url=base_url, timeout=timeout, headers=headers)

    def __enter__(self) -> ApiClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def submit(self, prompt: Mapping[str, Any], *, idempotency_key: str | None = None) -> dict[str, Any]:
        """POST /v1/prompts."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._json("POST", "/v1/prompts", json=dict(prompt), headers=headers)

    def video(self, video_id: str) -> dict[str, Any]:
        """GET /v1/videos/{id}."""
        return self._json("GET", f"/v1/videos/{video_id}")

    def feed(self, viewer: str, limit: int = 5) -> dict[str, Any]:
        """GET /v1/feed."""
        return self._json("GET", "/v1/feed", params={"viewer": viewer, "limit": limit})

    def swipe(self, viewer: str, swipes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """POST /v1/swipes, up to 100 at a time."""
        return self._json("POST", "/v1/swipes", json={"viewer_id": viewer, "swipes": [dict(swipe) for swipe in swipes]})

    def download(self, path: str, out: Path) -> int:
        """Write a media file; its size in bytes. The file appears whole or not at all."""
        part = out.with_name(out.name + ".part")
        try:
            with self._http.stream("GET", path) as answer:
                _check(answer)
                with part.open("wb") as stream:
                    for chunk in answer.iter_bytes():
                        stream.write(chunk)
            part.replace(out)
        except httpx.TransportError as error:
            raise self._away(error) from error
        except OSError as error:
            raise BadInputError(f"Cannot write {out}: {error.strerror}.") from error
        finally:
            part.unlink(missing_ok=True)
        return out.stat().st_size

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise self._away(error) from error
        _check(answer)
        found: dict[str, Any] = answer.json()
        return found

    def _away(self, error: Exception) -> UnavailableError:
        return UnavailableError(f"{self._base} does not answer ({type(error).__name__}).", hint=START_HINT)


_BY_STATUS: dict[int, type[SwipestreamError]] = {404: NotFoundError, 503: UnavailableError}


def _check(answer: httpx.Response) -> None:
    """Turn a problem document (RFC 9457) into an error."""
    if answer.is_success:
        return
    answer.read()
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    detail = problem.get("detail") or problem.get("title") or f"HTTP {answer.status_code}"
    reasons = "; ".join(f"{item['pointer']}: {item['detail']}" for item in problem.get("errors", []))
    kind = _BY_STATUS.get(answer.status_code, BadInputError if answer.is_client_error else SwipestreamError)
    raise kind(f"{detail}{f' ({reasons})' if reasons else ''}")
