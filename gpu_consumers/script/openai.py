"""Any language model that answers as OpenAI's does: `POST {url}/chat/completions`, held to a JSON schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gpu_consumers.errors import TransientBackendError
from gpu_consumers.ports import Brief
from gpu_consumers.script.archetypes import Archetype, archetypes, choose_for
from gpu_consumers.script.clean import clean
from gpu_consumers.script.phrases import interest
from gpu_consumers.service import RefusedError, Service
from gpu_consumers.voice.pace import estimate_seconds
from schemas.values import Scene, Script

_REVISION = 1
#: How far the spoken length may be from the wish, as factors.
_SHORTEST, _LONGEST = 0.5, 1.5
_DEFAULT_PROMPT = (
    "You write scripts for short vertical videos that are read aloud. Speak about the prompt, plainly and warmly, in "
    "short sentences. State only what is well established. No greetings, hashtags, emoji or stage directions."
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


@dataclass(kw_only=True)
class OpenAIWriter:
    """Writes with a language model behind HTTP. What it sends is checked; nothing that is not a script gets through."""

    url: str
    model: str
    api_key_env: str | None = None
    timeout_s: float = 30.0
    temperature: float = 0.8
    stream: bool = False
    prompt: str = ""
    archetypes: tuple[str, ...] = ()
    name: str = "openai"

    def fingerprint(self) -> str:
        """The service's own changes cannot be seen from here; all that is sent to it can."""
        sent = f"{self.url}|{self.model}|{self.temperature}|{self.prompt}|{self.archetypes}"
        return f"openai-chat-{_REVISION}-{hashlib.sha256(sent.encode()).hexdigest()[:16]}"

    def write(self, brief: Brief) -> Script:
        """Raises `TransientBackendError` for what another try may mend: late, broken, not a script, wrong length."""
        shape = choose_for(brief, self.archetypes)
        text = self._ask(self._body(brief, shape))
        return finished(parsed(text), brief, shape)

    def _ask(self, body: dict[str, Any]) -> str:
        try:
            return self._answer(body)
        except RefusedError:
            # Older servers know no JSON schema; the prompt describes it as well.
            return self._answer({**body, "response_format": {"type": "json_object"}})

    def _answer(self, body: dict[str, Any]) -> str:
        service = Service(label="language model", url=self.url, api_key_env=self.api_key_env, timeout_s=self.timeout_s)
        if self.stream:
            return "".join(deltas(service.stream("chat/completions", body)))
        return content(service.post("chat/completions", body))

    def _body(self, brief: Brief, shape: Archetype) -> dict[str, Any]:
        schema = DraftScript.model_json_schema()
        return {
            "model": self.model,
            "messages": [
                {
                    "role": "system",
                    "content": f"{self.prompt or _DEFAULT_PROMPT}\n\n{instructions(brief, shape, schema)}",
                },
                {"role": "user", "content": brief.prompt},
            ],
            "temperature": self.temperature,
            "seed": brief.seed % 2**31,
            "stream": self.stream,
            "response_format": {"type": "json_schema", "json_schema": {"name": "script", "schema": schema}},
        }


def instructions(brief: Brief, shape: Archetype, schema: dict[str, Any]) -> str:
    """What the model is told of length, language, archetype and form."""
    beats = "\n".join(f"- {beat.beat}: {beat.purpose} Tone: {beat.tone}." for beat in shape.beats)
    words = round(brief.target_seconds * 2.6)
    return (
        f"Language: that of the prompt, else {brief.language}. Length: about {words} spoken words in all.\n"
        f"Archetype: {shape.title}. {shape.description}\n"
        f"Its beats, of which 3 to 8 become scenes, in this order:\n{beats}\n"
        f"The hook has at most {shape.hook.max_words} words. "
        f"Answer with one JSON object by this schema:\n{json.dumps(schema)}"
    )


def content(data: bytes) -> str:
    """The message of a complete answer."""
    try:
        choice = json.loads(data)["choices"][0]
        text, reason = choice["message"]["content"], choice.get("finish_reason")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise TransientBackendError("the language model's answer has no message") from error
    if reason == "length":
        raise TransientBackendError("the language model's answer was cut off")
    return str(text or "")


def deltas(pieces: Iterable[bytes]) -> Iterator[str]:
    """The text of a streamed answer (server-sent events)."""
    for line in _lines(pieces):
        if not line.startswith(b"data:") or line[5:].strip() == b"[DONE]":
            continue
        try:
            choices = json.loads(line[5:])["choices"]
            delta = choices[0]["delta"].get("content") if choices else None
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise TransientBackendError("the language model's stream is broken") from error
        yield delta or ""


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    yield rest


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
        duration_s=min(round(estimate_seconds(narration, brief.language), 2), 60.0),
    )


def _slug(text: str) -> str:
    kept = "".join(character if character.isascii() and character.isalnum() else "-" for character in text.lower())
    return kept.strip("-")[:48].strip("-")
