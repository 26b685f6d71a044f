"""Clips as backgrounds: decoded as they are needed, cropped to the picture's shape, begun anew at their end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from gpu_consumers.footage.errors import FootageError
from gpu_consumers.footage.sniff import sniffed
from gpu_consumers.footage.view import View, cover
from gpu_consumers.picture.canvas import Canvas
from schemas.footage import Footage

#: A larger picture is not decoded, in millions of pixels (8K is 33).
MOST_MEGAPIXELS = 36


class ClipSource:
    """Frames over one clip, in order."""

    def __init__(self, path: Path, footage: Footage, size: tuple[int, int], fps: int) -> None:
        """`size` and `fps` are those of the picture. Raises `FootageError`."""
        self._path, self._footage, self._size, self._fps = path, footage, size, fps
        self._container = _opened(path)
        self._scaler, self._shaper = VideoReformatter(), VideoReformatter()
        self._frames = self._endless()
        self._now, self._ends = self._next()
        self._start = 0.0

    def frame(self, number: int) -> Canvas:
        """The picture at that frame. Raises `FootageError` where the clip breaks."""
        at = number / self._fps
        stale = False
        while self._ends <= at + 1e-6:
            self._now, self._ends = self._next()
            stale = True
        if stale or number == 0:
            self._canvas = self._fitted(self._now)
        # A copy: looks draw on what they get, and a clip with fewer frames shows each one again.
        return _copied(self._canvas)

    def _next(self) -> tuple[av.VideoFrame, float]:
        try:
            return next(self._frames)
        except (av.FFmpegError, OSError, ValueError, StopIteration) as failure:
            raise FootageError(f"the clip cannot be decoded: {failure or 'it has no pictures'}") from failure

    def _endless(self) -> Iterator[tuple[av.VideoFrame, float]]:
        """(frame, when it ends in seconds of the scene); the clip from its start on, again and again."""
        stream = self._container.streams.video[0]
        stream.thread_type = "NONE"
        step, begun = 1 / float(stream.average_rate or 25), 0.0
        while True:
            skip = self._footage.start_s if begun == 0 and self._footage.start_s < _seconds(self._container) else 0.0
            end = begun
            for frame in self._container.decode(stream):
                passed = (frame.time or 0.0) - float((stream.start_time or 0) * (stream.time_base or 0))
                if passed < skip:
                    continue
                end = max(end, begun + passed - skip + step)
                yield frame, end
            if end == begun:
                raise FootageError("the clip has no pictures")
            begun = end
            self._container.seek(0)

    def _fitted(self, frame: av.VideoFrame) -> Canvas:
        upright = _upright(self._shaped(frame), frame.rotation)
        whole = upright.width, upright.height
        part = _cropped(upright, cover(whole, self._size, (self._footage.focus_x, self._footage.focus_y)))
        made = self._scaler.reformat(
            part.frame, *self._size, "yuv420p", interpolation=Interpolation.BILINEAR, threads=1
        )
        return Canvas(made)

    def _shaped(self, frame: av.VideoFrame) -> Canvas:
        """The frame in the planes and levels that everything here is drawn in."""
        width, height = frame.width & ~1, frame.height & ~1
        made = self._shaper.reformat(
            frame, width, height, "yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BILINEAR, threads=1,
        )  # fmt: skip
        return Canvas(made)


def _opened(path: Path) -> av.container.InputContainer:
    known = sniffed(path)
    if known is None:
        raise FootageError(f"{path.name} is no clip that can be shown (MP4, MOV or WebM)")
    try:
        # Only the demuxer of what it really is, and no address in it is ever followed.
        container = av.open(str(path), format=known.reader, options={"protocol_whitelist": "file"})
    except (av.FFmpegError, OSError, ValueError) as failure:
        raise FootageError(f"the clip cannot be read: {failure}") from failure
    try:
        context = container.streams.video[0].codec_context
        if not 16 * 16 <= context.width * context.height <= MOST_MEGAPIXELS * 1_000_000:
            raise FootageError(f"the clip has {context.width} x {context.height} pixels")
    except IndexError as failure:
        container.close()
        raise FootageError("the clip has no picture") from failure
    except FootageError:
        container.close()
        raise
    return container


def _seconds(container: av.container.InputContainer) -> float:
    return (container.duration or 0) / 1_000_000


def _upright(canvas: Canvas, rotation: int) -> Canvas:
    """Turned as the camera's mark says (degrees, counter-clockwise)."""
    turns = round(rotation / 90) % 4
    if not turns:
        return canvas
    wide, tall = (canvas.height, canvas.width) if turns % 2 else (canvas.width, canvas.height)
    turned = Canvas.blank(wide & ~1, tall & ~1)
    for target, plane in zip(turned.planes, canvas.planes, strict=True):
        target[...] = np.rot90(plane, turns)[: target.shape[0], : target.shape[1]]
    return turned


def _cropped(canvas: Canvas, view: View) -> Canvas:
    left, top = int(view.left) & ~1, int(view.top) & ~1
    width, height = max(2, int(view.width) & ~1), max(2, int(view.height) & ~1)
    part = Canvas.blank(width, height)
    for shift, target, plane in zip((0, 1, 1), part.planes, canvas.planes, strict=True):
        y, x = top >> shift, left >> shift
        target[...] = plane[y : y + target.shape[0], x : x + target.shape[1]]
    return part


def _copied(canvas: Canvas) -> Canvas:
    made = Canvas.blank(canvas.width, canvas.height)
    for target, plane in zip(made.planes, canvas.planes, strict=True):
        target[...] = plane
    return made
