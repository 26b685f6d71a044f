"""Typefaces: a leading font and the fallbacks for what it lacks; all bundled, so that pixels depend on no machine."""

from __future__ import annotations

import struct
from enum import StrEnum
from functools import cache
from pathlib import Path

from PIL import ImageFont

FOLDER = Path(__file__).parent / "fonts"
EMOJI = "NotoColorEmoji.subset.ttf"
EMOJI_SIZE = 109  #: the only size in which this bitmap font can be opened

_SCRIPTS = (
    "Arabic Hebrew Devanagari Bengali Tamil Telugu Gujarati Gurmukhi Kannada Malayalam Oriya Sinhala"
    " Thai Lao Khmer Myanmar Armenian Georgian Ethiopic"
).split()
_FALLBACKS = (
    "InterDisplay-Bold.otf",
    *(f"NotoSans{script}-Bold.ttf" for script in _SCRIPTS),
    "NotoSansCJKsc-Bold.subset.otf",
    "NotoSansSymbols2-Regular.subset.ttf",
)


class Face(StrEnum):
    """The voices that type can have."""

    BLACK = "InterDisplay-Black.otf"  #: headlines, captions
    BOLD = "InterDisplay-Bold.otf"  #: labels
    CONDENSED = "BebasNeue-Bold.otf"  #: posters, numbers
    SERIF = "NotoSerifDisplay-Bold.ttf"  #: stories


@cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A bundled font in one size, shaped by HarfBuzz."""
    return ImageFont.truetype(str(FOLDER / name), size, layout_engine=ImageFont.Layout.RAQM)


@cache
def coverage(name: str) -> frozenset[int]:
    """The code points that a font has a glyph for, read from its `cmap` (OpenType 1.9, formats 4 and 12)."""
    data = (FOLDER / name).read_bytes()
    start = _table(data, b"cmap")
    (count,) = struct.unpack_from(">H", data, start + 2)
    points: set[int] = set()
    for record in range(count):
        (offset,) = struct.unpack_from(">I", data, start + 4 + record * 8 + 4)
        points |= _subtable(data, start + offset)
    return frozenset(points)


@cache
def covering(face: Face, point: int) -> str | None:
    """The first font of the face's chain that has this code point; None: nobody has."""
    return next((name for name in (face.value, *_FALLBACKS) if point in coverage(name)), None)


def _table(data: bytes, tag: bytes) -> int:
    (count,) = struct.unpack_from(">H", data, 4)
    for index in range(count):
        name, _, offset, _ = struct.unpack_from(">4sIII", data, 12 + index * 16)
        if name == tag:
            return int(offset)
    raise ValueError(f"no {tag!r} table")


def _subtable(data: bytes, at: int) -> set[int]:
    (kind,) = struct.unpack_from(">H", data, at)
    if kind == 4:
        return _segments(data, at)
    if kind == 12:
        return _groups(data, at)
    return set()


def _segments(data: bytes, at: int) -> set[int]:
    (double,) = struct.unpack_from(">H", data, at + 6)
    count = double // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + double)
    spans = zip(starts, ends, strict=True)
    return {point for first, last in spans for point in range(first, last + 1) if point != 0xFFFF}


def _groups(data: bytes, at: int) -> set[int]:
    (count,) = struct.unpack_from(">I", data, at + 12)
    groups = (struct.unpack_from(">III", data, at + 16 + index * 12) for index in range(count))
    return {point for first, last, _ in groups for point in range(first, last + 1)}
