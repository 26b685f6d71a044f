"""The client: what one can ask of Swipestream."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx

from swipestream_client import following
from swipestream_client.contracts import VideoCard
from swipestream_client.http import Http, away, check
from swipestream_client.stream import Stream

DEFAULT_URL = "http://127.0.0.1:8000"


class Swipestream:
    """A client of the API at `base_url`, for one viewer. Use it as an async context manager.

    `viewer` names who watches: any random name, kept by the caller; `token` proves it where the server asks for proof.
    `timeout` is for one request, `patience` for one that may be repeated while the server is away; both in seconds.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        viewer: str | None = None,
        token: str | None = None,
        timeout: float = 10.0,
        patience: float = 0.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.viewer, self._token = viewer or uuid.uuid4().hex, token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.AsyncClient(base_url=base_url, timeout=timeout, headers=headers, transport=transport)
        self._http = Http(self._client, patience)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, path: str, **params: Any) -> Any:
        """GET any path of the API; parameters that are None are left out."""
        wanted = {name: value for name, value in params.items() if value is not None}
        return await self._http.json("GET", path, safe=True, params=wanted)

    async def prompt(self, text: str, *, idempotency_key: str | None = None, **options: Any) -> dict[str, Any]:
        """Ask for a video: `{video_id, status, links}`. `options`: flavor, archetype, target_seconds, viewer_id …

        Sending is safe to repeat: without a key of the caller's, one is made for this call.
        """
        body = {"text": text} | {name: value for name, value in options.items() if value is not None}
        key = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        answer: dict[str, Any] = await self._http.json("POST", "/v1/prompts", safe=True, json=body, headers=key)
        return answer

    async def video(self, video_id: str) -> dict[str, Any]:
        """Where a video is: status, stages, scenes, cost; `card` once it can be watched."""
        found: dict[str, Any] = await self.get(f"/v1/videos/{video_id}")
        return found

    async def events(self, video_id: str) -> dict[str, Any]:
        """The story of a video: each event with its cause and its place in the log."""
        found: dict[str, Any] = await self.get(f"/v1/videos/{video_id}/events")
        return found

    async def flavors(self) -> dict[str, Any]:
        """The presets that a prompt may name."""
        found: dict[str, Any] = await self.get("/v1/flavors")
        return found

    async def feed(self, limit: int = 5, cursor: str | None = None, *, viewer: str | None = None) -> dict[str, Any]:
        """The next videos of this viewer, or of the one that is named: `{items, cursor}`."""
        found: dict[str, Any] = await self.get("/v1/feed", viewer=viewer or self.viewer, limit=limit, cursor=cursor)
        return found

    async def browse(self, limit: int = 5) -> AsyncIterator[VideoCard]:
        """The feed, page after page, until nothing more is there now."""
        cursor: str | None = None
        while (page := await self.feed(limit, cursor))["items"]:
            for card in page["items"]:
                yield card
            if (cursor := page.get("cursor")) is None:
                return

    async def swipe(self, swipes: Sequence[Mapping[str, Any]], *, viewer: str | None = None) -> dict[str, Any]:
        """Tell what the viewer did, up to 100 at a time. With a `swipe_id` on each, sending again is safe."""
        body = {"viewer_id": viewer or self.viewer, "swipes": [dict(swipe) for swipe in swipes]}
        safe = all("swipe_id" in swipe for swipe in swipes)
        answer: dict[str, Any] = await self._http.json("POST", "/v1/swipes", safe=safe, json=body)
        return answer

    async def download(self, path: str, to: Path) -> int:
        """Write a media file; its size in bytes. The file appears whole or not at all. Raises OSError too."""
        part = to.with_name(f".{to.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            async with self._client.stream("GET", path) as answer:
                await check(answer)
                with part.open("wb") as file:
                    async for chunk in answer.aiter_bytes():
                        file.write(chunk)
            size = part.stat().st_size
            part.replace(to)
        except httpx.TransportError as error:
            raise away(self._client, error) from error
        finally:
            part.unlink(missing_ok=True)
        return size

    async def gateway(self) -> str:
        """Where the websocket gateway is; on the name by which this client reaches the API."""
        where, api = urlsplit(str((await self.get("/config.json"))["gateway"])), self._client.base_url
        scheme = "wss" if api.scheme == "https" else "ws"
        host = f"[{api.host}]" if ":" in api.host else api.host
        return urlunsplit((scheme, f"{host}:{where.port}" if where.port else host, where.path, "", ""))

    def stream(self, *, videos: Iterable[str] = (), resume: str | None = None, lobby: bool = False) -> Stream:
        """What happens, as it happens; see `Stream`. `resume`: the token of an earlier stream."""
        return Stream(self.gateway, self.viewer, token=self._token, videos=videos, resume=resume, lobby=lobby)

    def follow(self, video_id: str, *, timeout: float = 300.0) -> AsyncIterator[following.Step]:
        """How far a video is, until it can be watched. Raises RefusedError, LateError after `timeout` seconds."""
        return following.follow(self, video_id, timeout)
