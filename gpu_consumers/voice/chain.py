"""Voices in the flavor's order: a retry each, then the next, and silence with captions at the very end."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gpu_consumers.errors import BackendError, TransientBackendError
from gpu_consumers.ports import Speech, Voice
from gpu_consumers.voice.espeak import EspeakVoice
from gpu_consumers.voice.kokoro import Kokoro
from gpu_consumers.voice.neural import NeuralVoice
from gpu_consumers.voice.openai import OpenAIVoice
from gpu_consumers.voice.piper import Piper
from gpu_consumers.voice.silent import SilentVoice
from infra.flavors import Flavor, VoiceSpec
from schemas.videos import Fallback

#: Seconds before the second try.
BACKOFF_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was said, by which voice, and why those before it were given up."""

    speech: Speech
    voice: str
    fallbacks: tuple[Fallback, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Link:
    """One voice of a chain, with the speaker and the pace that it is asked for."""

    voice: Voice
    speaker: str | None = None
    rate: float = 1.0

    def fingerprint(self) -> str:
        return f"{self.voice.fingerprint()}/{self.speaker or ''}/{self.rate:g}"


@dataclass(frozen=True, kw_only=True)
class VoiceChain:
    """Speaks with the first voice that can. Never fails: a scene without a voice still has its captions."""

    links: Sequence[Link]
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)

    @classmethod
    def of(cls, flavor: Flavor) -> VoiceChain:
        """The chain of a flavor."""
        return cls(links=tuple(_link(spec, flavor) for spec in flavor.voices))

    def fingerprint(self) -> str:
        """Changes with any voice, its speaker or its pace."""
        return hashlib.sha256("|".join(link.fingerprint() for link in self.links).encode()).hexdigest()[:32]

    def speak(self, text: str, *, language: str) -> Said:
        """The narration spoken; `voice` names who did it."""
        failed: list[Fallback] = []
        for link in self.links:
            try:
                speech = self._try(link, text, language)
            except BackendError as error:
                failed.append(Fallback(backend=link.voice.name, reason=_reason(error)))
                continue
            return Said(speech=speech, voice=link.voice.name, fallbacks=tuple(failed))
        silent = SilentVoice()
        speech = silent.speak(text, language=language, speaker=None, rate=1.0)
        return Said(speech=speech, voice=silent.name, fallbacks=tuple(failed))

    def _try(self, link: Link, text: str, language: str) -> Speech:
        try:
            return link.voice.speak(text, language=language, speaker=link.speaker, rate=link.rate)
        except TransientBackendError:
            self.sleep(BACKOFF_S)
            return link.voice.speak(text, language=language, speaker=link.speaker, rate=link.rate)


def _reason(error: BackendError) -> str:
    return (str(error) or type(error).__name__)[:500]


def _link(spec: VoiceSpec, flavor: Flavor) -> Link:
    # The flavor's speaker is one of espeak-ng's or of a service; weights have names of their own.
    usual = None if spec.backend in ("piper", "kokoro") else flavor.speaker
    return Link(voice=voice(spec), speaker=spec.speaker or usual, rate=spec.rate or flavor.rate)


def voice(spec: VoiceSpec) -> Voice:
    """The voice that a flavor's entry describes."""
    match spec.backend:
        case "espeak":
            return EspeakVoice(timeout_s=spec.timeout_s)
        case "openai":
            return OpenAIVoice(
                url=spec.url or "", model=spec.model, api_key_env=spec.api_key_env, timeout_s=spec.timeout_s
            )
        case "piper":
            return NeuralVoice(family=Piper, model=spec.model, name="piper", timeout_s=spec.timeout_s)
        case "kokoro":
            return NeuralVoice(family=Kokoro, model=spec.model, name="kokoro", timeout_s=spec.timeout_s)
        case "silent":
            return SilentVoice()
