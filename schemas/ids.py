"""Deterministic ids: the same cause always makes the same event, so a duplicate is recognised by its id."""

from __future__ import annotations

import hashlib
import uuid

#: The root of every id this project derives (itself a UUIDv5 of the project's name under the URL namespace).
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:swipestream")
_NAMESPACE = NAMESPACE.bytes
#: Of 128 bits, all but the version and the variant; and those two.
_UNMARKED = ~((0xF << 76) | (0x3 << 62)) & ((1 << 128) - 1)
_VERSION_5 = (0x5 << 76) | (0x2 << 62)


def derive(cause: str, step: str, index: int = 0) -> str:
    """UUIDv5 of (cause id, step name, index), RFC 9562 section 5.5."""
    # As uuid.uuid5 does it; its objects cost more than the hash, and every event has an id.
    digest = hashlib.sha1(_NAMESPACE + f"{cause}/{step}/{index}".encode(), usedforsecurity=False).digest()[:16]
    number = int.from_bytes(digest, "big") & _UNMARKED | _VERSION_5
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def fresh() -> str:
    """A new random id, for what nothing of ours has caused: a request without an idempotency key."""
    return str(uuid.uuid4())


def span(event: str) -> str:
    """The span id of an event in W3C's trace context: 64 bits of its own id, so that a duplicate is the same span."""
    return event.replace("-", "")[-16:]


def video_id(cause: str) -> str:
    """The video that a prompt asks for."""
    return derive(cause, "video")


def project_video(project: str) -> str:
    """The video that a project makes, in all of its revisions."""
    return derive(project, "video")


def scene_id(video: str, revision: int, scene_number: int) -> str:
    """One scene of one revision of a video. Scenes count from 1."""
    return derive(video, f"revision-{revision}/scene", scene_number)


def scene_seed(video: str, scene_number: int, change: int | None = None) -> int:
    """The seed of a scene. Not of its revision: what is made again from the same inputs is the same.

    `change` asks for other pixels on purpose.
    """
    scene = scene_id(video, 1, scene_number)
    return seed(scene if change is None else f"{scene}/seed-{change}")


def seed(scene: str) -> int:
    """63 bits of an id, so that the same events give the same pixels."""
    return int.from_bytes(hashlib.sha256(scene.encode()).digest()[:8], "big") >> 1
