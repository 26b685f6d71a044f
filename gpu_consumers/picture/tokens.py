"""Tokens: text in the parts that a line is made of, and their order as they are seen."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from gpu_consumers.picture.text import clean, rtl
from gpu_consumers.picture.unspaced import CLINGING, CLOSING, ideograph, phrases


@dataclass(frozen=True)
class Token:
    """What is never broken unless it alone is too wide. `glued`: no space stands before it."""

    text: str
    glued: bool = False
    index: int = 0  #: which word of the text it is; the parts of a broken one share it


def tokens(text: str) -> list[Token]:
    """Words, split at white space; where a script has none (Chinese, Japanese), what is read together."""
    found: list[Token] = []
    for word in clean(text).split():
        for n, piece in enumerate(pieces(word)):
            found.append(Token(piece, n > 0, len(found)))
    return found


def pieces(word: str) -> list[str]:
    """A word in the parts between which a line may break: itself, or the phrases of a script without spaces."""
    parts: list[str] = []
    for character in word:
        joins = parts and (character in CLINGING + CLOSING or not (ideograph(character) or ideograph(parts[-1][0])))
        if joins:
            parts[-1] += character
        else:
            parts.append(character)
    return phrases(parts)


def broken(token: Token, fits: Callable[[str], bool]) -> list[Token]:
    """A token in as few parts as fit, never between a letter and its marks; Latin letters with a hyphen."""
    parts = [""]
    for character in token.text:
        hyphen = "-" if character.isalpha() and character < "\u0250" else ""
        clings = unicodedata.category(character).startswith("M") or character in CLINGING + CLOSING
        if not parts[-1] or clings or fits(parts[-1] + character + hyphen):
            parts[-1] += character
        else:
            parts[-1] += hyphen if parts[-1][-1].isalpha() else ""
            parts.append(character)
    return [Token(part, token.glued or n > 0, token.index) for n, part in enumerate(parts)]


def visual(row: list[Token]) -> list[tuple[Token, bool]]:
    """The row as it is seen from the left, each token with whether a space stands before it.

    A row whose first strong letter is written from the right is turned round, but for what runs left within it.
    """
    order = list(range(len(row)))
    if rtl(" ".join(token.text for token in row)):
        order = _turned(row)
    return [
        (row[at], position > 0 and not row[max(at, order[position - 1])].glued) for position, at in enumerate(order)
    ]


def _turned(row: list[Token]) -> list[int]:
    seen: list[int] = []
    for at in reversed(range(len(row))):
        if rtl(row[at].text) or not seen or rtl(row[seen[-1]].text):
            seen.append(at)
        else:
            start = next((n + 1 for n in reversed(range(len(seen))) if rtl(row[seen[n]].text)), 0)
            seen.insert(start, at)
    return seen
