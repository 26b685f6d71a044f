"""Encoding: canvases in, a silent H.264 clip out that others of the same size can be joined to by copying packets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from gpu_consumers.errors import BackendError
from gpu_consumers.picture.canvas import Canvas

#: Part of the renderer's fingerprint: a change here changes bytes.
KEY_SECONDS = 2


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What x264 is told of speed and quality."""

    preset: str = "veryfast"
    crf: float = 26
    private: str = ""  #: more for x264, as `name=value:name=value`


#: For what a camera took or a model made.
FILMED = Quality()
#: For what is drawn: two thirds of the time, as good a picture, a tenth more bits. What is joined shares its headers:
#: the CRF must be the same but for its fraction, and the private settings too.
DRAWN = Quality(preset="superfast", crf=26.5)


class ClipWriter:
    """Writes a clip under a temporary name, moved into place when whole; an error leaves nothing.

    Closed GOPs, a key frame first and every two seconds, BT.709 in limited range; equal frames give equal bytes.
    """

    def __init__(self, out: Path, width: int, height: int, fps: int, quality: Quality = FILMED) -> None:
        self._out, self._part = out, out.with_name(f".{out.name}.{os.getpid()}.part")
        self._fps = fps
        self._container = _open(self._part)
        self._stream = self._container.add_stream("libx264", rate=fps, options=_options(fps, quality))
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.time_base = Fraction(1, fps)
        context = self._stream.codec_context
        context.thread_count, context.profile = 1, "High"
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        self.frames = 0

    def write(self, canvas: Canvas) -> None:
        """Encode the canvas as the next frame. x264 copies it, so it may be drawn on again at once."""
        frame = canvas.frame
        frame.pts, frame.time_base = self.frames, Fraction(1, self._fps)
        self._container.mux(self._stream.encode(frame))
        self.frames += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._container.mux(self._stream.encode(None))
            self._container.close()
            if kind is None:
                self._part.replace(self._out)
        except (av.FFmpegError, OSError) as failure:
            raise BackendError(f"the clip could not be written: {failure}") from failure
        finally:
            self._part.unlink(missing_ok=True)


def _open(path: Path) -> av.container.OutputContainer:
    try:
        return av.open(str(path), "w", format="mp4", container_options={"fflags": "+bitexact"})
    except (av.FFmpegError, OSError) as failure:
        raise BackendError(f"the clip could not be written: {failure}") from failure


def _options(fps: int, quality: Quality) -> dict[str, str]:
    key = fps * KEY_SECONDS
    # mbtree with B-frames gives other bytes from run to run on CPUs with AVX-512 (x264 in PyAV 18.1): it stays off, and
    # the higher CRF gives back its bits. Fixed B-frames save a quarter of the time, and motion drawn here is regular.
    private = f"keyint={key}:min-keyint={key}:scenecut=0:open-gop=0:threads=1:mbtree=0:bframes=3:b-adapt=0"
    private += f":{quality.private}" if quality.private else ""
    return {"preset": quality.preset, "crf": f"{quality.crf:g}", "x264-params": private, "flags": "+bitexact+cgop"}
