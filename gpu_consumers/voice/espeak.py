"""The offline voice: espeak-ng from the wheel `espeakng-loader`, each utterance in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from gpu_consumers.errors import BackendError, BackendMissingError, TransientBackendError
from gpu_consumers.ports import Speech
from gpu_consumers.voice import espeak_process, silent
from gpu_consumers.voice.languages import base, espeak_voice, language_of
from gpu_consumers.voice.polish import polished
from gpu_consumers.voice.text import Spoken, prepare, speakable
from gpu_consumers.voice.timing import fill, onsets, spread, trim, weigh

#: Bump when the same text would sound different, or get other times.
_REVISION = 2
#: Speakers that a flavor may name beside espeak-ng's own variants (f1 to f5, m1 to m8, or a name such as Andrea).
_SPEAKERS = {"female": "f3", "male": "m3", "whisper": "whisper", "default": ""}


@dataclass(kw_only=True)
class EspeakVoice:
    """Speaks with espeak-ng. The same text gives the same samples, on every machine with the same wheel.

    `speaker` is `variant`, `voice+variant` or `voice`: `f3`, `en-gb+m3`, `en-gb`; or `female`, `male`.
    """

    name: str = "espeak"
    words_per_minute: int = 150
    pitch: int = 48
    pitch_range: int = 58
    gap: int = 0
    timeout_s: float = 20.0

    def fingerprint(self) -> str:
        """Changes with the wheel, the settings and this code's revision."""
        settings = (self.words_per_minute, self.pitch, self.pitch_range, self.gap)
        return f"espeak-{version('espeakng-loader')}-r{_REVISION}-" + "-".join(map(str, settings))

    def speak(self, text: str, *, language: str, speaker: str | None, rate: float) -> Speech:
        """Raises `BackendError` for a language it lacks, `TransientBackendError` for a time-out or a crash."""
        language = language_of(text, language)
        spoken = prepare(text, language)
        if not speakable(spoken.text):
            return silent.SilentVoice().speak(text, language=language, speaker=None, rate=rate)
        request = self._request(spoken, voice_name(language, speaker), rate)
        header, pcm = _ask(request, self.timeout_s)
        return _speech(spoken, header, pcm)

    def _request(self, spoken: Spoken, voice: str, rate: float) -> dict[str, Any]:
        return {
            **_paths(),
            "voice": voice,
            "text": spoken.text,
            "rate": min(max(round(self.words_per_minute * rate), 80), 450),
            "pitch": self.pitch,
            "range": self.pitch_range,
            "gap": self.gap,
        }


def voice_name(language: str, speaker: str | None) -> str:
    """The name that espeak-ng knows: `en-us+f3`. An unknown speaker is the language's usual one.

    A flavor's speaker may be meant for another voice of its list. Raises `BackendError` for a language without a voice.
    """
    accent, _, variant = (speaker or "").partition("+")
    if espeak_voice(accent) is None:
        accent, variant = "", accent or variant
    if base(accent) != base(language):
        accent = ""  # an English speaker keeps its variant when a German text comes
    found = espeak_voice(accent or language)
    if found is None:
        raise BackendError(f"espeak-ng has no voice for the language {language!r}")
    variant = _SPEAKERS.get(variant, variant)
    return f"{found}+{variant}" if variant in _variants() else found


def phonemes(clauses: Sequence[str], voice: str, timeout_s: float = 20.0) -> list[str]:
    """The IPA of each clause as that espeak-ng voice would say it, words apart by spaces. Raises as `speak` does."""
    header, _ = _ask({**_paths(), "voice": voice, "clauses": list(clauses)}, timeout_s)
    return [str(found) for found in header["phonemes"]]


def has_voice(name: str) -> bool:
    """Whether the wheel has a voice file of that name."""
    return any(path.name.lower() == name for path in (Path(_paths()["data"]) / "lang").rglob("*"))


@lru_cache(maxsize=1)
def _variants() -> frozenset[str]:
    """espeak-ng takes a variant that it lacks without a word; so what there is must be known."""
    return frozenset(path.name for path in (Path(_paths()["data"]) / "voices" / "!v").iterdir())


def _paths() -> dict[str, str]:
    try:
        import espeakng_loader
    except ImportError as error:
        raise BackendMissingError("the package espeakng-loader is not installed") from error
    return {"library": espeakng_loader.get_library_path(), "data": espeakng_loader.get_data_path()}


def _ask(request: Mapping[str, Any], timeout_s: float) -> tuple[dict[str, Any], bytes]:
    # Isolated and without site-packages: the helper needs the standard library only, and starts in a third of the time.
    command = [sys.executable, "-I", "-S", str(Path(espeak_process.__file__))]
    try:
        data = json.dumps(request).encode()
        done = subprocess.run(command, input=data, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise TransientBackendError(f"espeak-ng took longer than {timeout_s:g} s") from error
    except OSError as error:
        raise TransientBackendError(f"espeak-ng's process did not start: {error}") from error
    line, _, pcm = done.stdout.partition(b"\n")
    if done.returncode == 0:
        return json.loads(line), pcm
    if line.startswith(b"{"):
        raise BackendError(json.loads(line)["error"])
    raise TransientBackendError(f"espeak-ng's process ended with {done.returncode}: {_last_line(done.stderr)}")


def _last_line(data: bytes) -> str:
    lines = data.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else "no message"


def _speech(spoken: Spoken, header: Mapping[str, Any], pcm: bytes) -> Speech:
    rate = int(header["sample_rate"])
    raw = np.frombuffer(pcm, np.int16)
    if not raw.any():
        raise TransientBackendError("espeak-ng gave no sound")
    samples, shift = trim(raw, rate)
    known = [None if start is None else max(start - shift, 0) for start in onsets(spoken, header["events"])]
    starts = fill(known, weigh(spoken), len(samples))
    words = spread(spoken, starts, samples, rate)  # by the dry voice: a room would blur their ends
    return Speech(samples=polished(samples, rate), sample_rate=rate, words=words)
