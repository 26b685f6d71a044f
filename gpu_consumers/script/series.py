"""Figures in a row, such as `2016: 1.29, 2020: 1.27` or `Berlin 3.7 million, Hamburg 1.9 million`, as sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gpu_consumers.script.clean import sentences
from gpu_consumers.script.english import sentence_case
from gpu_consumers.script.slots import number

_ITEM = re.compile(
    r"""^(?:and\s+)?(?P<label>[^\W\d_][\w' .&-]{0,40}?|(?:1[5-9]|20)\d\d)(?P<colon>\s*[:=]\s*|\s+)
    (?P<text>(?P<before>[$€£]?)(?P<number>\d{1,3}(?:,\d{3})+|\d{1,9}(?:\.\d{1,4})?)
    (?P<after>%|\s?[^\W\d_]{1,12}\.?(?:\s[^\W\d_]{1,12})?)?)\.?$""",
    re.VERBOSE,
)
#: A label that is a year.
YEAR = re.compile(r"^(?:1[5-9]|20)\d\d$")
_APART = re.compile(r"[,;]\s+(?:and\s+)?|\s+(?:and|und|et|y|e)\s+(?=[^,;]*$)")
#: Fractions and thousands, which languages write in different ways.
_MARKED = re.compile(r"\d[.,]\d")
#: What announces them belongs to the sentence before: `Rents in Europe: Berlin 14, Paris 29, London 33`.
_INTRODUCED = re.compile(r"^(?P<head>[^:]{3,90}):\s+(?P<rows>.+)$")
#: Figures that are told in one breath, and so are one scene.
_BREATH = 4
#: Fewer figures than this are part of a sentence.
_FEWEST = 3
#: From this on the larger is told as a multiple of the smaller.
_TIMES = Decimal("1.5")
#: Of a scale whose zero is no nothing, multiples mean nothing.
_DEGREES = re.compile(r"°|deg", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """One figure: what it is of, as it is written, and its value. Rows of one series have the same unit."""

    label: str
    text: str
    value: Decimal
    unit: str

    @property
    def sentence(self) -> str:
        """The figure by itself, without its end mark."""
        return f"in {self.label} it was {self.text}" if YEAR.match(self.label) else f"{self.label}, {self.text}"


def spelt_out(text: str) -> str:
    """The text with its rows of figures as sentences, and what they come to. All else stays as it is."""
    if not any(map(str.isdigit, text)):
        return text
    said = [_sentence(sentence, first=not number) for number, sentence in enumerate(sentences(text))]
    return " ".join(said)


def listed(text: str) -> str:
    """The same in any language, without words of ours: rows of whole numbers apart from what announces them."""
    return " ".join(map(_listed, sentences(text)))


def _listed(sentence: str) -> str:
    head, rows = _parted(sentence)
    if not rows or not head or _MARKED.search(sentence):
        return sentence
    return f"{head}. {sentence_case('; '.join(f'{row.label}, {row.text}' for row in rows))}."


def series(text: str) -> list[list[Row]]:
    """The rows of figures in a text."""
    return [rows for sentence in sentences(text) if (rows := _parted(sentence)[1])]


def _sentence(sentence: str, *, first: bool) -> str:
    head, rows = _parted(sentence)
    if not rows:
        return sentence
    head = head or (_named(rows) if first else "")
    return f"{head}. {_told(rows)}" if head else _told(rows)


def _named(rows: Sequence[Row]) -> str:
    """What rows are called that nothing announces."""
    first, last = rows[0].label, rows[-1].label
    return f"{first} to {last}" if YEAR.match(first) else f"{first} and {number(len(rows) - 1)} others"


def _parted(sentence: str) -> tuple[str, list[Row]]:
    """What announces the rows of a sentence, if anything does, and the rows, if there are any."""
    if rows := _rows(sentence):
        return "", rows
    found = _INTRODUCED.match(sentence)
    return (found["head"], _rows(found["rows"])) if found else ("", [])


def _rows(text: str) -> list[Row]:
    """Nothing where one part of the text is no figure, or where they are not of one kind."""
    found = [_ITEM.match(part.strip()) for part in _APART.split(text)]
    rows = [_row(one) for one in found if one]
    alike = len({row.unit for row in rows}) == 1 and len({row.label for row in rows}) == len(rows)
    return rows if len(rows) == len(found) >= _FEWEST and alike else []


def _row(found: re.Match[str]) -> Row:
    unit = found["before"] + (found["after"] or "").strip()
    return Row(found["label"].strip(), found["text"], Decimal(found["number"].replace(",", "")), unit)


def _told(rows: Sequence[Row]) -> str:
    breaths = [rows[place : place + _BREATH] for place in range(0, len(rows), _BREATH)]
    said = ["; ".join(row.sentence for row in breath) for breath in breaths]
    return " ".join([*(f"{each[0].upper()}{each[1:]}." for each in said), *_compared(rows)])


def _compared(rows: Sequence[Row]) -> list[str]:
    """The highest and the lowest, and how far they lie apart. Nothing where they are the same."""
    most, least = max(rows, key=lambda row: row.value), min(rows, key=lambda row: row.value)
    if most.value == least.value:
        return []
    highest = f"{most.label} is the highest of these with {most.text}"
    if least.value <= 0 or most.value / least.value < _TIMES or _DEGREES.match(least.unit):
        return [f"{highest}, {least.label} the lowest with {least.text}."]
    times = (most.value / least.value).quantize(Decimal("0.1")).normalize()
    return [f"{highest}: {times:f} times the lowest, {least.label} with {least.text}."]
