"""The mix: voices in their places, music that steps back while they speak, at the loudness that the apps expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt

from gpu_consumers.ports import Speech
from gpu_consumers.sound.loudness import Loudness, apply_curve, levelled, measure
from gpu_consumers.sound.synth import RATE, Stereo

VOICE_LUFS, MUSIC_LUFS = -16.0, -24.0  #: before the final gain
DUCKED_DB = -9.0  #: how far the music steps back
GRAIN = 100  #: points a second of the ducking curve


@dataclass(frozen=True)
class Line:
    """A scene's speech, and when the scene begins."""

    speech: Speech
    start_ms: int


@dataclass(frozen=True)
class Mix:
    """Finished sound: (n, 2) float32 at 48 kHz, and its measured loudness."""

    samples: Stereo
    loudness: Loudness


def mix(lines: Sequence[Line], music: Stereo) -> Mix:
    """Voices over a music bed, exactly as long as the bed: −14 LUFS, true peak below −1 dBFS.

    Speech that runs past the end of the bed is cut there.
    """
    track = music * np.float32(_gain(music, MUSIC_LUFS))
    if lines:
        apply_curve(track, duck(lines, len(track)), RATE // GRAIN)
        voice = np.zeros_like(track)
        for line in lines:
            _place(voice, resampled(line.speech), round(line.start_ms * RATE / 1000))
        voice *= np.float32(_gain(voice, VOICE_LUFS))
        track += voice
        del voice  # a minute of it is 23 MB
    return Mix(*levelled(track))


def resampled(speech: Speech) -> npt.NDArray[np.float32]:
    """Speech as mono float32 at 48 kHz."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(speech.samples).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate, frame.pts = speech.sample_rate, 0
    parts = [part.to_ndarray().reshape(-1) for each in (frame, None) for part in resampler.resample(each)]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def duck(lines: Sequence[Line], samples: int) -> npt.NDArray[np.float64]:
    """The music's gain, `GRAIN` values a second: low around every word, and high again in the pauses, with ramps."""
    speaking = np.zeros(samples * GRAIN // RATE + 2)
    for start, end in _stretches(lines):
        speaking[max(0, (start - 120) * GRAIN // 1000) : (end + 300) * GRAIN // 1000] = 1
    ramp = np.hanning(27)
    smooth = np.convolve(np.pad(speaking, 13, mode="edge"), ramp / ramp.sum(), mode="valid")
    return np.asarray(10 ** (DUCKED_DB / 20 * smooth))


def _stretches(lines: Sequence[Line]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for line in lines:
        spans = [(word.start_ms, word.end_ms) for word in line.speech.words] or [(0, line.speech.duration_ms)]
        for start, end in spans:
            start, end = start + line.start_ms, end + line.start_ms
            if found and start - found[-1][1] < 900:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            else:
                found.append((start, end))
    return found


def _place(track: Stereo, sound: npt.NDArray[np.float32], at: int) -> None:
    part = sound[: max(0, len(track) - at)]
    track[at : at + len(part)] += part[:, None]


def _gain(track: Stereo, lufs: float) -> float:
    """The factor that brings a track to that loudness; silence is left alone."""
    loud = measure(track, peaks=False).integrated
    return 1.0 if loud <= -69 else float(10 ** ((lufs - loud) / 20))
