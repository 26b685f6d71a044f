"""W3C trace context: a trace that a client began goes on in the log."""

from __future__ import annotations

import re

from fastapi import Request

_TRACEPARENT = re.compile(r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")


def traceparent(request: Request) -> str | None:
    """The client's trace context, None when there is none that is well formed."""
    value = request.headers.get("traceparent", "")
    return value if _TRACEPARENT.match(value) else None
