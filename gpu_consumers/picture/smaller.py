"""Smaller renditions: the frames of a clip, scaled down and encoded beside it while they are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import av
from av.video.reformatter import Interpolation, VideoReformatter

from gpu_consumers.errors import BackendError
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.encode import ClipWriter, Quality
from gpu_consumers.ports import SmallClip

#: The quickest preset, with what it leaves out and costs little: arithmetic coding, the loop filter, B-frames. As good
#: for its size as `superfast`, in two thirds of the time.
SMALL = Quality(preset="ultrafast", crf=28, private="cabac=1:deblock=0,0:weightp=0")


class Writer(Protocol):
    """Whatever takes frames in order."""

    def write(self, canvas: Canvas) -> None: ...


def small_size(width: int, height: int, side: int) -> tuple[int, int] | None:
    """(width, height) with that shorter side, even; None where the picture is not larger."""
    shorter = min(width, height)
    if side >= shorter:
        return None
    return round(width * side / shorter / 2) * 2, round(height * side / shorter / 2) * 2


def small_clips(clip: Path, size: tuple[int, int], sides: Sequence[int]) -> tuple[SmallClip, ...]:
    """The renditions of a clip, by their shorter sides, with the names of their files; nothing is made yet."""
    sizes = {side: small_size(*size, side) for side in sides}
    return tuple(
        SmallClip(path=clip.with_name(f"{clip.stem}-{side}{clip.suffix}"), width=found[0], height=found[1])
        for side, found in sizes.items()
        if found
    )


@contextmanager
def writers(
    out: Path, size: tuple[int, int], fps: int, smalls: Sequence[SmallClip], quality: Quality
) -> Iterator[list[Writer]]:
    """A writer for the clip, of that quality, and one for each of its renditions."""
    with ExitStack() as stack:
        whole = stack.enter_context(ClipWriter(out, *size, fps, quality))
        yield [whole, *(stack.enter_context(_reducing(small, fps)) for small in smalls)]


def made_from(clip: Path, fps: int, smalls: Sequence[SmallClip]) -> None:
    """Write the renditions of a clip that exists, by decoding it: for backends that do not write them themselves.

    Raises `BackendError`.
    """
    try:
        with ExitStack() as stack, av.open(str(clip)) as source:
            made = [stack.enter_context(_reducing(small, fps)) for small in smalls]
            for frame in source.decode(video=0):
                for writer in made:
                    writer.write(Canvas(frame))
    except (av.FFmpegError, OSError) as failure:
        raise BackendError(f"the clip {clip.name} cannot be read: {failure}") from failure


@contextmanager
def _reducing(small: SmallClip, fps: int) -> Iterator[Writer]:
    with ClipWriter(small.path, small.width, small.height, fps, SMALL) as writer:
        yield _Reducer(writer, small)


class _Reducer:
    """Scales each frame down before it is written. Bilinear: swscale widens its taps when it reduces, at half the cost
    of its area filter."""

    def __init__(self, writer: ClipWriter, small: SmallClip) -> None:
        self._writer, self._size, self._scaler = writer, (small.width, small.height), VideoReformatter()

    def write(self, canvas: Canvas) -> None:
        frame = self._scaler.reformat(
            canvas.frame, *self._size, "yuv420p", interpolation=Interpolation.BILINEAR, threads=1
        )
        self._writer.write(Canvas(frame))
