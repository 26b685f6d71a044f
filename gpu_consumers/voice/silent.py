"""The last resort: nobody speaks, and the captions keep a reader's pace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gpu_consumers.ports import Speech
from gpu_consumers.voice.pace import reading_seconds
from gpu_consumers.voice.timing import LEAD_S, TAIL_S, word

_SHORTEST_S = 1.2


@dataclass
class SilentVoice:
    """Silence with word timings, so that a scene without a voice still has its captions. Never fails."""

    name: str = "silent"
    sample_rate: int = 22050

    def fingerprint(self) -> str:
        return f"silent-1-{self.sample_rate}"

    def speak(self, text: str, *, language: str, speaker: str | None, rate: float) -> Speech:
        """Any text, also an empty one."""
        words, now = [], LEAD_S
        for written in text.split():
            until = now + reading_seconds(written) / max(rate, 0.25)
            words.append(word(written, round(now * 1000), round(until * 1000)))
            now = until
        seconds = max(now + TAIL_S, _SHORTEST_S)
        samples = np.zeros(round(seconds * self.sample_rate), np.int16)
        return Speech(samples=samples, sample_rate=self.sample_rate, words=tuple(words))
