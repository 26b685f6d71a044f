"""Scripts from facts: a question opens, other facts follow, the answer comes last, and the close calls back to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from gpu_consumers.ports import Brief
from gpu_consumers.script import fit, outline, slots, visuals
from gpu_consumers.script.archetypes import Archetype
from gpu_consumers.script.clean import sentences
from gpu_consumers.script.english import sentence_case
from gpu_consumers.script.grammar import Line
from gpu_consumers.script.knowledge import Fact, asked_of
from gpu_consumers.script.lexicon import FUNCTION_WORDS, proper_names
from gpu_consumers.script.memory import mark
from gpu_consumers.script.topic import Topic
from gpu_consumers.voice.pace import estimate_seconds
from schemas.scripts import Scene, Script

_FEWEST, _MOST, _SCENES = 2, 6, 8
#: How far the spoken length may be from the wish, as factors.
_SHORTEST, _LONGEST = 0.86, 1.14
#: A recipe without its flour is none: it may take longer.
_LONGEST_RECIPE = 2.4
#: What the opening and the close take, in seconds.
_AROUND_S = 11.0
#: Choices of facts that are tried.
_CHOICES = 6
#: What may stand behind a name.
_ENDING = re.compile(r"(?:'s)?[,?:]?$")


def chosen(facts: Sequence[Fact], brief: Brief, rng: Random, most: int | None = None) -> list[Fact]:
    """Facts that the viewer has not heard, as many as are wanted and fit. Where too few are left there are none, or,
    for who asked for them, those that they know."""
    heard = set(brief.heard)
    new = [fact for fact in facts if not any(mark(s) in heard for s in (*sentences(fact.tell), fact.ask))]
    if brief.asked and len(new) < _FEWEST:
        new = list(facts)
    rng.shuffle(new)
    kept: list[Fact] = []
    for fact in new[: min(max(most or _MOST, _FEWEST), _MOST)]:
        told = [*kept, fact]
        if len(told) > _FEWEST and _AROUND_S + sum(_seconds(each.tell) for each in told) > brief.target_seconds:
            break
        kept = told
    return kept if len(kept) >= _FEWEST else []


def known(
    topic: Topic, shape: Archetype, mood: str, language: str, facts: Sequence[Fact], brief: Brief, rng: Random,
    lines_of: str = "known", answer: Fact | None = None,
) -> Script | None:  # fmt: skip
    """Facts, by the first choice of them that is about as long as is wished. `lines_of`: `near` where the viewer asked
    something else about them, which is said. `answer`: the one that comes last, if that is not left to chance."""
    choices = [_ending(chosen(facts, brief, rng, topic.count), answer) for _ in range(_CHOICES)]
    if topic.count:  # whoever asks for five wants as many as there is time for
        choices.sort(key=len, reverse=True)
    scripts = (script(topic, shape, mood, language, each, brief, rng, lines_of) for each in choices if each)
    return next(filter(None, scripts), None)


def _ending(facts: list[Fact], answer: Fact | None) -> list[Fact]:
    return [*[fact for fact in facts if fact is not answer][: len(facts) - 1], answer] if facts and answer else facts


def nearly(
    asked: Topic, subject: Topic, shape: Archetype, mood: str, language: str, facts: Sequence[Fact], brief: Brief,
    rng: Random,
) -> Script | None:  # fmt: skip
    """Facts of the subject of a prompt: the one that answers its question, last; where none does, that is said."""
    if asked.question is None:
        return known(subject, shape, mood, language, facts, brief, rng)
    if answer := asked_of(asked.question, facts):
        return known(asked, shape, mood, language, facts, brief, rng, answer=answer)
    about = replace(subject, question=asked.question)
    scripts = (known(about, shape, mood, language, facts, brief, rng, rules) for rules in ("near", "known"))
    return next(filter(None, scripts), None)


def unheard(facts: Sequence[Fact], brief: Brief) -> Sequence[Fact]:
    """An answer and its steps, where the viewer has heard none of it, or asked for it; nothing else."""
    if brief.asked:
        return facts
    heard = set(brief.heard)
    return () if any(mark(s) in heard for fact in facts for s in sentences(fact.tell)) else facts


def answered(
    topic: Topic, shape: Archetype, mood: str, language: str, facts: Sequence[Fact], brief: Brief, rng: Random
) -> Script | None:
    """The viewer's question with its answer, and as many of the steps to it as there is time for."""
    tries = ([*facts[:steps], facts[-1]] for steps in range(len(facts) - 1, -1, -1))
    scripts = (script(topic, shape, mood, language, told, brief, rng, "answered") for told in tries)
    return next(filter(None, scripts), None)


def guided(
    topic: Topic, shape: Archetype, mood: str, language: str, steps: Sequence[Fact], brief: Brief, rng: Random
) -> Script | None:
    """Steps in order, as many as are wanted and as there is time for; of a recipe all, even if that takes longer."""
    if not steps:
        return None
    if topic.kind == "topic":
        return script(topic, shape, mood, language, steps, brief, rng, "guide", longest=_LONGEST_RECIPE)
    most = min(topic.count or len(steps), len(steps))
    counts = (count for count in range(most, _FEWEST - 1, -1) for _ in range(4))
    tries = (
        _first(steps, count) if number % 2 == 0 else _shortest(steps, count) for number, count in enumerate(counts)
    )
    scripts = (script(topic, shape, mood, language, told, brief, rng, "guide") for told in tries)
    return next(filter(None, scripts), None)


def _first(steps: Sequence[Fact], count: int) -> list[Fact]:
    return [*steps[: count - 1], steps[-1]]


def _shortest(steps: Sequence[Fact], count: int) -> list[Fact]:
    kept = sorted(range(len(steps)), key=lambda place: _seconds(steps[place].tell))[:count]
    return [steps[place] for place in sorted(kept)]


def script(
    topic: Topic, shape: Archetype, mood: str, language: str, facts: Sequence[Fact], brief: Brief, rng: Random,
    lines_of: str = "known", longest: float = _LONGEST,
) -> Script | None:  # fmt: skip
    """The last fact answers the question that opens. None where it would be far from the length that is wanted.
    `lines_of`: the grammar's rules around it, `known` for a question of ours, `answered` for the viewer's, `guide` for
    steps. `longest`: how much longer than wished it may be, as a factor."""
    common = slots.slots(topic, rng, len(facts))
    pen = fit.Pen(common, (_group(topic), "any"), rng, set(brief.heard) - _marks(facts))
    more = "guide.after" if lines_of == "guide" else "facts.after"
    lines = _lines(facts, pen, common, shape.hook.max_words, lines_of)
    while _total(lines) < brief.target_seconds * _SHORTEST:
        line = pen.line(more, min(brief.target_seconds - _total(lines), 5.0))
        if line is None:
            break
        _add(lines, line)
    if not _SHORTEST <= _total(lines) / brief.target_seconds <= longest:
        return None
    scenes = tuple(
        Scene(
            scene_number=number, beat=beat, narration=text,
            visuals=visuals.describe(topic.about, shot, mood, rng),
            on_screen_text=sentence_case(punch)[:120], duration_s=round(min(_seconds(text), 60), 2),
        )
        for number, (beat, text, punch, shot) in enumerate(lines, 1)
    )  # fmt: skip
    return Script(
        title=outline.title(topic, len(facts)), subject=topic.subject, archetype=shape.name, language=language,
        mood=mood, scenes=scenes,
    )  # fmt: skip


def _marks(facts: Sequence[Fact]) -> set[str]:
    """Of what was chosen to be told, heard or not."""
    return {mark(text) for fact in facts for text in (*sentences(fact.tell), fact.ask, fact.punch)}


def _group(topic: Topic) -> str:
    """What steps are called: a list of habits, how something is done, or the steps of a thing."""
    return "list" if topic.items else "action" if topic.action else "topic"


#: (beat, narration, words on the screen, kind of shot).
_Said = tuple[str, str, str, str]


def _lines(facts: Sequence[Fact], pen: fit.Pen, common: dict[str, str], most_words: int, lines_of: str) -> list[_Said]:
    answer, others = facts[-1], facts[:-1]
    around = lines_of
    lines_of = "known" if around == "near" else around
    plan = [
        ("hook", f"{around}.hook", answer, "close"),
        *(
            ("point", f"{lines_of}.next" if number else f"{lines_of}.first", fact, "detail")
            for number, fact in enumerate(others)
        ),
        ("payoff", f"{around}.payoff", answer, "surprise"),
        ("close", f"{lines_of}.close", answer, "person"),
    ]
    said = []
    for place, (beat, rule, fact, shot) in enumerate(plan):
        pen.slots = {**common, **_of(fact), "nth": slots.number(place), "Nth": slots.number(place).capitalize()}
        pen.forget()
        line = pen.line(rule, 5.0, most_words=most_words if beat == "hook" else 999)
        punch = line.punch if line and line.punch else fact.punch
        if lines_of == "guide" and beat in ("point", "payoff"):
            punch = f"{place}. {fact.punch}"
        said.append((beat, line.text if line else fact.tell, punch, shot))
    pen.slots = common
    return said


def _add(lines: list[_Said], line: Line) -> None:
    """A scene more before the close, or, where there are enough, a line more in the shortest of those added."""
    if len(lines) < _SCENES:
        lines.insert(-1, ("turn", line.text, line.punch, "person"))
        return
    added = [place for place, (beat, *_) in enumerate(lines) if beat == "turn"] or [len(lines) - 2]
    place = min(added, key=lambda each: _seconds(lines[each][1]))
    beat, text, punch, shot = lines[place]
    lines[place] = (beat, f"{text} {line.text}", punch, shot)


def _total(lines: Sequence[_Said]) -> float:
    return sum(_seconds(text) for _, text, _, _ in lines)


def _of(fact: Fact) -> dict[str, str]:
    told = {"tell": _inside(fact.tell), "Tell": fact.tell, "punch": fact.punch}
    return told | ({"ask": _inside(fact.ask), "Ask": fact.ask} if fact.ask else {})


def _inside(sentence: str) -> str:
    """After a colon: without its capital, where that is not a name's."""
    first, second = (*sentence.split(), "")[:2]
    bare = _ENDING.sub("", first)
    of_two = first.isalpha() and second[:1].isupper() and bare.lower() not in FUNCTION_WORDS
    inner = bare[1:] != bare[1:].lower()
    named = of_two or inner or bare.lower() in proper_names() or bare.partition("'")[0] == "I"
    return sentence if named else sentence[0].lower() + sentence[1:]


def _seconds(text: str) -> float:
    return estimate_seconds(text, "en")
