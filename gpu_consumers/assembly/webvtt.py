"""WebVTT captions (W3C): the same phrases that are drawn into the picture, for players and readers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gpu_consumers.picture.cues import cues
from schemas.scripts import Word


def webvtt(scenes: Iterable[tuple[int, int, Sequence[Word]]]) -> str:
    """A WebVTT document from scenes of (start in ms, duration in ms, words timed within the scene)."""
    blocks = ["WEBVTT"]
    for start, duration, words in scenes:
        for cue in cues(words, duration):
            blocks.append(f"{_time(start + cue.start_ms)} --> {_time(start + cue.end_ms)}\n{_escaped(cue.text)}")
    return "\n\n".join(blocks) + "\n"


def chapters(scenes: Iterable[tuple[int, int, str]]) -> str:
    """A WebVTT document of chapters from scenes of (start in ms, duration in ms, title)."""
    blocks = ["WEBVTT"]
    for number, (start, duration, title) in enumerate(scenes, 1):
        blocks.append(f"{number}\n{_time(start)} --> {_time(start + duration)}\n{_escaped(title)}")
    return "\n\n".join(blocks) + "\n"


def _time(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"


def _escaped(text: str) -> str:
    # After these three, no text can hold the arrow that ends a cue's timing line.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
