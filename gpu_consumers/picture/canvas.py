"""The canvas: the YUV planes of one video frame, and the sprites that are blended into them.

Everything is drawn where x264 reads it, so that no colour conversion of a whole frame is ever paid for.
"""

from __future__ import annotations

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from gpu_consumers.picture.colour import Floats, Plane, Planes, Rgb, halved, planes_of, yuv, yuv420

Wide = npt.NDArray[np.uint16]


class Sprite:
    """A small picture with transparency, kept as what one blend needs: `dst * keep + add >> 8`."""

    __slots__ = ("add", "height", "keep", "width")

    def __init__(self, add: tuple[Wide, Wide, Wide], keep: tuple[Wide, Wide]) -> None:
        self.add, self.keep = add, keep
        self.height, self.width = keep[0].shape

    @classmethod
    def of_image(cls, image: Image.Image) -> Sprite:
        """From an RGBA image; padded to even sizes."""
        return cls.of_rgba(np.asarray(_even(image.convert("RGBA"))))

    @classmethod
    def of_rgba(cls, rgba: npt.NDArray[np.uint8]) -> Sprite:
        """From (h, w, 4) of uint8, even sizes, alpha not premultiplied."""
        alpha = rgba[..., 3].astype(np.float32) / np.float32(255)
        return cls.of_premultiplied(rgba[..., :3] * alpha[..., None], alpha)

    @classmethod
    def of_premultiplied(cls, colour: Floats, alpha: Floats) -> Sprite:
        """From colour (h, w, 3), 0…255 times alpha, and alpha (h, w), 0…1; even sizes.

        Chroma under a transparent pixel means nothing: weighing it by alpha keeps edges free of a fringe.
        """
        levels = zip(planes_of(colour), (16, 128, 128), strict=True)
        luma, blue, red = (256 * plane + (alpha - 1) * np.float32(256 * zero) for plane, zero in levels)
        cover = alpha * 256
        small = halved(cover)
        add = (_wide(luma), _wide(halved(blue)), _wide(halved(red)))
        return cls(add, (256 - _wide(cover), 256 - _wide(small)))

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
        add = tuple((plane * weight >> np.uint32(8)).astype(np.uint16) for plane in self.add)
        keep = tuple((256 - ((256 - plane) * weight >> np.uint32(8))).astype(np.uint16) for plane in self.keep)
        return Sprite((add[0], add[1], add[2]), (keep[0], keep[1]))


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
        left, top = round(x), round(y)
        keeps = (sprite.keep[0], sprite.keep[1], sprite.keep[1])
        for shift, plane, keep, add in zip((0, 1, 1), self.planes, keeps, sprite.add, strict=True):
            spot = _overlap(plane, keep.shape, left >> shift, top >> shift)
            if spot is not None:
                there, here = spot
                _blend(plane[there], keep[here], add[here])


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
