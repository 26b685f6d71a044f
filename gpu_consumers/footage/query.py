"""What a stock library is asked for: the few words of a scene that can be seen. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gpu_consumers.picture.pictograms import pictograms, weak
from schemas.scripts import Scene

#: Most words of a query: more find nothing.
MOST = 3
_WORD = re.compile(r"[^\W\d_][\w'-]*")
_EMPTY = frozenset(
    "a about all an and any are as at be been best better biggest but by can did do does ever every facts few for "
    "from get had has have her his hot how i if in into is it its just less let like list make makes making many "
    "me more most much my myth need never no not of on once one only or our out over own people pov really "
    "reasons say says should so some story short take than that the their them there these they thing things this "
    "those three time tips to too true try two until up us use used using very want was way ways we were what "
    "when where which who why will with without would you your".split()
)


def query(scene: Scene, title: str) -> str:
    """A few words: what the title is about, then what can be drawn of what is said. Never empty."""
    said = scene.narration.split()
    drawn = (said[n] for n, emoji in pictograms(said) if emoji not in weak())
    wanted = _content([title]) or _content([scene.on_screen_text])
    words = list(dict.fromkeys([*wanted[:2], *_content(drawn), *wanted]))
    return " ".join(words[:MOST]) or " ".join(_WORD.findall(scene.visuals)[:MOST]) or "abstract background"


def _content(texts: Iterable[str]) -> list[str]:
    found = (word.casefold() for text in texts for word in _WORD.findall(text))
    return [word for word in found if word not in _EMPTY and len(word) > 2]
