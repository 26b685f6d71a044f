"""What a file really is, by its first bytes; names and headers of others are not believed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from schemas.footage import FootageKind

#: How many bytes are needed.
HEAD = 16


@dataclass(frozen=True)
class Sniffed:
    """A kind of file that can be shown."""

    kind: FootageKind
    suffix: str
    reader: str  #: what Pillow or FFmpeg call its format; nothing else is tried on it


_JPEG = Sniffed(FootageKind.IMAGE, "jpg", "JPEG")
_PNG = Sniffed(FootageKind.IMAGE, "png", "PNG")
_WEBP = Sniffed(FootageKind.IMAGE, "webp", "WEBP")
_MOV = Sniffed(FootageKind.CLIP, "mp4", "mov")
_WEBM = Sniffed(FootageKind.CLIP, "webm", "matroska")


def sniff(head: bytes) -> Sniffed | None:
    """The kind of file that begins like that; None for any that is not taken.

    Playlists and the like are not: FFmpeg would follow the addresses in them.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return _JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _WEBP
    if head[4:8] == b"ftyp":
        return _MOV
    return _WEBM if head.startswith(b"\x1aE\xdf\xa3") else None


def sniffed(path: Path) -> Sniffed | None:
    """The same of a file."""
    with path.open("rb") as file:
        return sniff(file.read(HEAD))
