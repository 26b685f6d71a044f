"""What a language model is asked for, and its answer made a script: one shape for every model, near or far."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gpu_consumers.errors import TransientBackendError
from gpu_consumers.ports import Brief
from gpu_consumers.script.archetypes import Archetype, archetypes
from gpu_consumers.script.clean import clean
from gpu_consumers.script.phrases import interest
from gpu_consumers.voice.pace import paced_seconds
from schemas.scripts import Scene, Script

#: How far the spoken length may be from the wish, as factors.
_SHORTEST, _LONGEST = 0.5, 1.5
#: Words a second of plain narration.
WORDS_A_SECOND = 2.6
DEFAULT_PROMPT = (
    "You write scripts for short vertical videos that are read aloud. Speak about the prompt, plainly and warmly, in "
    "short sentences: a hook that can be heard in two seconds, something concrete in every scene, a payoff, and a last "
    "line that calls back to the first. State only what is well established. No greetings, hashtags, emoji or stage "
    "directions."
)


class DraftScene(BaseModel):
    """A scene as the model is asked for it."""

    model_config = ConfigDict(extra="ignore")

    beat: str = Field(max_length=48)
    narration: str = Field(min_length=1, max_length=2000, description="what is said, complete sentences")
    visuals: str = Field(min_length=1, max_length=2000, description="what is seen, for a text-to-video model")
    on_screen_text: str = Field("", max_length=120, description="at most five words")


class DraftScript(BaseModel):
    """A script as the model is asked for it."""

    model_config = ConfigDict(extra="ignore")

    title: str = Field(min_length=1, max_length=120)
    subject: str = Field(min_length=1, max_length=120, description="what it is about: a lower-case noun phrase")
    mood: str = Field("calm", max_length=48)
    scenes: list[DraftScene] = Field(min_length=3, max_length=8)


def instructions(brief: Brief, shape: Archetype, schema: dict[str, Any]) -> str:
    """What the model is told of length, language, archetype and form."""
    beats = "\n".join(f"- {beat.beat}: {beat.purpose} Tone: {beat.tone}." for beat in shape.beats)
    words = round(brief.target_seconds * WORDS_A_SECOND)
    return (
        f"Language: that of the prompt, else {brief.language}. Length: about {words} spoken words in all.\n"
        f"Archetype: {shape.title}. {shape.description}\n"
        f"Its beats, of which 3 to 8 become scenes, in this order:\n{beats}\n"
        f"The hook has at most {shape.hook.max_words} words. "
        f"Answer with one JSON object by this schema:\n{json.dumps(schema)}"
    )


def parsed(text: str) -> DraftScript:
    """The script in an answer, also one that is wrapped in a code fence or in words."""
    begin, end = text.find("{"), text.rfind("}")
    try:
        return DraftScript.model_validate_json(text[begin : end + 1])
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise TransientBackendError(
            f"the language model's answer is no script: {where}: {problem['msg']}"[:300]
        ) from error


def finished(draft: DraftScript, brief: Brief, shape: Archetype) -> Script:
    """The script by the contract: cleaned, numbered, timed. Raises `TransientBackendError` for a wrong length."""
    scenes = [scene for number, made in enumerate(draft.scenes, 1) if (scene := _scene(number, made, brief, shape))]
    scenes = [scene.model_copy(update={"scene_number": number}) for number, scene in enumerate(scenes, 1)]
    seconds = sum(scene.duration_s for scene in scenes)
    if not scenes or not _SHORTEST * brief.target_seconds <= seconds <= _LONGEST * brief.target_seconds:
        raise TransientBackendError(f"the script is {seconds:.0f} s long; {brief.target_seconds:.0f} s are wanted")
    return Script(
        title=clean(draft.title)[:120] or "Untitled",
        subject=interest(clean(draft.subject)),
        archetype=shape.name,
        language=brief.language,
        mood=_slug(draft.mood) if _slug(draft.mood) in _moods() else shape.moods[0],
        scenes=tuple(scenes),
    )


def _moods() -> frozenset[str]:
    return frozenset(mood for shape in archetypes().values() for mood in shape.moods)


def _scene(number: int, made: DraftScene, brief: Brief, shape: Archetype) -> Scene | None:
    narration = clean(made.narration)
    if not narration:
        return None
    return Scene(
        scene_number=number,
        beat=_slug(made.beat) or shape.beats[min(number, len(shape.beats)) - 1].beat,
        narration=narration,
        visuals=clean(made.visuals) or narration,
        on_screen_text=" ".join(clean(made.on_screen_text).split()[:5])[:120],
        duration_s=min(round(paced_seconds(narration, brief.language), 2), 60.0),
    )


def _slug(text: str) -> str:
    kept = "".join(character if character.isascii() and character.isalnum() else "-" for character in text.lower())
    return kept.strip("-")[:48].strip("-")
