"""Colours: sRGB to the BT.709 limited-range Y'CbCr that the clips are tagged with."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

Plane = npt.NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]
Floats = npt.NDArray[np.float32]


class Rgb(NamedTuple):
    """An sRGB colour, each part 0 to 255."""

    red: int
    green: int
    blue: int

    @classmethod
    def of(cls, text: str) -> Rgb:
        """From `#rrggbb`."""
        return cls(*bytes.fromhex(text.removeprefix("#")))

    def mix(self, other: Rgb, amount: float) -> Rgb:
        """This colour moved towards another: 0 is this one, 1 the other."""
        return Rgb(*(round(a + (b - a) * amount) for a, b in zip(self, other, strict=True)))

    @property
    def luminance(self) -> float:
        """Relative luminance, 0 to 1 (WCAG 2.2)."""
        parts = [c / 255 for c in self]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(self, other: Rgb) -> float:
        """Contrast ratio, 1 to 21 (WCAG 2.2)."""
        light, dark = sorted((self.luminance, other.luminance), reverse=True)
        return (light + 0.05) / (dark + 0.05)


WHITE = Rgb(255, 255, 255)
BLACK = Rgb(0, 0, 0)


@cache
def yuv(colour: Rgb) -> tuple[int, int, int]:
    """One colour as (Y, Cb, Cr)."""
    luma, blue, red = planes_of(np.array([[colour]], dtype=np.float32))
    return round(float(luma[0, 0])), round(float(blue[0, 0])), round(float(red[0, 0]))


def planes_of(rgb: npt.NDArray[np.generic]) -> tuple[Floats, Floats, Floats]:
    """(h, w, 3) of 0…255 to three float planes (h, w) in video levels, not yet rounded or subsampled."""
    scaled = rgb.astype(np.float32) / np.float32(255)
    red, green, blue = scaled[..., 0], scaled[..., 1], scaled[..., 2]
    # Term by term: a matrix product may round differently from call to call, with the alignment of its memory.
    luma = np.float32(0.2126) * red + np.float32(0.7152) * green + np.float32(0.0722) * blue
    return _levels(16, 219, luma), _levels(128, 224 / 1.8556, blue - luma), _levels(128, 224 / 1.5748, red - luma)


def halved(plane: Floats) -> Floats:
    """A plane at half size each way, by 2 × 2 averages: the 4:2:0 chroma grid."""
    pairs = plane[0::2] + plane[1::2]
    return (pairs[:, 0::2] + pairs[:, 1::2]) * np.float32(0.25)


def yuv420(rgb: npt.NDArray[np.uint8]) -> Planes:
    """(h, w, 3) of uint8, even sizes, to uint8 planes (h, w), (h/2, w/2), (h/2, w/2)."""
    height, width = rgb.shape[:2]
    source = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
    frame = VideoReformatter().reformat(
        source,
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=Interpolation.AREA | Interpolation.ACCURATE_RND,
        threads=1,
    )
    packed: Plane = frame.to_ndarray().reshape(-1).astype(np.uint8)
    luma, size = height * width, height * width // 4
    half = (height // 2, width // 2)
    parts = packed[:luma], packed[luma : luma + size], packed[luma + size :]
    return parts[0].reshape(height, width), parts[1].reshape(half), parts[2].reshape(half)


def rounded(plane: Floats) -> Plane:
    """To uint8, clipped."""
    return np.asarray(np.clip(plane + np.float32(0.5), 0, 255), np.uint8)


def _levels(zero: float, scale: float, plane: Floats) -> Floats:
    return np.asarray(np.float32(zero) + np.float32(scale) * plane, np.float32)
