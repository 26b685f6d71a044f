"""Neural voices through onnxruntime, from weights of your own. Needs the extra `voice`.

A family (piper, kokoro) knows its files and the inputs of its model; what is common to all stands here. The same text
gives the same samples: nothing is drawn by chance, and one thread adds in one order.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from gpu_consumers.errors import BackendError, BackendMissingError, TransientBackendError
from gpu_consumers.ports import Speech
from gpu_consumers.voice.estimate import laid
from gpu_consumers.voice.languages import language_of
from gpu_consumers.voice.phonemes import Sound, sentences
from gpu_consumers.voice.silent import SilentVoice
from gpu_consumers.voice.text import Spoken, prepare, speakable
from gpu_consumers.voice.timing import LEAD_S, TAIL_S, Samples, fill, spread

_REVISION = 1
#: Silence between two sentences, in seconds.
_GAP_S = 0.22
#: Louder than this would be clipped.
_PEAK = 32_000


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a model is given for a sentence, and to which written word each token belongs (-1: to none)."""

    ids: tuple[int, ...]
    words: tuple[int, ...]


class Family(Protocol):
    """A kind of model, loaded from its files."""

    @property
    def sample_rate(self) -> int: ...

    @classmethod
    def files(cls, model: Path) -> tuple[Path, ...]:
        """The files that it needs, the weights first."""
        ...

    @classmethod
    def read(cls, files: Sequence[Path], session: Any) -> Self:
        """Raises `BackendError` for files that are not what they should be."""
        ...

    def espeak(self, language: str, speaker: str | None) -> str:
        """The espeak-ng voice that gives its phonemes. Raises `BackendError` for a language that it does not speak."""
        ...

    def chosen(self, language: str, speaker: str | None) -> str | None:
        """Who speaks when nobody is named. Raises `BackendError` for a speaker that it lacks."""
        ...

    def tokens(self, sounds: Sequence[Sound]) -> Tokens: ...

    def feed(self, tokens: Tokens, speaker: str | None, rate: float) -> dict[str, npt.NDArray[Any]]:
        """The inputs of the model."""
        ...


@dataclass(kw_only=True)
class NeuralVoice:
    """Speaks with a model. `model` is its `.onnx` file, or the folder that holds it."""

    family: type[Family]
    model: str
    name: str
    timeout_s: float = 20.0

    def fingerprint(self) -> str:
        """Changes with the files (names, sizes and times) and this code's revision."""
        known = [path for path in self.family.files(Path(self.model)) if path.exists()]
        files = "|".join(f"{path.name}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path in known)
        return f"{self.name}-{_REVISION}-{hashlib.sha256(f'{self.model}|{files}'.encode()).hexdigest()[:16]}"

    def speak(self, text: str, *, language: str, speaker: str | None, rate: float) -> Speech:
        """Raises `BackendMissingError` for what is missing, in one line; `TransientBackendError` when it is late."""
        language = language_of(text, language)
        spoken = prepare(text, language)
        if not speakable(spoken.text):
            return SilentVoice().speak(text, language=language, speaker=None, rate=rate)
        family, session = _loaded(self.family, self.model)
        speaker = family.chosen(language, speaker)
        said = sentences(spoken, family.espeak(language, speaker), self.timeout_s)
        with _deadline(self.timeout_s) as options:
            parts = [self._say(family, session, options, sounds, speaker, rate) for sounds in said]
        return _joined(spoken, parts, family.sample_rate)

    def _say(
        self, family: Family, session: Any, options: Any, sounds: Sequence[Sound], speaker: str | None, rate: float
    ) -> tuple[Samples, dict[int, int]]:
        """The samples of a sentence, and the sample at which each of its words begins."""
        tokens = family.tokens(sounds)
        try:
            outputs = session.run(None, family.feed(tokens, speaker, rate), options)
        except Exception as error:
            if options.terminate:
                raise TransientBackendError(f"the voice {self.name} took longer than {self.timeout_s:g} s") from error
            raise BackendError(f"the voice {self.name} failed: {str(error).splitlines()[0][:300]}") from error
        named = dict(zip((output.name for output in session.get_outputs()), outputs, strict=True))
        samples = _pcm(np.asarray(outputs[0], np.float32).reshape(-1))
        return samples, _begins(tokens, _durations(named), samples, family.sample_rate, sounds)


def _durations(outputs: dict[str, Any]) -> npt.NDArray[np.float64] | None:
    """Frames of each token, where the model tells them."""
    for name in ("durations", "duration", "w_ceil", "pred_dur"):
        if name in outputs:
            return np.asarray(outputs[name], np.float64).reshape(-1)
    return None


def _begins(
    tokens: Tokens, durations: npt.NDArray[np.float64] | None, samples: Samples, rate: int, sounds: Sequence[Sound]
) -> dict[int, int]:
    """By the model's own durations, else laid along the sound by the number of phonemes."""
    if durations is None or len(durations) != len(tokens.ids) or durations.sum() <= 0:
        places = laid([len(sound.phonemes) + 1.0 for sound in sounds], samples, rate)
        return {sound.word: place for sound, place in zip(sounds, places, strict=True)}
    before = np.concatenate([[0.0], np.cumsum(durations)[:-1]]) / durations.sum() * len(samples)
    first: dict[int, int] = {}
    for word, place in zip(tokens.words, before, strict=True):
        first.setdefault(word, int(place))
    return {word: place for word, place in first.items() if word >= 0}


def _pcm(audio: npt.NDArray[np.float32]) -> Samples:
    if not audio.size or not np.isfinite(audio).all() or not audio.any():
        raise TransientBackendError("the voice gave no sound")
    return (audio * 32767 * min(1.0, _PEAK / max(float(np.abs(audio).max()) * 32767, 1.0))).astype(np.int16)


def _joined(spoken: Spoken, parts: Sequence[tuple[Samples, dict[int, int]]], rate: int) -> Speech:
    silence = {name: np.zeros(int(rate * s), np.int16) for name, s in (("l", LEAD_S), ("g", _GAP_S), ("t", TAIL_S))}
    pieces: list[Samples] = [silence["l"]]
    known: list[int | None] = [None] * len(spoken.words)
    for number, (samples, begins) in enumerate(parts):
        pieces += [silence["g"]] if number else []
        start = sum(map(len, pieces))
        for word, place in begins.items():
            known[word] = start + place
        pieces.append(samples)
    joined = np.concatenate([*pieces, silence["t"]])
    weights = [1.0 if place is not None else 0.05 for place in known]
    starts = fill(known, weights, len(joined))
    return Speech(samples=joined, sample_rate=rate, words=spread(spoken, starts, joined, rate))


@contextmanager
def _deadline(seconds: float) -> Iterator[Any]:
    """Run options that end a run when the time is over."""
    from onnxruntime import RunOptions

    options = RunOptions()
    timer = threading.Timer(seconds, lambda: setattr(options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        yield options
    finally:
        timer.cancel()


def _loaded(family: type[Family], model: str) -> tuple[Family, Any]:
    if find_spec("onnxruntime") is None:
        raise BackendMissingError("neural voices need the extra `voice`: pip install 'swipestream[voice]'")
    files = family.files(Path(model))
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise BackendMissingError(f"the voice {family.__name__.lower()} lacks {', '.join(missing)}")
    return _open(family, files, tuple(path.stat().st_mtime_ns for path in files))


@lru_cache(maxsize=4)
def _open(family: type[Family], files: tuple[Path, ...], _times: tuple[int, ...]) -> tuple[Family, Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(files[0]), options, providers=["CPUExecutionProvider"])
        return family.read(files, session), session
    except BackendError:
        raise
    except Exception as error:
        raise BackendError(f"{files[0].name} cannot be read: {str(error).splitlines()[0][:300]}") from error
