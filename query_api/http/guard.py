"""What wraps every request: limits on its body, security headers, and a measurement."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from query_api.http import measures
from query_api.http.problems import TOO_LARGE, problem
from query_api.origins import hostname, known, private

#: Bytes of a request's body.
LIMIT = 65_536
#: A body may be waited for so many seconds, and for one more with each so many bytes of it.
PATIENCE_S, SLOWEST = 30.0, 10_000
#: Where a body may be larger: it goes to disk as it comes.
UPLOADS = "/v1/uploads"
#: What changes nothing (RFC 9110, section 9.2.1).
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: The rest of the body is not read: the connection ends with the answer.
CLOSE = {"Connection": "close"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
#: Where /docs gets its scripts from.
_DOCS = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; "
    "style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; img-src 'self' data: https://fastapi.tiangolo.com"
)


class Guard:
    """The outermost part of the app."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: int = LIMIT,
        upload: int = LIMIT,
        origins: Collection[str] = (),
        local: bool = False,
    ) -> None:
        """`local`: nobody needs a token, because nobody else reaches this; pages from elsewhere must not, either."""
        self._app, self._limit, self._upload = app, limit, upload
        self._origins, self._local = frozenset(origins), local
        self._policy = (
            # The gateway is at another port of whatever name this machine was reached by.
            "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; "
            "media-src 'self' blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
            "frame-ancestors 'none'; form-action 'self'"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        answer = _Answer(scope, send, _DOCS if scope["path"] == "/docs" else self._policy)
        try:
            await self._limited(scope, receive, answer)
        finally:
            answer.measured()

    def _strange(self, scope: Scope, headers: Headers) -> str | None:
        """Why a request is none of this installation's own pages', None for one that is fine."""
        host, origin = headers.get("host"), headers.get("origin")
        if self._local and not private(host, self._origins):
            return f"This is a private installation, and not {hostname(f'//{host}')!r}: see SWIPESTREAM_AUTH."
        if scope["method"] not in SAFE and not known(host, origin, self._origins):
            return "Pages from this origin may not do that."
        return None

    async def _limited(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        headers = Headers(scope=scope)
        if why := self._strange(scope, headers):
            refusal = problem(scope["path"], 403, "foreign", why, headers=CLOSE)
            return await refusal(scope, receive, answer)
        length = headers.get("content-length", "0")
        limit = self._upload if scope["path"] == UPLOADS else self._limit
        body = _Body(receive, limit)
        # A malformed length never gets here: the server refuses it.
        if length.isdigit() and int(length) > limit:
            return await self._refuse(scope, receive, answer)
        await self._app(scope, body, answer)

    async def _refuse(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        response = problem(scope["path"], 413, "too-large", TOO_LARGE, headers=CLOSE)
        await response(scope, receive, answer)


class _Body:
    """Counts what is read, for bodies whose length was not told beforehand, and how long it is waited for."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._left = receive, limit
        self._patience_s: float | None = PATIENCE_S

    async def __call__(self) -> Message:
        asked = time.monotonic()
        try:
            async with asyncio.timeout(self._patience_s):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408, headers=CLOSE) from error
        self._count(len(message.get("body", b"")), time.monotonic() - asked)
        if not message.get("more_body"):
            self._patience_s = None  # what comes now is the end of the connection
        return message

    def _count(self, size: int, waited_s: float) -> None:
        self._left -= size
        if self._left < 0:
            # Of all errors, FastAPI lets this one through.
            raise HTTPException(413, headers=CLOSE)
        if self._patience_s is not None:
            self._patience_s += size / SLOWEST - waited_s


class _Answer:
    """Adds the headers, and remembers the status for the measures."""

    def __init__(self, scope: Scope, send: Send, policy: str) -> None:
        self._scope, self._send, self._policy = scope, send, policy
        self._started = time.perf_counter()
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in (*HEADERS.items(), *self._limits().items()):
                headers[name] = value
            headers["Content-Security-Policy"] = self._policy
            # What is somebody's, or not there yet, is in nobody's cache, unless a route says otherwise.
            headers.setdefault("Cache-Control", "no-store")
        await self._send(message)

    def _limits(self) -> dict[str, str]:
        """What is left of the limits, where the request was counted."""
        return dict(self._scope.get("state", {}).get("answer_headers", {}))

    def measured(self) -> None:
        """Count the request under its route's pattern, so that ids do not become labels."""
        path = getattr(self._scope.get("route"), "path", "other")
        labels = (self._scope["method"] if path != "other" else "*", path)
        measures.REQUESTS.labels(*labels, str(self.status or 499)).inc()
        measures.SECONDS.labels(*labels).observe(time.perf_counter() - self._started)
