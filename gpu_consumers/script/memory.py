"""What a viewer has heard: marks of the sentences of their last videos, so that none of them is said again.

A view of ScriptWritten, kept in the artefact index, where every worker finds it. Script tasks of one viewer lie in one
partition, so they are done one after another and each knows the ones before. What a script was told to avoid stands in
its event (`avoided`), so that the log alone says how it came about: see `marks_of`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from gpu_consumers.script.clean import sentences
from infra.storage.artifacts import ArtifactIndex, fingerprint
from schemas.scripts import Script

#: Videos whose sentences are remembered.
VIDEOS = 50
_WORDS = re.compile(r"[^\W_]+")
#: `Number two: …` says the same as `Number three: …`.
_COUNTED = re.compile(r"^(?:number )?(?:one|two|three|four|five|six|seven|eight|nine|ten|\d+) (?=\S+ \S+)")


class Told(BaseModel):
    """One video's sentences."""

    video: str  #: id and revision
    marks: tuple[str, ...]


class Heard(BaseModel):
    """The last videos of a viewer, the oldest first."""

    told: tuple[Told, ...] = ()

    @property
    def videos(self) -> tuple[str, ...]:
        """Ids of the videos."""
        return tuple(dict.fromkeys(told.video.partition("/")[0] for told in self.told))

    @property
    def marks(self) -> tuple[str, ...]:
        """All marks, sorted: a set that has one spelling."""
        return tuple(sorted({mark for told in self.told for mark in told.marks}))

    def before(self, video: str) -> Heard:
        """What was heard before that video: a task that comes again is told what it was told first."""
        place = next((index for index, told in enumerate(self.told) if told.video == video), len(self.told))
        return Heard(told=self.told[:place][-VIDEOS:])

    def and_(self, video: str, script: Script) -> Heard:
        """With that video at the end, or in its place."""
        told = Told(video=video, marks=marks_of([script]))
        if any(each.video == video for each in self.told):
            return Heard(told=tuple(told if each.video == video else each for each in self.told))
        return Heard(told=(*self.told, told)[-2 * VIDEOS :])


def marks_of(scripts: Iterable[Script]) -> tuple[str, ...]:
    """The marks of all sentences that are said in some scripts, and of the words on their covers."""
    told = [text for script in scripts for text in (*_said(script), script.scenes[0].on_screen_text)]
    return tuple(sorted({found for found in map(mark, told) if found}))


def _said(script: Script) -> Iterator[str]:
    return (sentence for scene in script.scenes for sentence in sentences(scene.narration))


def mark(sentence: str) -> str:
    """Forty bits that stand for a sentence, whatever its case and its marks; empty where it has no words."""
    words = _COUNTED.sub("", " ".join(_WORDS.findall(sentence.lower())))
    return hashlib.sha256(words.encode()).hexdigest()[:10] if words else ""


class Memory:
    """What each viewer heard. Where nothing is kept any more, a viewer is as new."""

    def __init__(self, index: ArtifactIndex) -> None:
        self._index = index

    def heard(self, listener: str) -> Heard:
        """By a viewer, or by a group of them that hears the same."""
        kept = self._index.get(_key(listener))
        return Heard.model_validate(kept) if kept else Heard()

    def learn(self, listener: str, video: str, script: Script) -> None:
        """A script was written for them."""
        after = self.heard(listener).and_(video, script)
        self._index.put(_key(listener), after.model_dump(mode="json"))


def _key(listener: str) -> str:
    return fingerprint(kind="heard", listener=listener)
