"""The scenes of a script before they have words: beats of the archetype, numbered items, the user's own sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gpu_consumers.script import fit
from gpu_consumers.script.archetypes import Archetype, Beat
from gpu_consumers.script.clean import sentences
from gpu_consumers.script.fit import Draft
from gpu_consumers.script.grammar import Line
from gpu_consumers.script.slots import number as word_for
from gpu_consumers.script.statements import statement
from gpu_consumers.script.topic import Topic, titled

ITEM = "item"
#: What saying a number takes.
NUMBER_S = 0.7
_MOST_ITEMS, _MOST_SCENES, _FEWEST_WORDS, _MOST_WORDS, _FEW_WORDS = 10, 8, 2, 5, 4
_CLAUSES = re.compile(r"[,;:.!?]+\s+|\s+[-–—]\s+")
#: The user's own text may make a video longer than wished, up to this many seconds; what is beyond is left out.
_LONGEST_S = 56.0
_POINT = Beat(
    beat="point", purpose="The prompt's own words.", tone="clear", rank=1, lines=("facts.after",), visual="detail"
)
_OPENING = Beat(beat="hook", purpose="Name the subject.", tone="direct", rank=1, lines=("facts.hook",), visual="close")
_CLOSE = Beat(beat="close", purpose="Hand it over.", tone="direct", rank=1, lines=("close",), visual="close")
_BEFORE = Beat(
    beat="frame", purpose="Make the viewer listen.", tone="warm", rank=1, lines=("facts.before",), visual="person"
)
_AFTER = Beat(
    beat="turn", purpose="Make it the viewer's own.", tone="warm", rank=1, lines=("facts.after",), visual="person"
)


def outline(topic: Topic, shape: Archetype, seconds: float, spare: int = 0) -> list[Draft]:
    """Drafts without words, or with the user's own. `spare`: a list in a hurry goes without its close (1), and without
    some of its items (2 and more)."""
    if topic.facts:
        return _around(topic, seconds)
    if any(beat.beat == ITEM for beat in shape.beats):
        wanted = topic.count or min(max(round((seconds - 8) / 6), 2), 5)
        drafts = _items(shape, max(2, min(wanted, _MOST_ITEMS) - max(0, spare - 1)))
        drafts = drafts[:-1] if spare and len(drafts) > 3 else drafts
    else:
        drafts = [Draft(beat) for beat in fit.pick(shape, seconds)]
    drafts[0].most_words = shape.hook.max_words
    return drafts


def items(drafts: Sequence[Draft]) -> int:
    """How many numbered items there are."""
    return sum(draft.needs for draft in drafts if draft.beat.beat == ITEM)


def title(topic: Topic, count: int) -> str:
    """A list of ten with room for three is a list of three."""
    if not topic.count or count in (0, topic.count) or topic.count > _MOST_ITEMS or not topic.heading:
        return topic.title
    return titled(f"{word_for(count)} {topic.heading}")


def asked_title(topic: Topic, count: int) -> str:
    """The title where nothing is known: it promises no facts."""
    return titled(f"{word_for(count)} questions about {topic.about}") if topic.wants_facts else title(topic, count)


def _items(shape: Archetype, wanted: int) -> list[Draft]:
    """As many items as the prompt asks for, at most ten, in at most six scenes."""
    count = min(wanted, _MOST_ITEMS)
    beats = [beat for beat in shape.beats if beat.beat == ITEM]
    scenes = min(count, len(beats))
    drafts = [Draft(beat, needs=len(range(place, count, scenes))) for place, beat in enumerate(beats[:scenes])]
    return [Draft(shape.beats[0]), *drafts, Draft(shape.beats[-1])]


def _around(topic: Topic, seconds: float) -> list[Draft]:
    """An opening and a close around the user's sentences, and a little more where there is time.

    A text that begins with its own first sentence opens with it; one that was announced gets an opening.
    """
    given = _given(topic.facts)
    if not topic.announced:
        given[0].beat = given[0].beat.model_copy(update={"beat": "hook", "visual": "close"})
    room = seconds - fit.total(given) - 5.0
    opening = [Draft(_OPENING)] if topic.announced else []
    before = [Draft(_BEFORE)] if opening and room > 12 and len(given) < _MOST_SCENES - 3 else []
    spare = _MOST_SCENES - 1 - len(opening) - len(before) - len(given)
    after = [
        Draft(_AFTER) for _ in range(min(spare, max(int((room - 4 * len(opening) - 5 * len(before)) / 5.5), 0), 3))
    ]
    return [*opening, *before, *given, *after, Draft(_CLOSE)]


def _given(facts: Sequence[str]) -> list[Draft]:
    """The user's sentences in order, at most six scenes of them, cut where a minute is over."""
    size = -(-len(facts) // (_MOST_SCENES - 2))
    chunks = _joined([" ".join(map(_ended, facts[place : place + size])) for place in range(0, len(facts), size)])
    drafts = [Draft(_POINT, [_own(chunk)], given=True) for chunk in chunks]
    while len(drafts) > 1 and fit.total(drafts) > _LONGEST_S - 8:
        drafts.pop()
    return drafts


def _joined(said: Sequence[str]) -> list[str]:
    """Two of a few words each share a scene: alone they would be gone before they are read."""
    kept: list[str] = []
    for sentence in said:
        if kept and max(len(kept[-1].split()), len(sentence.split())) < _FEW_WORDS:
            kept[-1] = f"{kept[-1]} {sentence}"
        else:
            kept.append(sentence)
    return kept


def _ended(text: str) -> str:
    return text if text[-1] in ".!?…" else f"{text}."


def _own(text: str) -> Line:
    return Line(_ended(text), beginning(text), "")


def beginning(text: str) -> str:
    """What sentences show of themselves: all of short ones, the first if it is short, a short clause, or the subject;
    nothing is cut off in the middle. Empty where there is no such part."""
    clauses = [clause.strip() for clause in _CLAUSES.split(text.rstrip(".!?… ")) if clause.strip()]
    whole = " ".join(text.rstrip(".!?… ").split())
    subject = statement(whole.split())
    found = [whole, *(one.rstrip(".!?… ") for one in sentences(text)[:1]), *clauses, subject[0] if subject else ""]
    return next((part for part in found if _FEWEST_WORDS <= len(part.split()) <= _MOST_WORDS), "")


def number(drafts: Sequence[Draft]) -> None:
    """Items say which they are: `Number two: …`, and in long lists just `Two: …`."""
    lead = "Number " if items(drafts) <= 4 else ""
    place = 0
    for draft in (draft for draft in drafts if draft.beat.beat == ITEM):
        for index, line in enumerate(draft.lines[: draft.needs]):
            place += 1
            said = f"{lead}{word_for(place)}: {line.text[0].lower()}{line.text[1:]}"
            draft.lines[index] = Line(said[0].upper() + said[1:], f"{place}. {line.punch}", line.production)
