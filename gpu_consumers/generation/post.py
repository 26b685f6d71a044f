"""What becomes of a model's frames: more of them and larger, until they are those of the video.

The ports are for real models; the filters here are classical ones: frames between two others by motion compensation
(FFmpeg's `minterpolate`) or by blending, size by Lanczos with a little sharpening.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Protocol

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from gpu_consumers.generation.manifest import Post
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import Plane

#: (frames, height, width, 3) in sRGB.
Pictures = npt.NDArray[np.uint8]


class Interpolator(Protocol):
    """Makes the frames between frames."""

    def at(self, pictures: Pictures, times: Sequence[float]) -> Iterator[npt.NDArray[np.uint8]]:
        """One picture for each time, given in frames with fractions: 1.5 lies half-way from the second to the third."""
        ...


class Upscaler(Protocol):
    """Makes pictures larger."""

    def enlarge(self, picture: npt.NDArray[np.uint8], width: int, height: int) -> av.VideoFrame:
        """The picture at that size, filling it, as yuv420p in BT.709."""
        ...


class Blending:
    """Mixes the two neighbours: cheap, and ghostly where things move fast."""

    def at(self, pictures: Pictures, times: Sequence[float]) -> Iterator[npt.NDArray[np.uint8]]:
        """See `Interpolator`."""
        for time in times:
            before, part = int(time), round((time - int(time)) * 256)
            if part == 0 or before + 1 >= len(pictures):
                yield pictures[min(before, len(pictures) - 1)]
                continue
            one, other = pictures[before].astype(np.uint16), pictures[before + 1].astype(np.uint16)
            yield ((one * (256 - part) + other * part) >> 8).astype(np.uint8)


class Nearest:
    """Shows the nearest frame."""

    def at(self, pictures: Pictures, times: Sequence[float]) -> Iterator[npt.NDArray[np.uint8]]:
        """See `Interpolator`."""
        for time in times:
            yield pictures[min(len(pictures) - 1, round(time))]


class Motion:
    """Moves what moves: FFmpeg's motion-compensated interpolation, to `fine` times as many frames, then the nearest."""

    def __init__(self, fine: int = 4) -> None:
        self._fine = fine

    def at(self, pictures: Pictures, times: Sequence[float]) -> Iterator[npt.NDArray[np.uint8]]:
        """See `Interpolator`."""
        wanted = {round(time * self._fine) for time in times}
        if len(pictures) < 4 or all(index % self._fine == 0 for index in wanted):
            return Nearest().at(pictures, times)
        dense = self._dense(pictures)
        last = len(dense) - 1
        return (dense[min(last, round(time * self._fine))] for time in times)

    def _dense(self, pictures: Pictures) -> list[npt.NDArray[np.uint8]]:
        _, height, width, _ = pictures.shape
        graph = av.filter.Graph()
        shape = av.VideoFormat("rgb24", width, height)
        source = graph.add_buffer(width=width, height=height, format=shape, time_base=Fraction(1, self._fine))
        chain = [
            graph.add("format", "yuv444p"),
            graph.add("minterpolate", f"fps={self._fine}:mi_mode=mci:mc_mode=aobmc:me_mode=bidir:scd=none"),
            graph.add("format", "rgb24"),
            graph.add("buffersink"),
        ]
        before = source
        for each in chain:
            before.link_to(each)
            before = each
        graph.configure()
        # The filter holds frames back at both ends: they are given once more, and cut off again.
        padded = [pictures[0], *pictures, pictures[-1], pictures[-1]]
        made = list(_through(source, chain[-1], padded, self._fine))
        return made[self._fine : self._fine * len(pictures) + 1]


def _through(
    source: av.filter.context.FilterContext, sink: av.filter.context.FilterContext,
    pictures: Sequence[npt.NDArray[np.uint8]], spacing: int,
) -> Iterator[npt.NDArray[np.uint8]]:  # fmt: skip
    for number, picture in enumerate([*pictures, None]):
        if picture is None:
            source.push(None)
        else:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = number * spacing, Fraction(1, spacing)
            source.push(frame)
        while True:
            try:
                made = sink.pull()
            except (BlockingIOError, EOFError):
                break
            if isinstance(made, av.VideoFrame):
                yield np.asarray(made.to_ndarray(format="rgb24"), np.uint8)


class Classical:
    """Enlarges by Lanczos (or bicubic), cut to fill, with an unsharp mask on the luma."""

    def __init__(self, post: Post) -> None:
        self._sharpen = post.sharpen
        self._how = Interpolation.LANCZOS if post.upscale == "lanczos" else Interpolation.BICUBIC
        self._reformatter = VideoReformatter()

    def enlarge(self, picture: npt.NDArray[np.uint8], width: int, height: int) -> av.VideoFrame:
        """See `Upscaler`."""
        cut = np.ascontiguousarray(filling(picture, width, height))
        frame = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(cut, format="rgb24"), width, height, "yuv420p",
            src_color_range=ColorRange.JPEG, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG,
            interpolation=self._how,
        )  # fmt: skip
        if self._sharpen and picture.shape[1] < width:
            _unsharp(Canvas(frame).planes[0], self._sharpen)
        return frame


def filling(picture: npt.NDArray[np.uint8], width: int, height: int) -> npt.NDArray[np.uint8]:
    """The middle of the picture with the sides' ratio of width to height."""
    rows, columns = picture.shape[:2]
    keep_rows, keep_columns = min(rows, round(columns * height / width)), min(columns, round(rows * width / height))
    top, left = (rows - keep_rows) // 2, (columns - keep_columns) // 2
    return picture[top : top + keep_rows, left : left + keep_columns]


def _unsharp(luma: Plane, amount: float) -> None:
    """Add a part of what a 3 x 3 blur takes away, in place. Values stay in the limited range."""
    padded = np.pad(luma.astype(np.int16), 1, mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    blurred = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) >> 4
    sharp = luma + ((luma - blurred) * round(amount * 256) >> 8)
    luma[:] = np.clip(sharp, 16, 235).astype(np.uint8)


def interpolator(post: Post) -> Interpolator:
    """The one that a manifest names."""
    known: dict[str, Interpolator] = {"motion": Motion(), "blend": Blending(), "none": Nearest()}
    return known[post.interpolate]
