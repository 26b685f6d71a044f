"""What the gateway says: every frame of protocol 1, as JSON bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from schemas.cards import VideoCard

PROTOCOL = 1


def encode(kind: str, **fields: Any) -> bytes:
    """One frame. Fields that are None are left out."""
    present = {name: value for name, value in fields.items() if value is not None}
    return json.dumps({"type": kind, **present}, separators=(",", ":"), ensure_ascii=False).encode()


def welcome(*, token: str | None, resumed: bool, replayed: int, beat_s: float, live: bool) -> bytes:
    """The answer to a hello. `live` is false while the event log is not being read."""
    return encode(
        "welcome", protocol=PROTOCOL, token=token, resumed=resumed, replayed=replayed, beat_s=beat_s, live=live
    )


def resync(reason: str, token: str | None) -> bytes:
    """Frames are missing: fetch the feed again and go on with this token."""
    return encode("resync", reason=reason, token=token)


def beat(token: str | None, live: bool) -> bytes:
    """Nothing has happened; the token moves on all the same."""
    return encode("beat", token=token, live=live)


def error(code: str, detail: str) -> bytes:
    """The client's last message was not understood."""
    return encode("error", code=code, detail=detail)


def close(code: int, reason: str) -> bytes:
    """The last frame of a stream of server-sent events, which has no other way to say why it ends."""
    return encode("close", code=code, reason=reason)


def video(card: VideoCard, audience: str, at: tuple[int, int]) -> bytes:
    """A video can be watched. `audience` says for whom it was made: you, another, everyone."""
    return encode("video", video_id=card.video_id, card=card.model_dump(mode="json"), audience=audience, at=at)


def revision(
    video_id: str, number: int, status: str, reason: str | None, at: tuple[int, int], overtaken_by: int | None = None
) -> bytes:
    """A later revision is ready to be looked at, or will not come; any revision was dropped. No card: nobody sees it
    before it is promoted."""
    told = {"status": status, "overtaken_by": overtaken_by, "reason": reason}
    return encode("revision", video_id=video_id, revision=number, **told, at=at)


def stamped(frame: bytes, token: str) -> bytes:
    """A frame with its resume token."""
    return frame[:-1] + b',"token":"' + token.encode() + b'"}'


def join(frames: Iterable[bytes]) -> bytes:
    """One message that carries several frames, in order: a JSON array, or the frame itself when it is one."""
    several = list(frames)
    return several[0] if len(several) == 1 else b"[" + b",".join(several) + b"]"


class Message:
    """Bytes that go to many clients, and the same as a websocket frame and as a server-sent event, each built once."""

    __slots__ = ("__dict__", "payload")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload

    @cached_property
    def wire(self) -> bytes:
        """An unfragmented, unmasked text frame (RFC 6455, section 5.2)."""
        size = len(self.payload)
        if size < 126:
            return b"\x81" + size.to_bytes(1, "big") + self.payload
        if size < 65_536:
            return b"\x81\x7e" + size.to_bytes(2, "big") + self.payload
        return b"\x81\x7f" + size.to_bytes(8, "big") + self.payload

    @cached_property
    def event(self) -> bytes:
        """A server-sent event. Its id is the newest token in it, with which a client that has read it may resume."""
        # Quotes within JSON texts are escaped, and nothing in a card is called so: the last one is a frame's own.
        _, named, rest = self.payload.rpartition(b'"token":"')
        told = b"id: " + rest.partition(b'"')[0] + b"\n" if named else b""
        return told + b"data: " + self.payload + b"\n\n"
