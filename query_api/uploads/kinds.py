"""What a file is, by its first bytes: its name and its declared type are only what somebody says. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.footage import FootageKind

#: Bytes that are looked at.
HEAD = 32


@dataclass(frozen=True, slots=True)
class Kind:
    """A type that is taken."""

    kind: FootageKind
    suffix: str
    media_type: str


JPEG = Kind(FootageKind.IMAGE, "jpg", "image/jpeg")
PNG = Kind(FootageKind.IMAGE, "png", "image/png")
WEBP = Kind(FootageKind.IMAGE, "webp", "image/webp")
MP4 = Kind(FootageKind.CLIP, "mp4", "video/mp4")
MOV = Kind(FootageKind.CLIP, "mov", "video/quicktime")
WEBM = Kind(FootageKind.CLIP, "webm", "video/webm")
KINDS = (JPEG, PNG, WEBP, MP4, MOV, WEBM)


def known(head: bytes) -> Kind | None:
    """The type of a file that begins like this; None for one that is not taken."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp":
        return MOV if head[8:12] == b"qt  " else MP4
    return WEBM if head.startswith(b"\x1a\x45\xdf\xa3") else None
