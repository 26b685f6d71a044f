"""Text: any string, split into runs that one font can draw, measured and drawn as masks.

Shaping and direction within a run are HarfBuzz's and FriBidi's; emoji are pictures that sit in the line.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw

from gpu_consumers.picture.typefaces import EMOJI, EMOJI_SIZE, Face, coverage, covering, font

_SELECTOR, _JOINER, _KEYCAP = "\ufe0f", "\u200d", "\u20e3"
#: Controls and private characters have no shape; those that steer direction would fight the layout of the line.
_UNSEEN, _JOINERS = ("Cc", "Cf", "Cs", "Co"), "\u200c\u200d"
_BRACKETS = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_TONES = {chr(point) for point in range(0x1F3FB, 0x1F400)}


@dataclass(frozen=True)
class Run:
    """A piece of text for one font."""

    font: str
    text: str

    @property
    def emoji(self) -> bool:
        """Whether it is drawn from colour bitmaps."""
        return self.font == EMOJI


@lru_cache(maxsize=4096)
def runs(text: str, face: Face) -> tuple[Run, ...]:
    """The text in pieces of one font each, in visual order from the left."""
    found: list[Run] = []
    for character, name in _fonts(_mirrored(text) if rtl(text) else text, face):
        if found and found[-1].font == name:
            found[-1] = Run(name, found[-1].text + character)
        else:
            found.append(Run(name, character))
    return tuple(reversed(found)) if rtl(text) else tuple(found)


def rtl(text: str) -> bool:
    """Whether the text's first strong character is written from right to left."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    return next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L"


def clean(text: str) -> str:
    """What can be drawn: no control characters, one kind of space, and letters instead of mathematical look-alikes."""
    plain = (unicodedata.normalize("NFKC", c) if 0x1D400 <= ord(c) < 0x1D800 else c for c in text)
    normal = unicodedata.normalize("NFC", "".join(plain))
    spaced = "".join(" " if c.isspace() else c for c in normal)
    return " ".join("".join(c for c in spaced if c in _JOINERS or unicodedata.category(c) not in _UNSEEN).split())


@lru_cache(maxsize=8192)
def advance(text: str, face: Face, size: int) -> float:
    """Width of the text in pixels."""
    return sum(_advance(run, size) for run in runs(text, face))


def ascent(face: Face, size: int) -> int:
    """Height of capitals above the baseline in pixels: what the eye takes for the top of a line."""
    return -int(font(face.value, size).getbbox("H", anchor="ls")[1])


def draw(mask: Image.Image, x: float, baseline: float, text: str, face: Face, size: int, stroke: float = 0) -> None:
    """Draw everything but emoji into a mask (mode L), from x on the baseline."""
    pen = ImageDraw.Draw(mask)
    for run in runs(text, face):
        if not run.emoji:
            pen.text((x, baseline), run.text, 255, font(run.font, size), anchor="ls", stroke_width=stroke)
        x += _advance(run, size)


def emoji(text: str, face: Face, size: int) -> list[tuple[float, Image.Image]]:
    """The text's emoji as RGBA pictures, each with its x; they stand on the baseline, a fifth below."""
    found, x = [], 0.0
    for run in runs(text, face):
        if run.emoji:
            step = _advance(run, size) / len(run.text)
            found += [(x + index * step, _picture(character, round(step))) for index, character in enumerate(run.text)]
        x += _advance(run, size)
    return found


@lru_cache(maxsize=64)
def _picture(character: str, width: int) -> Image.Image:
    box = bitmap(character)
    return box.resize((max(1, width), max(1, round(width * box.height / box.width))), Image.Resampling.LANCZOS)


def bitmap(character: str) -> Image.Image:
    """An emoji as the font holds it, RGBA, about 136 pixels wide."""
    face = font(EMOJI, EMOJI_SIZE)
    left, top, right, bottom = face.getbbox(character, anchor="lt")
    box = Image.new("RGBA", (max(1, int(right - left)), max(1, int(bottom - top))))
    ImageDraw.Draw(box).text((-left, -top), character, font=face, embedded_color=True, anchor="lt")
    return box


@lru_cache(maxsize=8192)
def _advance(run: Run, size: int) -> float:
    if run.emoji:
        return 1.16 * size * len(run.text)
    return float(font(run.font, size).getlength(run.text))


def _fonts(text: str, face: Face) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    skip = False
    for index, character in enumerate(text):
        following = text[index + 1 : index + 2]
        if skip or character in _TONES or character in (_SELECTOR, "\ufe0e", _KEYCAP):
            skip = False
            continue
        if character == _JOINER and found and found[-1][1] == EMOJI:
            skip = True  # of a joined sequence only the first picture is shown
            continue
        found.append((character, _font(character, following, face, found[-1][1] if found else None)))
    return found


def _mirrored(text: str) -> str:
    """Brackets at the ends of a word written from the right, turned round: alone in their run they would not be."""
    return text.translate(_BRACKETS)


def _font(character: str, following: str, face: Face, before: str | None) -> str:
    point = ord(character)
    if before is not None and before != EMOJI and unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf"):
        return before  # a mark belongs to its letter
    pictured = point in coverage(EMOJI)
    if pictured and (following == _SELECTOR or point >= 0x1F000):
        return EMOJI
    return covering(face, point) or (EMOJI if pictured else face.value)
