"""The canvas: the YUV planes of one video frame, into which sprites are blended.

Everything is drawn where x264 reads it, so that no colour conversion of a whole frame is ever paid for.
"""

from __future__ import annotations

import av
import numpy as np

from gpu_consumers.picture.colour import Plane, Planes, Rgb, yuv
from gpu_consumers.picture.sprite import Plate, Sprite, Wide, blend


class Canvas:
    """The picture being made: full-resolution luma, half-resolution chroma, backed by one `VideoFrame`."""

    def __init__(self, frame: av.VideoFrame) -> None:
        self.frame = frame
        self.width, self.height = frame.width, frame.height
        self.planes: Planes = (_view(frame, 0), _view(frame, 1), _view(frame, 2))

    @classmethod
    def blank(cls, width: int, height: int) -> Canvas:
        """A new canvas. What is on it is undefined until it is filled."""
        return cls(av.VideoFrame(width, height, "yuv420p"))

    def fill(self, colour: Rgb, x: int = 0, y: int = 0, width: int | None = None, height: int | None = None) -> None:
        """Fill a rectangle, clipped to the canvas; by default all of it. Edges fall on even pixels."""
        right = self.width if width is None else x + width
        bottom = self.height if height is None else y + height
        x, y, right, bottom = max(0, x) & ~1, max(0, y) & ~1, min(right, self.width), min(bottom, self.height)
        if right <= x or bottom <= y:
            return
        for shift, plane, value in zip((0, 1, 1), self.planes, yuv(colour), strict=True):
            plane[y >> shift : bottom >> shift, x >> shift : right >> shift] = value

    def paste(self, plate: Plate, x: int = 0, y: int = 0) -> None:
        """Copy a plate with its top left corner at (x, y), rounded down to even pixels, clipped."""
        x, y = x & ~1, y & ~1
        for shift, plane, source in zip((0, 1, 1), self.planes, plate.planes, strict=True):
            spot = _overlap(plane, source.shape, x >> shift, y >> shift)
            if spot is not None:
                there, here = spot
                plane[there] = source[here]

    def reveal(self, plate: Plate, masks: tuple[Wide, Wide], y: int, x: int = 0) -> None:
        """Blend rows of a plate in through masks (0…256, at full and at half size) whose top is at row y, even.

        `x` is the even column of the plate that comes at the left edge.
        """
        for shift, plane, source, mask in zip(
            (0, 1, 1), self.planes, plate.planes, (masks[0], masks[1], masks[1]), strict=True
        ):
            spot = _overlap(plane, mask.shape, 0, y >> shift)
            if spot is not None:
                there, here = spot
                part = source[there[0], (x >> shift) : (x >> shift) + plane.shape[1]]
                blend(plane[there], 256 - mask[here], part * mask[here])

    def stamp(self, sprite: Sprite, x: float, y: float) -> None:
        """Blend a sprite with its top left corner at (x, y), rounded to whole pixels, clipped."""
        left, top = round(x) + sprite.left, round(y) + sprite.top
        keeps = (sprite.keep[0], sprite.keep[1], sprite.keep[1])
        for shift, plane, keep, add in zip((0, 1, 1), self.planes, keeps, sprite.add, strict=True):
            spot = _overlap(plane, keep.shape, left >> shift, top >> shift)
            if spot is not None:
                there, here = spot
                blend(plane[there], keep[here], add[here])


Window = tuple[slice, slice]


def _overlap(plane: Plane, shape: tuple[int, ...], x: int, y: int) -> tuple[Window, Window] | None:
    height, width = shape[:2]
    left, top = max(0, x), max(0, y)
    right, bottom = min(plane.shape[1], x + width), min(plane.shape[0], y + height)
    if right <= left or bottom <= top:
        return None
    return (slice(top, bottom), slice(left, right)), (slice(top - y, bottom - y), slice(left - x, right - x))


def _view(frame: av.VideoFrame, index: int) -> Plane:
    plane = frame.planes[index]
    rows: Plane = np.asarray(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
