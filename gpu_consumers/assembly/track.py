"""The sound track: AAC in memory, checked as a listener will hear it before it is joined to the picture."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from gpu_consumers.sound.loudness import CEILING_DB, Loudness, limited, measure
from gpu_consumers.sound.synth import RATE, Stereo

AAC_BITS = 128_000
QUIET_DB = -60.0  #: below this nothing is heard
PEAK_DB = -1.0  #: highest true peak, in dBFS (EBU R 128 s2: streaming)


@dataclass(frozen=True)
class Heard:
    """What a listener gets."""

    loudness: Loudness
    quiet_ms: int  #: the longest stretch without sound


@dataclass(frozen=True)
class Track:
    """AAC in an MP4, and what is heard of it."""

    data: bytes
    heard: Heard


def track(samples: Stereo) -> Track:
    """The samples (n, 2) as AAC, and what is heard of it when it is decoded again.

    AAC rounds off little and overshoots by up to a decibel or more where peaks were cut; where the promised true peak
    is passed, the samples are held a little lower and encoded once more.
    """
    made = _tried(samples)
    for _ in range(3):
        over = made.heard.loudness.true_peak - PEAK_DB
        if over <= -0.05:
            break
        ceiling = min(CEILING_DB, 20 * np.log10(max(1e-6, float(np.abs(samples).max())))) - over - 0.2
        samples = limited(samples, ceiling)
        made = _tried(samples)
    return made


def heard(samples: Stereo) -> Heard:
    """What is heard of samples (n, 2) at 48 kHz."""
    window = RATE // 20
    blocks = samples[: len(samples) // window * window].reshape(-1, window * 2)
    quiet = 10 * np.log10(np.maximum((blocks**2).mean(axis=1), 1e-12)) < QUIET_DB
    longest = max((len(run) for run in "".join("q" if q else " " for q in quiet).split()), default=0) * 50
    return Heard(measure(samples), longest)


def decoded(source: Path | io.BytesIO) -> Stereo:
    """The sound of a file, (n, 2) float32 at its own rate."""
    if isinstance(source, io.BytesIO):
        source.seek(0)
    with av.open(str(source) if isinstance(source, Path) else source, "r") as container:
        parts = [frame.to_ndarray().T for frame in container.decode(audio=0)]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros((0, 2), np.float32)


def encoded(samples: Stereo) -> io.BytesIO:
    """The samples (n, 2) at 48 kHz as AAC in an MP4 in memory."""
    file, size = io.BytesIO(), 1024
    with av.open(file, "w", format="mp4", container_options={"fflags": "+bitexact"}) as container:
        # The quick search for quantisers takes half the time, and comes closer to what it is given (45 dB against 31).
        stream = container.add_stream("aac", rate=RATE, options={"flags": "+bitexact", "aac_coder": "fast"})
        stream.bit_rate, stream.layout = AAC_BITS, "stereo"
        for start in range(0, len(samples), size):
            planar = np.ascontiguousarray(samples[start : start + size].T, np.float32)
            frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file


def _tried(samples: Stereo) -> Track:
    file = encoded(samples)
    return Track(file.getvalue(), heard(decoded(file)))
