"""The offline writer: a grammar that speaks about the prompt in ways that fit any subject, and invents no facts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from random import Random

from gpu_consumers.ports import Brief
from gpu_consumers.script import archetypes, charts, fit, foreign, knowledge, outline, series, slots, told, visuals
from gpu_consumers.script.archetypes import Archetype
from gpu_consumers.script.clean import clean
from gpu_consumers.script.english import sentence_case
from gpu_consumers.script.groups import groups
from gpu_consumers.script.topic import Topic
from gpu_consumers.script.understanding import understand
from gpu_consumers.voice.languages import base
from gpu_consumers.voice.pace import estimate_seconds
from schemas.scripts import Scene, Script

_LONGEST_PUNCH = 5
#: Tries of one script, and after how many of them a list may lose scenes.
_TRIES, _WHOLE = 20, 6
#: Below this a list may have fewer items than it was asked for; its title says how many.
_BRIEF_S = 25.0
#: How far the spoken length may be from the wish before there is another try.
_NEAR = 0.1


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
        topic = understand(brief.prompt)
        for telling, known in (("explainer", knowledge.answer_to), ("how-to", knowledge.guide_to)):
            shape = archetypes.archetypes()[telling]
            if not named and not topic.items and self._may(telling) and known(topic, telling):
                return shape
        subject = knowledge.near(topic) or topic
        suited = tuple(name for name in knowledge.SUITED if self._may(name) and knowledge.facts_on(subject, name))
        asked = topic.archetype is not None and topic.archetype not in suited
        return named or archetypes.choose(topic, rng, self.archetypes if asked else suited or self.archetypes)

    def _may(self, archetype: str) -> bool:
        return not self.archetypes or archetype in self.archetypes


def _english(brief: Brief, shape: Archetype, language: str, rng: Random) -> Script:
    topic, mood = understand(brief.prompt), rng.choice(shape.moods)
    answer = knowledge.answer_to(topic, shape.name)
    if script := told.answered(topic, shape, mood, language, told.unheard(answer, brief), brief, rng):
        return script
    steps = told.unheard(knowledge.guide_to(topic, shape.name), brief)
    if script := told.guided(topic, shape, mood, language, steps, brief, rng):
        return script
    facts = knowledge.facts_on(topic, shape.name)
    if script := told.known(topic, shape, mood, language, facts, brief, rng):
        return script
    if subject := knowledge.near(topic):
        facts = knowledge.facts_on(subject, shape.name)
        asked = replace(topic, question=None) if answer else topic  # what was told is not said to be unknown
        script = told.nearly(asked, subject, shape, mood, language, facts, brief, rng)
    return script or _asked(topic, shape, mood, brief, language, rng)


def _asked(topic: Topic, shape: Archetype, mood: str, brief: Brief, language: str, rng: Random) -> Script:
    """Where nothing is known, the grammar asks: of a few tries the first that is about as long as is wished."""
    tries = (_drafts(topic, shape, brief, rng, attempt) for attempt in range(_TRIES))
    best = min(fit.until(tries, lambda drafts: _off(drafts, brief) <= _NEAR), key=lambda drafts: _off(drafts, brief))
    count = outline.items(best)
    title = outline.asked_title(topic, count)
    scenes = charts.charted(_scenes([d for d in best if d.lines], topic, mood, rng), brief.prompt, title)
    return Script(title=title, subject=topic.subject, archetype=shape.name, language=language, mood=mood, scenes=scenes)


def _drafts(topic: Topic, shape: Archetype, brief: Brief, rng: Random, attempt: int) -> list[fit.Draft]:
    """One try. The later ones say goodbye to the closing scene of a list, and then to some of its items."""
    spare = max(0, attempt - _WHOLE + 1) if brief.target_seconds < _BRIEF_S else 0
    drafts = outline.outline(topic, shape, brief.target_seconds, spare)
    items = outline.items(drafts)
    pen = fit.Pen(slots.slots(topic, rng, items or len(topic.facts) or 3), groups(topic), rng, brief.heard)
    fit.write(drafts, pen, brief.target_seconds - items * outline.NUMBER_S)
    outline.number(drafts)
    fit.lengthen(drafts, pen, brief.target_seconds * (1 - _NEAR))
    return drafts


def _off(drafts: Sequence[fit.Draft], brief: Brief) -> float:
    """How far the spoken length is from the wish, as a share of it."""
    return abs(fit.total(drafts) / brief.target_seconds - 1)


def _foreign(brief: Brief, language: str, rng: Random) -> Script:
    shape = archetypes.archetypes().get(brief.archetype or "") or archetypes.archetypes()["explainer"]
    text = clean(brief.prompt)
    prompt = series.listed(text)
    figures, title = prompt != text, foreign.title(prompt)
    made = foreign.compose(prompt, language, brief.target_seconds, rng, brief.heard, asked=brief.asked)
    mood = rng.choice(shape.moods)
    subject = foreign.subject(title if figures else brief.prompt, language)
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
    shown = charts.charted(scenes, brief.prompt, title) if figures else scenes
    return Script(title=title, subject=subject, archetype=shape.name, language=language, mood=mood, scenes=shown)


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
    """At most five words: those of the first line that has some, or the subject's."""
    for words in [*(line.punch for line in draft.lines), slots.key(topic.about)]:
        if words and len(words.split()) <= _LONGEST_PUNCH:
            return sentence_case(words)[:120]
    return outline.beginning(draft.text)[:120]


@lru_cache(maxsize=1)
def _digest() -> str:
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".yaml", ".txt")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
