"""Any speech service that answers as OpenAI's does: `POST {url}/audio/speech`, WAV back."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass

import numpy as np

from gpu_consumers.errors import BackendError, TransientBackendError
from gpu_consumers.ports import Speech
from gpu_consumers.service import Service
from gpu_consumers.voice.estimate import estimate
from gpu_consumers.voice.silent import SilentVoice
from gpu_consumers.voice.text import prepare, speakable
from gpu_consumers.voice.timing import Samples, trim


@dataclass(kw_only=True)
class OpenAIVoice:
    """Speaks by a service. It sends no word times, so they are estimated from the sound and the words' lengths."""

    url: str
    model: str = ""
    api_key_env: str | None = None
    timeout_s: float = 20.0
    name: str = "openai"

    def fingerprint(self) -> str:
        """The service's own changes cannot be seen from here; its address and model can."""
        return f"openai-speech-1-{self.url}-{self.model}"

    def speak(self, text: str, *, language: str, speaker: str | None, rate: float) -> Speech:
        """Raises `TransientBackendError` for time-outs and busy or broken services, else `BackendError`."""
        spoken = prepare(text, language)
        if not speakable(spoken.text):
            return SilentVoice().speak(text, language=language, speaker=None, rate=rate)
        raw, sample_rate = decode(self._ask(spoken.text, speaker, rate))
        if not raw.any():
            raise TransientBackendError("the speech service gave no sound")
        samples, _ = trim(raw, sample_rate)
        return Speech(samples=samples, sample_rate=sample_rate, words=estimate(spoken, samples, sample_rate))

    def _ask(self, text: str, speaker: str | None, rate: float) -> bytes:
        body = {
            "model": self.model,
            "input": text,
            "voice": speaker or "alloy",
            "speed": rate,
            "response_format": "wav",
        }
        service = Service(label="speech service", url=self.url, api_key_env=self.api_key_env, timeout_s=self.timeout_s)
        return service.post("audio/speech", body)


def decode(data: bytes) -> tuple[Samples, int]:
    """(mono samples, sample rate) of 16-bit PCM WAV, also of one whose header does not know its length (a stream)."""
    try:
        with wave.open(io.BytesIO(data)) as source:
            channels, width, rate = source.getnchannels(), source.getsampwidth(), source.getframerate()
            frames = source.readframes(source.getnframes())
    except (wave.Error, EOFError) as error:
        raise TransientBackendError(f"the speech service sent no WAV: {error}") from error
    if width != 2 or not 8000 <= rate <= 96000:
        raise BackendError(f"the speech service sent {8 * width}-bit sound at {rate} Hz; 16-bit is needed")
    samples = np.frombuffer(frames[: len(frames) // (2 * channels) * 2 * channels], "<i2").reshape(-1, channels)
    return (samples.astype(np.int32).sum(axis=1) // channels).astype(np.int16), rate
