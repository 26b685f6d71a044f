"""Chinese and Japanese in the parts that are read together: a word and what clings to it, without a dictionary."""

from __future__ import annotations

import re

#: Marks that close what stands before them.
CLOSING = "、。，．：；！？）」』】〉》〕…,.!?;:)]}\u201d\u2019%"
#: Small kana and the long mark: no line begins with them.
CLINGING = "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮー々"
_LONGEST = 9
_COMMON = re.compile(
    "为什么|為什麼|什么|什麼|怎么|怎麼|因为|因為|所以|但是|可是|如果|没有|沒有|我们|我們|你们|你們|他们|他們|自己|这个|這個|那个|"
    "那個|一个|一個|可以|已经|已經|知道|时候|時候|现在|現在|这些|這些|那些|一下|一点|一點|一样|一樣|孩子|是|在|和|把|被|让|讓|"
    "从|從|向|对|對|会|會|能|要|不|也|都|就|还|還|有|到|给|給|跟|与|與|而|很|最|更|再|我|你|他|她|它|这|這|那"
)
#: They belong to what stands before them.
_SUFFIXES = "的了吗嗎呢吧着過过们們地得儿兒子里裡上下中"


def ideograph(character: str) -> bool:
    """Whether it belongs to a script that writes no spaces and breaks its lines anywhere."""
    point = ord(character)
    return 0x2E80 <= point <= 0x9FFF or 0xF900 <= point <= 0xFAFF or 0xFF00 <= point <= 0xFF60 or point >= 0x20000


def phrases(atoms: list[str]) -> list[str]:
    """The atoms of a word (characters with the marks that close them, Latin words whole), joined where none would
    pause."""
    text = "".join(atoms)
    if not any(map(ideograph, text)):
        return atoms
    joined = _japanese(atoms) if any(map(_kana, text)) else _chinese(atoms)
    return [part for phrase in joined for part in _short(phrase)]


def _japanese(atoms: list[str]) -> list[str]:
    """A phrase ends where hiragana is followed by anything else: `なぜ` `空は` `青いのですか？`."""
    found: list[str] = []
    for atom in atoms:
        if found and not _ends(found[-1], atom):
            found[-1] += atom
        else:
            found.append(atom)
    return found


def _ends(phrase: str, following: str) -> bool:
    last, before = phrase[-1], phrase[-2:-1]
    if last in CLOSING:
        return True
    if _hiragana(following[0]):
        return last == "を" or (last == "は" and before != "" and not _hiragana(before))
    return _hiragana(last)


def _chinese(atoms: list[str]) -> list[str]:
    """Words of grammar for themselves, what clings to a word with it, and the rest in twos."""
    found: list[str] = []
    text, at = "".join(atoms), 0
    ends = {sum(len(atom) for atom in atoms[: n + 1]) for n in range(len(atoms))}
    while at < len(text):
        common = _COMMON.match(text, at)
        stop = common.end() if common else min(at + _run(text, at), len(text))
        while stop < len(text) and (stop not in ends or text[stop] in _SUFFIXES):
            stop += 1
        found.append(text[at:stop])
        at = stop
    return found


def _run(text: str, at: int) -> int:
    """How many characters from here on are one word, as far as can be told: two, or one before a word of grammar."""
    if not ideograph(text[at]):
        return next((n for n, character in enumerate(text[at:]) if ideograph(character)), len(text) - at)
    alone = at + 1 < len(text) and (_COMMON.match(text, at + 1) or text[at + 1] in CLOSING)
    return 1 if alone else 2


def _short(phrase: str) -> list[str]:
    """A long phrase in two, after a particle near its middle where there is one, and not before what clings."""
    if len(phrase) <= _LONGEST or not all(map(ideograph, phrase)):
        return [phrase]
    places = [n for n in range(2, len(phrase) - 1) if phrase[n] not in CLINGING + CLOSING]
    after = [n for n in places if phrase[n - 1] in "にもがは"] or places
    middle = min(after, key=lambda n: abs(n - len(phrase) / 2))
    return [*_short(phrase[:middle]), *_short(phrase[middle:])]


def _kana(character: str) -> bool:
    return "\u3041" <= character <= "\u30ff"


def _hiragana(character: str) -> bool:
    return "\u3041" <= character <= "\u309f"
