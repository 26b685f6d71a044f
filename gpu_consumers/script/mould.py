"""The JSON schema of one particular script: so many scenes, these beats, so many words. Pure.

A decoder that is held to it cannot give anything else, whatever the model would like to say: names, order and number of
the fields are fixed, and every text is words with marks between them, no longer than its time.
"""

from __future__ import annotations

import math
from typing import Any

from gpu_consumers.ports import Brief
from gpu_consumers.script import fit
from gpu_consumers.script.archetypes import Archetype
from gpu_consumers.script.drafts import WORDS_A_SECOND
from gpu_consumers.voice.languages import base, readable_script
from gpu_consumers.voice.pace import paced_seconds

#: How regular expressions name the scripts that `readable_script` names otherwise.
_SCRIPTS = {"CJK": "\u4e00-\u9fff", "HIRAGANA": "\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff"}
_UNSPACED = frozenset(["ja", "zh", "th", "lo", "my", "km"])
#: Characters a second in scripts without spaces.
_CHARACTERS_A_SECOND = 5.0
#: How much longer than its share a scene may be.
_SLACK = 1.3
_FEWEST_WORDS, _SHORTEST_SENTENCE, _LONGEST_SENTENCE = 3, 5, 14


def mould(brief: Brief, shape: Archetype) -> dict[str, Any]:
    """The schema, for a brief and the archetype that was chosen for it."""
    beats = fit.pick(shape, brief.target_seconds)
    total = sum(beat.share for beat in beats)
    scenes = [_scene(beat.beat, brief.target_seconds * beat.share / total, brief.language) for beat in beats]
    word = _word(brief.language)
    return _object(
        title=_phrase(word, 2, 9),
        subject=_phrase(word, 1, 4),
        mood={"enum": list(shape.moods)},
        scenes={"type": "array", "prefixItems": scenes, "items": False, "minItems": len(scenes)},
    )


def longest(brief: Brief) -> int:
    """A bound for the tokens of an answer: a token is at least a byte, and few words are longer than seven of them."""
    return round(brief.target_seconds * WORDS_A_SECOND * 14 * 4) + 1200


def _scene(beat: str, seconds: float, language: str) -> dict[str, Any]:
    return _object(
        beat={"const": beat},
        narration={"type": "string", "pattern": f"^{narration(seconds, language)}$"},
        visuals=_phrase(_word("en"), 4, 16),
        on_screen_text=_phrase(_word(language), 1, 4),
    )


def narration(seconds: float, language: str) -> str:
    """A pattern for what is said in so many seconds."""
    if base(language) in _UNSPACED:
        most = max(round(seconds * _CHARACTERS_A_SECOND * 1.2), 6)
        return rf"[{_letters(language)}，、]{{{most // 2},{most}}}[。！？]"
    words = max(round(seconds * WORDS_A_SECOND), _SHORTEST_SENTENCE)
    longest, word = min(words, _LONGEST_SENTENCE), _word(language)
    sentence = rf"{word}(?:[,;:]? {word}){{{_SHORTEST_SENTENCE - 1},{longest - 1}}}[.!?]"
    more = max(math.ceil(words / longest) - 1, 0)
    return f"{sentence}(?: {sentence}){{{more},{more}}}" if more else sentence


def within(narration: str, seconds: float, language: str) -> str:
    """Without the last words where it would take longer: a pattern counts words, and words may be long."""
    words = narration.split()
    while len(words) > _FEWEST_WORDS and paced_seconds(" ".join(words), language) > seconds * _SLACK:
        words.pop()
    cut = " ".join(words)
    return cut if len(cut) == len(narration) else cut.rstrip(" ,;:.!?") + "."


def _letters(language: str) -> str:
    """Letters that the language's voice can read."""
    script = readable_script(language)
    return _SCRIPTS.get(script, rf"\p{{{script.title()}}}")


def _word(language: str) -> str:
    letters = _letters(language)
    return rf"(?:[{letters}][{letters}\p{{M}}'’-]{{0,13}}|[0-9]{{1,4}})"


def _phrase(word: str, least: int, most: int) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{word}(?: {word}){{{least - 1},{most - 1}}}$"}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip
