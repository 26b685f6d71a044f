"""Kokoro voices (StyleTTS 2): `model.onnx`, symbols in `config.json` or `tokenizer.json`, styles in `voices.bin`.

`voices.bin` is an archive of arrays by name, as kokoro-onnx publishes it; a folder `voices/` with one raw file for each
voice, as other exports have it, does as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_consumers.errors import BackendError
from gpu_consumers.voice.languages import espeak_voice
from gpu_consumers.voice.neural import Tokens
from gpu_consumers.voice.phonemes import Sound

_PAD, _WIDTH, _MOST = 0, 256, 510
#: The first letter of a voice's name says its language.
_LANGUAGES = {"a": "en-us", "b": "en-gb", "e": "es", "f": "fr-fr", "h": "hi", "i": "it", "p": "pt-br"}
_USUAL = {"en": "af_heart", "es": "ef_dora", "fr": "ff_siwis", "hi": "hf_alpha", "it": "if_sara", "pt": "pf_dora"}


@dataclass(frozen=True, kw_only=True)
class Kokoro:
    """Symbols, styles, and the names of the model's inputs, which differ from export to export."""

    ids: Mapping[str, int]
    styles: Mapping[str, npt.NDArray[np.float32]]
    inputs: Mapping[str, str]  #: name → type
    sample_rate: int = 24_000

    @classmethod
    def files(cls, model: Path) -> tuple[Path, ...]:
        """`model` is the folder, or the weights in it."""
        folder = model if model.is_dir() or not model.suffix else model.parent
        weights = next(iter(sorted(folder.glob("*.onnx"))), folder / "model.onnx") if folder == model else model
        symbols = folder / ("tokenizer.json" if (folder / "tokenizer.json").is_file() else "config.json")
        archives = sorted(folder.glob("voices*.bin")) or sorted((folder / "voices").glob("*.bin"))
        return weights, symbols, *(archives or [folder / "voices.bin"])

    @classmethod
    def read(cls, files: Sequence[Path], session: Any) -> Kokoro:
        """Raises `BackendError` for files that are not what they should be."""
        try:
            told = json.loads(files[1].read_bytes())
            ids = told["vocab"] if "vocab" in told else told["model"]["vocab"]
            styles = {name: style for path in files[2:] for name, style in _styles(path).items()}
        except (ValueError, LookupError, TypeError, OSError) as error:
            raise BackendError(f"{files[1].parent.name} holds no kokoro voice: {error!r}"[:300]) from error
        return cls(ids=ids, styles=styles, inputs={each.name: each.type for each in session.get_inputs()})

    def espeak(self, language: str, speaker: str | None) -> str:
        """By the speaker's first letter."""
        name = self.chosen(language, speaker)
        found = _LANGUAGES.get(name[0])
        if found is None or found[:2] != language[:2].lower():
            raise BackendError(f"kokoro's speaker {name!r} does not speak {language!r}")
        return espeak_voice(found) or found

    def tokens(self, sounds: Sequence[Sound]) -> Tokens:
        """Pads around at most 510 symbols; unknown ones are left out."""
        found: list[tuple[int, int]] = []
        for place, sound in enumerate(sounds):
            between = " " if place + 1 < len(sounds) else ""
            symbols = [(s, sound.word) for s in sound.phonemes] + [(s, -1) for s in sound.mark + between]
            found += [(self.ids[symbol], word) for symbol, word in symbols if symbol in self.ids]
        found = [(_PAD, -1), *found[:_MOST], (_PAD, -1)]
        return Tokens(ids=tuple(number for number, _ in found), words=tuple(word for _, word in found))

    def feed(self, tokens: Tokens, speaker: str | None, rate: float) -> dict[str, npt.NDArray[Any]]:
        """The style depends on the length of the text as well."""
        style = self.styles[speaker or next(iter(self.styles))].reshape(-1, _WIDTH)
        ids = "tokens" if "tokens" in self.inputs else "input_ids"
        speed = np.int32 if "int32" in self.inputs.get("speed", "") else np.float32
        return {
            ids: np.array([tokens.ids], np.int64),
            "style": style[min(len(tokens.ids) - 2, len(style) - 1)][None, :].astype(np.float32),
            "speed": np.array([max(round(rate), 1) if speed is np.int32 else rate], speed),
        }

    def chosen(self, language: str, speaker: str | None) -> str:
        """The usual one of the language, else the first."""
        usual = _USUAL.get(language[:2].lower())
        name = speaker or (usual if usual in self.styles else next(iter(self.styles)))
        if name not in self.styles:
            raise BackendError(f"kokoro has no speaker {name!r}; there are {', '.join(list(self.styles)[:10])}")
        return str(name)


def _styles(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Raises OSError or ValueError."""
    if path.read_bytes()[:2] == b"PK":
        with np.load(path, allow_pickle=False) as archive:
            return {name: np.asarray(archive[name], np.float32) for name in archive.files}
    raw = np.fromfile(path, "<f4")
    if raw.size == 0 or raw.size % _WIDTH:
        raise ValueError(f"{path.name} is no style: {raw.size} numbers are no multiple of {_WIDTH}")
    return {path.stem: raw.reshape(-1, 1, _WIDTH)}
