"""Paragraphs: words set in lines, as large as a box allows, broken evenly, in the right order for their script."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from gpu_consumers.picture.text import advance, ascent, clean, rtl
from gpu_consumers.picture.typefaces import Face

_CLOSING = "、。，．：；！？）」』】〉》〕…,.!?;:)]}\u201d\u2019%"


@dataclass(frozen=True)
class Token:
    """What is never broken unless it alone is too wide. `glued`: no space stands before it."""

    text: str
    glued: bool = False


@dataclass(frozen=True)
class Placed:
    """A token on the sheet: the left end of its baseline, in pixels from the paragraph's top left corner."""

    index: int  #: which token of the text; the parts of a broken one share it
    text: str
    x: float
    baseline: float
    width: float
    line: int


@dataclass(frozen=True)
class Paragraph:
    """Set text. `height` runs from the top of the first line's capitals to the last baseline."""

    face: Face
    size: int
    width: int
    height: int
    words: tuple[Placed, ...]

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return 1 + max((word.line for word in self.words), default=-1)


def tokens(text: str) -> list[Token]:
    """Words, split at white space; where a script has none (Chinese, Japanese), single characters."""
    found: list[Token] = []
    for word in clean(text).split():
        found += [Token(piece, glued=index > 0) for index, piece in enumerate(pieces(word))]
    return found


def pieces(word: str) -> list[str]:
    """A word in the parts between which a line may break: itself, or its ideographs with the marks that close them."""
    parts: list[str] = []
    for character in word:
        joins = parts and (character in _CLOSING or not (_ideograph(character) or _ideograph(parts[-1][0])))
        if joins:
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def fit(
    words: Sequence[Token],
    face: Face,
    box: tuple[int, int],
    sizes: tuple[int, int],
    *,
    align: str = "center",
    leading: float = 1.12,
    lines: int = 8,
) -> Paragraph:
    """The words as large as they go into `box` (width, height), between `sizes` (smallest, largest), in at most `lines`.

    What does not fit at the smallest size is broken within words, and then runs out of the box at the bottom.
    """
    smallest, size = sizes
    while size > smallest:
        rows = _wrap(words, face, size, box[0])
        tall = ascent(face, size) + (len(rows) - 1) * size * leading
        if len(rows) <= lines and tall <= box[1] and _widest(rows, face, size) <= box[0]:
            break
        size = max(smallest, int(size * 0.94))
    broken = _broken(words, face, size, box[0])
    return _set(_balanced(broken, face, size, box[0]), face, size, align, leading)


Row = list[tuple[int, Token]]


def _wrap(words: Sequence[Token], face: Face, size: int, width: float) -> list[Row]:
    return _rows(list(enumerate(words)), face, size, width)


def _rows(words: Row, face: Face, size: int, width: float) -> list[Row]:
    rows: list[Row] = []
    used, space = 0.0, _space(face, size)
    for index, token in words:
        step = advance(token.text, face, size)
        gap = 0 if token.glued else space
        if rows and used + gap + step <= width:
            rows[-1].append((index, token))
            used += gap + step
        else:
            rows.append([(index, token)])
            used = step
    return rows


def _space(face: Face, size: int) -> float:
    # Tightly spaced heavy letters with an outline run together in the font's own space.
    return advance(" ", face, size) * 1.2


def _widest(rows: list[Row], face: Face, size: int) -> float:
    return max((_length(row, face, size) for row in rows), default=0.0)


def _length(row: Row, face: Face, size: int) -> float:
    space = _space(face, size)
    gaps = sum(space for _, token in row[1:] if not token.glued)
    return gaps + sum(advance(token.text, face, size) for _, token in row)


def _broken(words: Sequence[Token], face: Face, size: int, width: float) -> Row:
    row: Row = []
    for index, token in enumerate(words):
        parts = [token.text] if advance(token.text, face, size) <= width else _chopped(token.text, face, size, width)
        row += [(index, Token(part, glued=token.glued or n > 0)) for n, part in enumerate(parts)]
    return row


def _chopped(text: str, face: Face, size: int, width: float) -> list[str]:
    parts = [""]
    for character in text:
        fits = advance(parts[-1] + character, face, size) <= width
        if not parts[-1] or fits or unicodedata.category(character).startswith("M"):
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def _balanced(words: Row, face: Face, size: int, width: float) -> list[Row]:
    rows = _rows(words, face, size, width)
    low, high = width / max(1, len(rows)) * 0.9, width
    while high - low > size * 0.2:
        middle = (low + high) / 2
        tried = _rows(words, face, size, middle)
        if len(tried) == len(rows) and _widest(tried, face, size) <= middle:
            high = middle
        else:
            low = middle
    return _rows(words, face, size, high)


def _set(rows: list[Row], face: Face, size: int, align: str, leading: float) -> Paragraph:
    width = _widest(rows, face, size)
    top = ascent(face, size)
    placed: list[Placed] = []
    for number, row in enumerate(rows):
        slack = width - _length(row, face, size)
        x = slack * {"left": 0.0, "center": 0.5, "right": 1.0}[align]
        placed += _line(row, x, top + number * size * leading, number, face, size)
    height = top + max(0, len(rows) - 1) * size * leading
    return Paragraph(face, size, round(width + 0.5), round(height + 0.5), tuple(placed))


def _line(row: Row, x: float, baseline: float, number: int, face: Face, size: int) -> list[Placed]:
    space = _space(face, size)
    placed: list[Placed] = []
    for position, (index, token) in enumerate(visual(row)):
        if position and not token.glued:
            x += space
        step = advance(token.text, face, size)
        placed.append(Placed(index, token.text, x, baseline, step, number))
        x += step
    return placed


def visual(row: Row) -> Row:
    """The row as it is seen from the left: reversed where it is written from the right, but for what runs left within."""
    if not row or not rtl(" ".join(token.text for _, token in row)):
        return row
    seen: Row = []
    for index, token in reversed(row):
        if rtl(token.text) or not seen or rtl(seen[-1][1].text):
            seen.append((index, token))
        else:
            at = next((n + 1 for n in range(len(seen) - 1, -1, -1) if rtl(seen[n][1].text)), 0)
            seen.insert(at, (index, token))
    return seen


def _ideograph(character: str) -> bool:
    point = ord(character)
    return 0x2E80 <= point <= 0x9FFF or 0xF900 <= point <= 0xFAFF or 0xFF00 <= point <= 0xFF60 or point >= 0x20000
