"""Polish: a synthetic voice made easier to listen to, without moving a single sample in time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

#: (Hz, dB): less rumble, more chest, less of the band in which formant synthesis is harsh, no hiss.
_CURVE = ((40, -24.0), (75, -3.0), (110, 1.0), (180, 2.5), (320, 1.0), (700, 0.0), (1600, -0.5), (2400, -3.5),
          (3200, -5.5), (4200, -5.0), (5500, -3.0), (7500, -3.0), (9500, -9.0))  # fmt: skip
#: The level of a voice in the middle of a word is drawn towards this share of the whole; half of the way in dB.
_EVEN, _WINDOW_S = 0.45, 0.12
_MOST_GAIN_DB, _GATE_DB = 5.0, -30.0
#: A small room: (seconds, gain) of a few early reflections, each duller than the one before.
_ROOM = ((0.0113, 0.10), (0.0171, 0.075), (0.0239, 0.055), (0.0337, 0.035))


def polished(samples: Samples, rate: int) -> Samples:
    """The same length and the same times: words evened out, an equaliser without phase, a little of a room.

    Equal samples give equal samples. The peak stays where it was.
    """
    dry = samples.astype(np.float64) / 32768
    if not dry.any():
        return samples
    even = _evened(_equalised(dry, rate), rate)
    wet = even + _room(even, rate)
    wet *= np.abs(dry).max() / np.abs(wet).max()
    return np.round(wet * 32767).astype(np.int16)


def _equalised(dry: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    spectrum = np.fft.rfft(dry, len(dry) + rate // 4)
    hertz = np.maximum(np.fft.rfftfreq(len(dry) + rate // 4, 1 / rate), 1.0)
    places, gains = zip(*_CURVE, strict=True)
    curve = np.interp(np.log(hertz), np.log(places), gains)
    return np.fft.irfft(spectrum * 10 ** (curve / 20), len(dry) + rate // 4)[: len(dry)]


def _evened(voice: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """Quiet words are raised and loud ones lowered, slowly; silence stays as silent as it was."""
    window = np.hanning(int(rate * _WINDOW_S) | 1)
    level = np.sqrt(np.maximum(_smooth(voice**2, window / window.sum()), 1e-12))
    loud = level > np.abs(voice).max() * 10 ** (_GATE_DB / 20)
    if not loud.any():
        return voice
    middle = np.sqrt(np.mean(level[loud] ** 2))
    gain = np.clip(-_EVEN * 20 * np.log10(level / middle), -_MOST_GAIN_DB, _MOST_GAIN_DB)
    gain = _smooth(np.where(loud, gain, 0.0), window / window.sum())
    return voice * 10 ** (gain / 20)


def _smooth(values: npt.NDArray[np.float64], window: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    size = len(values) + len(window)
    around = np.fft.irfft(np.fft.rfft(values, size) * np.fft.rfft(window, size), size)
    return around[len(window) // 2 :][: len(values)]


def _room(voice: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    wet, dull = np.zeros_like(voice), voice
    for seconds, gain in _ROOM:
        dull = 0.5 * dull + 0.5 * np.concatenate([[0.0], dull[:-1]])
        late = min(int(rate * seconds), len(voice))
        wet[late:] += gain * dull[: len(voice) - late]
    return wet
