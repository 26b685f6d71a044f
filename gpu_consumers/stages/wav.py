"""Speech to and from WAV bytes: mono, 16 bit."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gpu_consumers.ports import Speech


def encode(speech: Speech) -> bytes:
    """A RIFF WAVE file."""
    held = io.BytesIO()
    with wave.open(held, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(speech.sample_rate)
        out.writeframes(speech.samples.astype("<i2").tobytes())
    return held.getvalue()


def read(path: Path) -> tuple[npt.NDArray[np.int16], int]:
    """(samples of shape (n,), sample rate in Hz)."""
    with wave.open(str(path), "rb") as source:
        frames = source.readframes(source.getnframes())
        return np.frombuffer(frames, "<i2").astype(np.int16), source.getframerate()
