"""Prompts in other languages than English: the user's own words, with a little framing, and nothing mixed in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from gpu_consumers.script.clean import clean, sentences
from gpu_consumers.script.english import sentence_case
from gpu_consumers.script.hanzi import TRADITIONAL, chinese, in_full, lines_for
from gpu_consumers.script.knowledge import abroad
from gpu_consumers.script.lexicon import FUNCTION_WORDS, is_common
from gpu_consumers.script.memory import mark
from gpu_consumers.voice.languages import base, language_of
from gpu_consumers.voice.pace import PAD_S, estimate_seconds

_QUESTION_MARK = re.compile(r"[?？؟;]$")
_CLAUSE_MARKS = re.compile(r"(?<=[，、：；。！？])(?=\S)")
_UNSPACED = re.compile(r"[぀-ヿ㐀-鿿฀-๿]")
_CLAUSE_ENDS = re.compile(r"(?<=\S)\s*[,;:،؛–—!?؟…]+(?=\s|$)")
_FEWEST, _MOST = 3, 8
#: What is shown whole: so many words at best, so many letters at most; and where there are no spaces.
_FEW_WORDS, _SHOWN, _LETTERS_SHOWN, _FEW_LETTERS = 5, 56, 18, 12


#: Letters that English lacks; one of them in a word speaks for these languages.
_LETTERS = {"de": "äöüß", "fr": "éèêàçùâîôœ", "es": "ñáíóúé¿¡", "it": "èàòùì", "pt": "ãõçáéêô", "sv": "åäö",
            "pl": "łśżźąęćń", "tr": "şğıçöü", "nl": "ĳ", "hu": "őűáéíóöü"}  # fmt: skip
#: Small words that English shares with others: they prove nothing.
_SHARED = frozenset(
    ["in", "an", "am", "so", "was", "also", "on", "as", "do", "her", "he", "me", "no", "a", "i", "all", "or", "to"]
)
#: Question words that are also English words or names: on their own they are no proof.
_UNSURE = frozenset("comment mach hoe wie var kim dove chi ile por onde come conte hur haz leg".split())
_MARKS = {"zh": "？", "ja": "？", "ar": "؟", "fa": "؟", "ur": "؟", "el": ";"}


@dataclass(frozen=True)
class Frame:
    """The lines of one language, and the words by which it is known."""

    asking: frozenset[str]
    telling: frozenset[str]
    common: frozenset[str]
    request: re.Pattern[str]
    ask: tuple[tuple[str, ...], ...]
    tell: tuple[tuple[str, ...], ...]
    more: tuple[str, ...]  #: for any prompt, where there is time


@lru_cache(maxsize=1)
def frames() -> Mapping[str, Frame]:
    """All languages that have lines."""
    data = yaml.safe_load(Path(__file__).with_name("frames.yaml").read_text("utf-8"))
    data[TRADITIONAL] = in_full(data["zh"])
    return {language: _frame(entry) for language, entry in data.items()}


def _frame(entry: Mapping[str, Any]) -> Frame:
    return Frame(
        asking=frozenset(entry["asking"].split()),
        telling=frozenset(entry.get("telling", "").split()),
        common=frozenset(entry.get("common", "").split()) - FUNCTION_WORDS,
        request=re.compile(entry.get("request", r"(?!)"), re.IGNORECASE),
        ask=tuple(map(tuple, entry["ask"])),
        tell=tuple(map(tuple, entry["tell"])),
        more=tuple(entry["more"]),
    )


def language(text: str, default: str) -> str:
    """The language of a prompt: by its letters, else by its small words, else the default."""
    by_letters = language_of(text, default)
    if base(by_letters) != base(default):
        return chinese(text) if by_letters == "zh" else by_letters
    words = {word.strip(".,;:!?¿¡\"'()").lower() for word in text.split()}
    scores = {name: _score(words, name, frame) for name, frame in frames().items() if frame.common}
    scores["en"] = sum((word in FUNCTION_WORDS and word not in _SHARED) + is_common(word) / 2 for word in words)
    best = max(scores, key=lambda name: (scores[name], name == base(default)))
    sure = scores[best] >= max(2.0, 2 * scores["en"] if best != "en" else 0.0)
    return best if sure and best != base(default) else default


def _score(words: Collection[str], name: str, frame: Frame) -> float:
    asking = [word for word in words if word in frame.asking | frame.telling and not is_common(word)]
    proofs = sum(1 if word in _UNSURE else 2 for word in asking)
    letters = sum(1 for word in words if any(letter in _LETTERS.get(name, "") for letter in word))
    return proofs + letters / 2 + sum(word in frame.common for word in words)


def compose(
    prompt: str, language: str, seconds: float, rng: Random, heard: Collection[str] = (), *, asked: bool = False
) -> list[tuple[str, str, str]]:
    """(beat, narration, words on the screen) for each scene. The user's sentences keep their order.

    Lines with sentences of which the viewer has heard fewer (`heard`: marks) come first; there are few to choose from.
    `asked`: somebody asked, who gets the answer though they have heard it.
    """
    text = clean(prompt)
    own = sentences(text) or [text or "…"]
    frame = frames().get(lines_for(language))
    if frame is None:
        # No words of ours in this language: the prompt alone, and a single line as a chant of three.
        return [
            ("point", spaced(line), punch(line))
            for line in (_grouped(own, _MOST) if len(own) > 2 else (own * _FEWEST)[:_FEWEST])
        ]
    asks = len(own) == 1 and _asks(own[0], frame)
    scenes = [rng.sample(choices, len(choices)) for choices in (frame.ask if asks else frame.tell)]
    scenes = [sorted(choices, key=lambda line: _heard(line, heard)) for choices in scenes]
    more = sorted(rng.sample(frame.more, len(frame.more)), key=lambda line: _heard(line, heard))
    if len(own) > 1:
        return _around(own, scenes, more, language, seconds)
    question = own[0] if _QUESTION_MARK.search(own[0]) else own[0].rstrip(".") + _MARKS.get(base(language), "?")
    topic = _bare(own[0], frame)
    known = abroad.told_abroad(own[0], lines_for(language), frame.asking | frame.common) if asks else ()
    if known and (asked or not any(_heard(line, heard) for line, _ in known)):
        return _answered(question, known, scenes, more, language, seconds)
    told = [[spaced(sentence_case(line.format(q=question, t=topic))) for line in lines] for lines in scenes]
    said = _fitting(told, list(map(spaced, more)), language, seconds)
    beats = ["hook", *["point"] * (len(said) - 2), "close"]
    whole = question if asks else topic
    return [(beat, line, punch(whole if beat != "point" else line)) for beat, line in zip(beats, said, strict=True)]


def _answered(
    question: str, known: Sequence[tuple[str, str]], scenes: Sequence[Sequence[str]], more: Sequence[str],
    language: str, seconds: float,
) -> list[tuple[str, str, str]]:  # fmt: skip
    """The question, as many of the steps as there is time for, the answer, and the question handed on."""
    opening, closing = (spaced(sentence_case(scenes[place][0].format(q=question))) for place in (0, -1))
    told = [(spaced(line), shown) for line, shown in known]
    around = [[opening], [closing], [told[-1][0]]]
    while len(told) > 1 and not _fits([*around, *([line] for line, _ in told[:-1])], language, seconds * 1.1):
        told.pop(0)
    steps = [line for line, _ in told[:-1]]
    added: list[list[str]] = []
    for line in map(spaced, (*(line for line in scenes[1] if "{" not in line), *more)):
        if not _fits([*around, steps, *added, [line]], language, seconds - PAD_S * len(steps)):
            continue
        if len(told) + len(added) < _MOST - 2:
            added.append([line])
        else:
            min(added, key=len).append(line)
    points = [*((" ".join(lines), punch(lines[-1])) for lines in added), *told[:-1]]
    shown = punch(question)
    middle = [("point", line, words) for line, words in points]
    return [("hook", opening, shown), *middle, ("payoff", *told[-1]), ("close", closing, shown)]


def _asks(sentence: str, frame: Frame) -> bool:
    if _QUESTION_MARK.search(sentence):
        return True
    if _UNSPACED.search(sentence) or language_of(sentence, "en") == "ko":
        return any(word in sentence for word in frame.asking)
    return sentence.split()[0].lower() in frame.asking


def _bare(sentence: str, frame: Frame) -> str:
    """The topic without the words by which a video about it is asked for, and without its end mark."""
    return frame.request.sub("", sentence).rstrip(".!。।?？؟") or sentence


def _heard(line: str, heard: Collection[str]) -> int:
    return sum(mark(sentence) in heard for sentence in sentences(line))


def _fitting(scenes: Sequence[Sequence[str]], more: Sequence[str], language: str, seconds: float) -> list[str]:
    """One line for each scene; further ones in the middle, then scenes of more, while there is time; in short videos
    fewer scenes."""
    kept = [[lines[0]] for lines in scenes]
    while len(kept) > _FEWEST and _seconds(kept, language) > seconds * 1.1:
        kept.pop(-2)
    if len(kept) < len(scenes):
        return [" ".join(scene) for scene in kept]
    spare = [(n, line) for n, lines in enumerate(scenes[1:-1], 1) for line in lines[1:2]]
    for number, line in spare:
        _append(kept, kept[number], line, language, seconds)
    for line in (*more, *(line for lines in scenes[1:-1] for line in lines[2:])):
        last = kept[-2]
        if len(last) < 2 or len(kept) >= _MOST:
            _append(kept, min(kept[1:-1], key=len), line, language, seconds)
        elif _fits([*kept, [line]], language, seconds):
            kept.insert(-1, [line])
    return [" ".join(scene) for scene in kept]


def _append(kept: Sequence[list[str]], scene: list[str], line: str, language: str, seconds: float) -> None:
    if _fits([*kept, [line]], language, seconds):
        scene.append(line)


def _fits(scenes: Iterable[Sequence[str]], language: str, seconds: float) -> bool:
    """A little over is nearer than a line less."""
    return _seconds(scenes, language) <= seconds * 1.05


def _seconds(scenes: Iterable[Sequence[str]], language: str) -> float:
    return sum(estimate_seconds(" ".join(scene), language) for scene in scenes)


def _around(
    own: Sequence[str], scenes: Sequence[Sequence[str]], more: Sequence[str], language: str, seconds: float
) -> list[tuple[str, str, str]]:
    """The user's text, then lines of ours while there is room, and a closing one."""
    said = [spaced(sentence) for sentence in _grouped(own, _MOST - 1)]
    closing = next(line for line in scenes[-1] if "{" not in line)
    middle = [spaced(line) for line in (*(lines[0] for lines in scenes[1:-1]), *more) if "{" not in line]
    while middle and len(said) < _MOST - 1 and _fits([said, middle[:1], [closing]], language, seconds):
        said.append(middle.pop(0))
    beats = ["hook", *["point"] * (len(said) - 1), "close"]
    return [(beat, line, punch(line)) for beat, line in zip(beats, [*said, closing], strict=True)]


def _grouped(own: Sequence[str], most: int) -> list[str]:
    size = -(-len(own) // most)
    return [" ".join(own[index : index + size]) for index in range(0, len(own), size)]


def spaced(text: str) -> str:
    """Clauses of scripts without spaces are set apart, so that captions have something to break at."""
    return re.sub(r"\s+", " ", _CLAUSE_MARKS.sub(" ", text)).strip()


def punch(text: str) -> str:
    """A few words of a text, whole: all of a short one, a short sentence of it, else its first clause that a heading
    has room for; a question keeps its marks. Only what has no such part is cut, with an ellipsis."""
    shown = _shown(text)
    asked = re.search(rf"¿?{re.escape(shown)}\s?[?？؟]", text)
    return asked[0] if asked else shown


def _shown(text: str) -> str:
    plain = text.strip(" .。!！?？؟,，;；")
    if _UNSPACED.search(plain):
        first = re.split(r"[，、。！？\s]", plain)[0]
        return first if len(first) <= _LETTERS_SHOWN else first[:_FEW_LETTERS]
    if len(plain.split()) <= _FEW_WORDS:
        return plain
    parts = [part.strip(" .!?;…¿¡؟") for part in sentences(text)]
    clauses = [part.strip(" .!?;…¿¡؟") for part in _CLAUSE_ENDS.split(plain)]
    if short := [part for part in parts if 2 <= len(part.split()) <= _FEW_WORDS]:
        return short[-1]
    fitting = [part for part in clauses if len(part.split()) >= 2 and len(part) <= _SHOWN]
    return fitting[0] if fitting else " ".join(plain.split()[:4]).rstrip(",;:") + " …"


def subject(text: str, language: str) -> str:
    """The content words, by which interests are kept."""
    frame = frames().get(lines_for(language))
    plain = re.sub(r"[^\w\s'-]", " ", clean(text).lower())
    if _UNSPACED.search(plain):
        return re.sub(r"\s+", "", plain)[:16] or "…"
    plain = frame.request.sub("", plain) if frame else plain
    skipped = (frame.asking | frame.telling | frame.common) if frame else frozenset()
    words = [
        word for word in plain.split() if word not in skipped and word not in ("des", "den", "dem", "die", "la", "de")
    ]
    return " ".join((words or plain.split())[:4])[:120] or "…"


def title(prompt: str) -> str:
    """The first sentence, with a capital."""
    text = clean(prompt)
    return sentence_case((sentences(text) or [text or "…"])[0].rstrip("."))[:120] or "…"
