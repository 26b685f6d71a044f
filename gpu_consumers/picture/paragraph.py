"""Paragraphs: words set in lines, as large as a box allows, broken evenly, in the right order for their script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from gpu_consumers.picture.text import advance, ascent, rtl
from gpu_consumers.picture.tokens import Token, broken, visual
from gpu_consumers.picture.typefaces import Face, covering

#: As in CSS: lines begin where their script begins, at the left or at the right.
Align = Literal["start", "center"]

#: Share of the wished size down to which words are kept whole.
UNBROKEN = 0.5
#: The least leading where another face helps out: its letters may be taller than the capitals that the leading is for.
HELPED = 1.08


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How text is set. `leading` is the distance of lines as a share of the size, `space` of the font's own space."""

    face: Face
    size: int
    align: Align = "center"
    leading: float = 1.12
    space: float = 1.2

    def width(self, row: Sequence[Token]) -> float:
        """Length of a line, in pixels."""
        gaps = sum(not token.glued for token in row[1:]) * self.gap
        return gaps + sum(self.measure(token) for token in row)

    def height(self, lines: int) -> float:
        """From the top of the first line's capitals to the last baseline, in pixels."""
        return ascent(self.face, self.size) + max(0, lines - 1) * self.size * self.leading

    def measure(self, token: Token) -> float:
        """Length of a token, in pixels."""
        return advance(token.text, self.face, self.size)

    def slack(self, words: Sequence[Token]) -> float:
        """Where the slack of a line goes: the share that stands left of it."""
        if self.align == "center":
            return 0.5
        return 1.0 if rtl(" ".join(token.text for token in words)) else 0.0

    @property
    def gap(self) -> float:
        """Width of a space, in pixels."""
        return advance(" ", self.face, self.size) * self.space


@dataclass(frozen=True)
class Placed:
    """A token on the sheet: the left end of its baseline, in pixels from the paragraph's top left corner."""

    index: int
    text: str
    x: float
    baseline: float
    width: float
    line: int


@dataclass(frozen=True)
class Paragraph:
    """Set text. `height` runs from the top of the first line's capitals to the last baseline.

    `slack` is the share of what is left of a wider box that stands left of it.
    """

    face: Face
    size: int
    width: int
    height: int
    words: tuple[Placed, ...]
    slack: float

    def start(self, left: float, room: float, length: float | None = None) -> float:
        """Where in `room` from `left` on the text lies, or another thing of that length that begins where it does."""
        return left + (room - (self.width if length is None else length)) * self.slack

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return 1 + max((word.line for word in self.words), default=-1)


def fit(words: Sequence[Token], setting: Setting, box: tuple[int, int], *, smallest: int, lines: int = 8) -> Paragraph:
    """The words as large as they go into `box` (width, height), from the setting's size down, in at most `lines`.

    Words are kept whole down to half of that size, then broken where they must be. What does not fit at the smallest
    size runs out of the box at the bottom.
    """
    setting = _opened(words, setting)
    whole = setting.size * UNBROKEN
    while True:
        parts = list(words) if setting.size > whole else _broken(words, setting, box[0])
        if setting.size <= smallest or _fits(parts, setting, box, lines):
            return _set(_balanced(parts, setting, box[0]), setting)
        setting = replace(setting, size=max(smallest, int(setting.size * 0.94)))


def _opened(words: Sequence[Token], setting: Setting) -> Setting:
    """With lines far enough apart for letters that the face lacks, such as those of Chinese on a poster."""
    letters = (letter for token in words for letter in token.text if letter.isalpha())
    helped = any(covering(setting.face, ord(letter)) != setting.face.value for letter in letters)
    return replace(setting, leading=max(setting.leading, HELPED)) if helped else setting


def _fits(words: Sequence[Token], setting: Setting, box: tuple[int, int], lines: int) -> bool:
    rows = _rows(words, setting, box[0])
    wide = max((setting.width(row) for row in rows), default=0.0)
    return len(rows) <= lines and wide <= box[0] and setting.height(len(rows)) <= box[1]


def _broken(words: Sequence[Token], setting: Setting, width: float) -> list[Token]:
    parts: list[Token] = []
    for token in words:
        whole = setting.measure(token) <= width
        parts += [token] if whole else broken(token, lambda text: setting.measure(Token(text)) <= width)
    return parts


def _rows(words: Sequence[Token], setting: Setting, width: float) -> list[list[Token]]:
    rows: list[list[Token]] = []
    used = 0.0
    for token in words:
        step = setting.measure(token)
        gap = 0 if token.glued else setting.gap
        if rows and used + gap + step <= width:
            rows[-1].append(token)
            used += gap + step
        else:
            rows.append([token])
            used = step
    return rows


def _balanced(words: Sequence[Token], setting: Setting, width: float) -> list[list[Token]]:
    """Lines of about one length: the narrowest measure that needs no more of them."""
    best = _rows(words, setting, width)
    low, high = width / max(1, len(best)) * 0.9, width
    while high - low > setting.size * 0.2:
        middle = (low + high) / 2
        tried = _rows(words, setting, middle)
        if len(tried) == len(best) and all(setting.width(row) <= middle for row in tried):
            best, high = tried, middle
        else:
            low = middle
    return best


def _set(rows: list[list[Token]], setting: Setting) -> Paragraph:
    width = max((setting.width(row) for row in rows), default=0.0)
    slack = setting.slack([token for row in rows for token in row])
    placed: list[Placed] = []
    for number, row in enumerate(rows):
        x = (width - setting.width(row)) * slack
        for token, spaced in visual(row):
            x += setting.gap if spaced else 0
            wide = setting.measure(token)
            placed.append(Placed(token.index, token.text, x, setting.height(number + 1), wide, number))
            x += wide
    height = setting.height(len(rows))
    return Paragraph(setting.face, setting.size, round(width + 0.5), round(height + 0.5), tuple(placed), slack)
