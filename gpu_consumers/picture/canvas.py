"""The canvas: the YUV planes of one video frame, and the sprites that are blended into them.

Everything is drawn where x264 reads it, so that no colour conversion of a whole frame is ever paid for.
"""

from __future__ import annotations

from copy import copy

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from gpu_consumers.picture.colour import Plane, Planes, Rgb, halved, yuv, yuv420

Wide = npt.NDArray[np.uint16]


class Sprite:
    """A small picture with transparency, kept as what one blend needs: `dst * keep + add >> 8`."""

    __slots__ = ("add", "height", "keep", "left", "top", "width")

    def __init__(self, add: tuple[Wide, Wide, Wide], keep: tuple[Wide, Wide]) -> None:
        self.height, self.width = keep[0].shape
        # What is wholly transparent round it is cut off, and remembered as an offset.
        rows, columns = _extent(keep[1], axis=1), _extent(keep[1], axis=0)
        self.left, self.top = 2 * columns.start, 2 * rows.start
        half = (rows, columns)
        full = (slice(2 * rows.start, 2 * rows.stop), slice(2 * columns.start, 2 * columns.stop))
        self.add, self.keep = (add[0][full], add[1][half], add[2][half]), (keep[0][full], keep[1][half])

    @classmethod
    def of_mask(cls, mask: npt.NDArray[np.floating], colour: Rgb) -> Sprite:
        """One colour through a mask (h, w) of 0…1, even sizes."""
        alpha = mask.astype(np.float32) * 256
        small = halved(alpha)
        luma, blue, red = yuv(colour)
        add = (_wide(alpha * luma), _wide(small * blue), _wide(small * red))
        return cls(add, (256 - _wide(alpha), 256 - _wide(small)))

    def faded(self, alpha: float) -> Sprite:
        """The same, less opaque: 1 is as it is, 0 is nothing."""
        weight = np.uint32(round(256 * min(1.0, max(0.0, alpha))))
        made = copy(self)
        luma, blue, red = ((plane * weight >> np.uint32(8)).astype(np.uint16) for plane in self.add)
        made.add = luma, blue, red
        full, half = ((256 - ((256 - plane) * weight >> np.uint32(8))).astype(np.uint16) for plane in self.keep)
        made.keep = full, half
        return made


class Plate:
    """An opaque picture in planes; it may be larger than the canvas, and is pasted by copying."""

    __slots__ = ("height", "planes", "width")

    def __init__(self, planes: Planes) -> None:
        self.planes = planes
        self.height, self.width = planes[0].shape

    @classmethod
    def of_image(cls, image: Image.Image) -> Plate:
        """From any image; padded to even sizes."""
        return cls(yuv420(np.asarray(_even(image.convert("RGB")))))

    @classmethod
    def of_mask(cls, mask: Image.Image, ground: Rgb, colour: Rgb) -> Plate:
        """One colour on another through a mask (mode L), even sizes."""
        full, half = np.asarray(mask), np.asarray(mask.reduce(2))
        tones = zip((full, half, half), yuv(ground), yuv(colour), strict=True)
        luma, blue, red = (np.linspace(low, high, 256).round().astype(np.uint8)[share] for share, low, high in tones)
        return cls((luma, blue, red))

    def lay(self, mask: Image.Image, colour: Rgb) -> None:
        """One more colour through a mask of the plate's size."""
        small = mask.reduce(2)
        for plane, cover, level in zip(self.planes, (mask, small, small), yuv(colour), strict=True):
            share = np.asarray(cover).astype(np.uint16)
            share += share >> 7
            _blend(plane, 256 - share, share * np.uint16(level))

    @classmethod
    def plain(cls, width: int, height: int, colour: Rgb) -> Plate:
        """One colour. Sizes must be even."""
        luma, blue, red = yuv(colour)
        half = (height // 2, width // 2)
        full = np.full((height, width), luma, np.uint8)
        return cls((full, np.full(half, blue, np.uint8), np.full(half, red, np.uint8)))


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
                _blend(plane[there], 256 - mask[here], part * mask[here])

    def stamp(self, sprite: Sprite, x: float, y: float) -> None:
        """Blend a sprite with its top left corner at (x, y), rounded to whole pixels, clipped."""
        left, top = round(x) + sprite.left, round(y) + sprite.top
        keeps = (sprite.keep[0], sprite.keep[1], sprite.keep[1])
        for shift, plane, keep, add in zip((0, 1, 1), self.planes, keeps, sprite.add, strict=True):
            spot = _overlap(plane, keep.shape, left >> shift, top >> shift)
            if spot is not None:
                there, here = spot
                _blend(plane[there], keep[here], add[here])


def _extent(keep: Wide, axis: int) -> slice:
    seen = np.flatnonzero((keep < 256).any(axis=axis))
    return slice(int(seen[0]), int(seen[-1]) + 1) if len(seen) else slice(0, 1)


def _blend(target: Plane, keep: Wide, add: Wide) -> None:
    mixed = np.multiply(target, keep, dtype=np.uint16)
    mixed += add
    np.right_shift(mixed, 8, out=mixed)
    target[...] = mixed


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


def _wide(plane: npt.NDArray[np.floating]) -> Wide:
    return np.asarray(plane + 0.5, dtype=np.uint16)


def _even(image: Image.Image) -> Image.Image:
    width, height = image.size
    if width % 2 == 0 and height % 2 == 0:
        return image
    padded = Image.new(image.mode, (width + width % 2, height + height % 2))
    padded.paste(image)
    return padded
