"""What can go wrong, by cause. All are `SwipestreamError`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SwipestreamError(Exception):
    """Anything that this client raises."""


class AwayError(SwipestreamError):
    """No answer came: the server is away, or the network is."""


class ProblemError(SwipestreamError):
    """The server said no (RFC 9457). `status` is the HTTP status, `problem` the document as it came."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_s: float | None = None) -> None:
        super().__init__(_said(status, problem))
        self.status, self.problem, self.retry_s = status, dict(problem), retry_s

    @property
    def passing(self) -> bool:
        """Whether the same request may work later."""
        return self.status == 429 or self.status >= 500


class RefusedError(SwipestreamError):
    """The video will not appear. `status` is `rejected`, `failed`, `dropped` or `withdrawn`."""

    def __init__(self, video_id: str, status: str, reason: str) -> None:
        super().__init__(reason or f"The video was {status}.")
        self.video_id, self.status, self.reason = video_id, status, reason


class LateError(SwipestreamError):
    """The video was not there in time. It may still come."""

    def __init__(self, video_id: str, seconds: float) -> None:
        super().__init__(f"The video was not ready within {seconds:g} s.")
        self.video_id = video_id


class ClosedError(SwipestreamError):
    """The gateway closed the stream and must not be asked again in the same way. `code` is its close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"The gateway closed the stream: {reason or 'no reason given'} ({code}).")
        self.code = code


def _said(status: int, problem: Mapping[str, Any]) -> str:
    text = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
    fields = [f"{field.get('pointer', '?')}: {field.get('detail', '')}" for field in problem.get("errors") or ()]
    return f"{text} ({'; '.join(fields)})" if fields else text
