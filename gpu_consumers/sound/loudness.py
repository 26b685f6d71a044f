"""Loudness: measured as broadcasters do (EBU R 128, by FFmpeg's `ebur128`), and set with one gain and a limiter."""

from __future__ import annotations

from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph

from gpu_consumers.sound.synth import RATE, Stereo

TARGET_LUFS = -14.0  #: what the short-video apps play at
CEILING_DB = -2.0  #: of samples, at first; lowered where more than expected lies between them
PEAK_DB = -1.7  #: true peak; AAC adds some tenths, and −1 is the promise
_BLOCK = 32
_LOOK = 40  #: blocks of look-ahead and release: 27 ms


@dataclass(frozen=True)
class Loudness:
    """Integrated loudness in LUFS (−70: silence) and true peak in dBFS."""

    integrated: float
    true_peak: float


def measure(samples: Stereo, *, peaks: bool = True) -> Loudness:
    """The loudness of (n, 2) float32 at 48 kHz. Without `peaks` sooner; the peak is then that of the samples."""
    graph = Graph()
    source = graph.add_abuffer(sample_rate=RATE, format="flt", layout="stereo")
    meter = graph.add("ebur128", f"peak={'true' if peaks else 'none'}:framelog=quiet:metadata=1")
    sink = graph.add("abuffersink")
    graph.link_nodes(source, meter, sink).configure()
    last: dict[str, str] = {}
    for start in range(0, len(samples), RATE):
        graph.push(_frame(samples[start : start + RATE], start))
        last = _drain(graph) or last
    graph.push(None)
    last = _drain(graph) or last
    return _read(last, samples)


def levelled(samples: Stereo, target: float = TARGET_LUFS) -> tuple[Stereo, Loudness]:
    """The samples at the target loudness, no sample above the ceiling, and what was measured then.

    Silence stays silence.
    """
    before = measure(samples, peaks=False)
    if before.integrated <= -69:
        return samples, before
    gain, ceiling, after, made = target - before.integrated, CEILING_DB, before, samples
    for _ in range(4):  # the limiter takes some loudness away: give it back, and it takes some of that again
        made = limited(samples * np.float32(_ratio(gain)), ceiling)
        after = measure(made)
        over = max(0.0, after.true_peak - PEAK_DB)
        if abs(after.integrated - target) < 0.25 and not over:
            break
        ceiling -= over
        gain += 1.4 * (target - after.integrated)
    return made, after


def limited(samples: Stereo, ceiling_db: float = CEILING_DB) -> Stereo:
    """No sample above the ceiling; the gain falls ahead of a peak and recovers after it, without distortion."""
    ceiling = _ratio(ceiling_db)
    peaks = _peaks(samples)
    if float(peaks.max(initial=0)) <= ceiling:
        return samples
    wanted = np.minimum(1, ceiling / np.maximum(peaks, 1e-9))
    # The lowest gain within reach, then its moving average over less than that reach: never above what a block needs.
    lowest = _windows(wanted, _LOOK + 1).min(axis=1)
    held = samples.copy()
    apply_curve(held, _windows(lowest, _LOOK).mean(axis=1), _BLOCK)
    return held


def apply_curve(samples: Stereo, gains: npt.NDArray[np.floating], every: int) -> None:
    """Multiply the samples, in place, by gains that hold in the middle of every so many samples, and between by lines.

    A second at a time, so that a long video needs no second array of its length.
    """
    centres = (np.arange(len(gains)) + 0.5) * every
    for start in range(0, len(samples), RATE):
        part = samples[start : start + RATE]
        part *= np.interp(np.arange(start, start + len(part)), centres, gains).astype(np.float32)[:, None]


def _peaks(samples: Stereo) -> npt.NDArray[np.float32]:
    """The highest sample of each block."""
    found = []
    for start in range(0, len(samples), _BLOCK * 8192):
        loud = np.abs(samples[start : start + _BLOCK * 8192]).max(axis=1)
        loud = np.pad(loud, (0, -len(loud) % _BLOCK))
        found.append(loud.reshape(-1, _BLOCK).max(axis=1))
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def _windows(values: npt.NDArray[np.floating], reach: int) -> npt.NDArray[np.floating]:
    padded = np.pad(values, reach, mode="edge")
    views: npt.NDArray[np.floating] = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return views


def _frame(part: Stereo, start: int) -> av.AudioFrame:
    packed = np.ascontiguousarray(part, np.float32).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, format="flt", layout="stereo")
    frame.sample_rate, frame.pts = RATE, start
    return frame


def _drain(graph: Graph) -> dict[str, str]:
    last: dict[str, str] = {}
    while True:
        try:
            last = dict(graph.pull().metadata)
        except (av.BlockingIOError, av.EOFError):
            return last


def _read(metadata: dict[str, str], samples: Stereo) -> Loudness:
    integrated = float(metadata.get("lavfi.r128.I", "-70"))
    peaks = [float(value) for key, value in metadata.items() if key.startswith("lavfi.r128.true_peaks_ch")]
    # The filter's metadata holds linear peaks; where it reports none, the samples' own peak has to do.
    peak = max(peaks, default=float(np.abs(samples).max(initial=0)))
    return Loudness(max(-70.0, integrated) if np.isfinite(integrated) else -70.0, 20 * float(np.log10(max(peak, 1e-6))))


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 20))
