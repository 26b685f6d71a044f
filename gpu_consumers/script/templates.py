"""The offline writer: a grammar that speaks about the prompt in ways that are true of any subject. It invents no facts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from gpu_consumers.ports import Brief
from gpu_consumers.script import archetypes, fit, foreign, slots, visuals
from gpu_consumers.script.archetypes import Archetype, Beat
from gpu_consumers.script.clean import clean
from gpu_consumers.script.grammar import Line
from gpu_consumers.script.phrases import keywords
from gpu_consumers.script.topic import Topic, understand
from gpu_consumers.voice.languages import base
from gpu_consumers.voice.pace import estimate_seconds
from schemas.values import Scene, Script

_LONGEST_PUNCH = 5
_GIVEN_LIMIT_S = 60.0


@dataclass(kw_only=True)
class TemplateWriter:
    """Writes from templates, offline, in milliseconds. The same brief gives the same script."""

    name: str = "templates"
    archetypes: tuple[str, ...] = ()  #: those it may choose from; empty: all

    def fingerprint(self) -> str:
        """Changes with every word of the grammar, the archetypes and this room's code."""
        return f"templates-{_digest()}-{','.join(self.archetypes)}"

    def write(self, brief: Brief) -> Script:
        """Never fails. An archetype that does not exist is taken as none."""
        rng = Random(f"{brief.seed}/{brief.prompt}/{brief.archetype}/{brief.target_seconds:g}")
        language = foreign.language(clean(brief.prompt), brief.language)
        if base(language) != "en":
            return _foreign(brief, language, rng)
        return _english(brief, self._shape(brief, rng), language, rng)

    def _shape(self, brief: Brief, rng: Random) -> Archetype:
        named = archetypes.archetypes().get(brief.archetype or "")
        return named or archetypes.choose(understand(brief.prompt), rng, self.archetypes)


def _english(brief: Brief, shape: Archetype, language: str, rng: Random) -> Script:
    topic, mood = understand(brief.prompt), rng.choice(shape.moods)
    drafts = _drafts(topic, shape, brief.target_seconds)
    items = sum(draft.beat.beat == "item" for draft in drafts) or len(topic.facts) or 3
    fit.write(drafts, fit.Pen(slots.slots(topic, rng, items), slots.groups(topic), rng), brief.target_seconds)
    _number(drafts)
    scenes = _scenes([draft for draft in drafts if draft.lines], topic, mood, rng)
    return Script(
        title=topic.title, subject=topic.subject, archetype=shape.name, language=language, mood=mood, scenes=scenes
    )


def _foreign(brief: Brief, language: str, rng: Random) -> Script:
    shape = archetypes.archetypes().get(brief.archetype or "") or archetypes.archetypes()["explainer"]
    made, mood = foreign.compose(brief.prompt, language, brief.target_seconds, rng), rng.choice(shape.moods)
    subject = foreign.subject(brief.prompt, language)
    scenes = tuple(
        Scene(
            scene_number=number,
            beat=beat,
            narration=narration[:2000],
            visuals=visuals.describe(subject, "wide" if number % 2 else "close", mood, rng),
            on_screen_text=punch[:120],
            duration_s=round(min(estimate_seconds(narration, language), 60), 2),
        )
        for number, (beat, narration, punch) in enumerate(made, 1)
    )
    title = foreign.title(brief.prompt)
    return Script(title=title, subject=subject, archetype=shape.name, language=language, mood=mood, scenes=scenes)


def _drafts(topic: Topic, shape: Archetype, seconds: float) -> list[fit.Draft]:
    """The beats; where the prompt brings its own sentences, they are the middle."""
    if not topic.facts:
        return _limited([fit.Draft(beat) for beat in fit.pick(shape, seconds)], topic.count)
    given = _given(topic.facts)
    around = fit.pick(shape, max(seconds - fit.total(given), 8.0), fixed=len(given))
    return [*map(fit.Draft, around[:-1]), *given, fit.Draft(around[-1])]


def _limited(drafts: list[fit.Draft], count: int | None) -> list[fit.Draft]:
    """No more items than the prompt asks for."""
    items = [draft for draft in drafts if draft.beat.beat == "item"]
    surplus = items[max(count or len(items), 2) :]
    return [draft for draft in drafts if not any(draft is extra for extra in surplus)]


def _number(drafts: Sequence[fit.Draft]) -> None:
    """Items say which they are."""
    for place, draft in enumerate((d for d in drafts if d.beat.beat == "item" and d.lines), 1):
        first = draft.lines[0]
        text = f"Number {slots.number(place)}: {first.text[0].lower()}{first.text[1:]}"
        draft.lines[0] = Line(text, f"{place}. {first.punch}", first.production)


def _given(facts: Sequence[str]) -> list[fit.Draft]:
    """The user's sentences in order, at most six scenes of them, cut where a minute is over."""
    beat = Beat(
        beat="point", purpose="The prompt's own words.", tone="clear", rank=1, lines=("close",), visual="detail"
    )
    most = 6
    size = -(-len(facts) // most)
    drafts = [fit.Draft(beat, [_own(" ".join(facts[i : i + size]))], given=True) for i in range(0, len(facts), size)]
    while len(drafts) > 1 and fit.total(drafts) > _GIVEN_LIMIT_S - 8:
        drafts.pop()
    return drafts


def _own(text: str) -> Line:
    return Line(text if text[-1] in ".!?…" else f"{text}.", " ".join(keywords(text, 3)), "")


def _scenes(drafts: Sequence[fit.Draft], topic: Topic, mood: str, rng: Random) -> tuple[Scene, ...]:
    return tuple(
        Scene(
            scene_number=number,
            beat=draft.beat.beat,
            narration=draft.text[:2000],
            visuals=visuals.describe(topic.about, draft.beat.visual, mood, rng),
            on_screen_text=punch(draft, topic),
            duration_s=round(min(draft.seconds, 60), 2),
        )
        for number, draft in enumerate(drafts, 1)
    )


def punch(draft: fit.Draft, topic: Topic) -> str:
    """At most five words: the line's own, or those of the subject."""
    for words in [line.punch for line in draft.lines] + [" ".join(keywords(draft.text, 3)), slots.key(topic.about)]:
        if words and len(words.split()) <= _LONGEST_PUNCH:
            return words[0].upper() + words[1:120]
    return ""


@lru_cache(maxsize=1)
def _digest() -> str:
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".yaml", ".txt")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
