"""Piper voices (VITS): `NAME.onnx` with `NAME.onnx.json` beside it, as they are published."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_consumers.errors import BackendError
from gpu_consumers.voice.languages import base
from gpu_consumers.voice.neural import Tokens
from gpu_consumers.voice.phonemes import Sound

_PAD, _BEGIN, _END = "_", "^", "$"


@dataclass(frozen=True, kw_only=True)
class Piper:
    """The voice's config: which id each phoneme has, how fast it speaks, and who can speak."""

    sample_rate: int
    voice: str  #: of espeak-ng
    ids: Mapping[str, Sequence[int]]
    length: float
    speakers: Mapping[str, int]
    several: bool  #: whether the model wants a speaker

    @classmethod
    def files(cls, model: Path) -> tuple[Path, ...]:
        """A folder holds one voice."""
        found = next(iter(sorted(model.glob("*.onnx"))), model / "voice.onnx") if model.is_dir() else model
        return found, found.with_name(f"{found.name}.json")

    @classmethod
    def read(cls, files: Sequence[Path], session: Any) -> Piper:
        """Raises `BackendError` for a config that lacks something."""
        try:
            config = json.loads(files[1].read_bytes())
            return cls(
                sample_rate=int(config["audio"]["sample_rate"]),
                voice=str(config["espeak"]["voice"]),
                ids=config["phoneme_id_map"],
                length=float(config.get("inference", {}).get("length_scale", 1.0)),
                speakers=config.get("speaker_id_map") or {},
                several="sid" in {each.name for each in session.get_inputs()},
            )
        except (ValueError, LookupError, TypeError) as error:
            raise BackendError(f"{files[1].name} is no config of a piper voice: {error!r}"[:300]) from error

    def espeak(self, language: str, speaker: str | None) -> str:
        """A piper voice speaks one language."""
        if base(self.voice) != base(language):
            raise BackendError(f"this piper voice speaks {self.voice!r}, not {language!r}")
        return self.voice

    def chosen(self, language: str, speaker: str | None) -> str | None:
        """By name or number."""
        if speaker is not None and speaker not in self.speakers and not speaker.isdigit():
            there = ", ".join(list(self.speakers)[:10]) or "numbers only"
            raise BackendError(f"the piper voice has no speaker {speaker!r}; there are {there}")
        return speaker

    def tokens(self, sounds: Sequence[Sound]) -> Tokens:
        """`^ _ p _ p _ … $`: a pad after each phoneme, as the models were trained. Unknown phonemes are left out."""
        ids, words = [*self.ids[_BEGIN], *self.ids[_PAD]], [-1, -1]
        for place, sound in enumerate(sounds):
            between = " " if place + 1 < len(sounds) else ""
            for symbol, word in [(s, sound.word) for s in sound.phonemes] + [(s, -1) for s in sound.mark + between]:
                new = [*self.ids[symbol], *self.ids[_PAD]] if symbol in self.ids else []
                ids, words = [*ids, *new], [*words, *[word] * len(new)]
        end = list(self.ids[_END])
        return Tokens(ids=(*ids, *end), words=(*words, *[-1] * len(end)))

    def feed(self, tokens: Tokens, speaker: str | None, rate: float) -> dict[str, npt.NDArray[Any]]:
        """Without noise: the same text shall sound the same."""
        inputs: dict[str, npt.NDArray[Any]] = {
            "input": np.array([tokens.ids], np.int64),
            "input_lengths": np.array([len(tokens.ids)], np.int64),
            "scales": np.array([0.0, self.length / rate, 0.0], np.float32),
        }
        return inputs | ({"sid": np.array([self._number(speaker)], np.int64)} if self.several else {})

    def _number(self, speaker: str | None) -> int:
        name = speaker or "0"
        return self.speakers[name] if name in self.speakers else int(name)
