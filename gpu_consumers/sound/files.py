"""Music files of one's own, decoded to what the mix works with."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from gpu_consumers.errors import BackendError
from gpu_consumers.sound.synth import RATE, Stereo


def read_music(path: Path, *, at_most_s: float = 600) -> Stereo:
    """The sound of any audio or video file: (n, 2) float32 at 48 kHz. Raises `BackendError` where there is none."""
    resampler = av.AudioResampler(format="flt", layout="stereo", rate=RATE)
    parts: list[Stereo] = []
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(audio=0):
                parts += _samples(resampler.resample(frame))
                if frame.time is not None and frame.time > at_most_s:
                    break
            parts += _samples(resampler.resample(None))
    except (av.FFmpegError, OSError, IndexError) as failure:
        raise BackendError(f"the music {path.name} cannot be read: {failure}") from failure
    if not parts:
        raise BackendError(f"the music {path.name} has no sound")
    return np.concatenate(parts)[: round(at_most_s * RATE)]


def _samples(frames: list[av.AudioFrame]) -> list[Stereo]:
    return [np.asarray(frame.to_ndarray(), np.float32).reshape(-1, 2) for frame in frames]
