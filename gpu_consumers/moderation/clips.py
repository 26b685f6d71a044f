"""The frames of a clip: all of them small, for what moves, or a few of them whole, for what is shown."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from gpu_consumers.errors import BackendError

#: Frames that a classifier or a service is shown of each clip.
SHOWN = 3


def small(clip: Path, columns: int, rows: int) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    """(seconds, RGB of shape (rows, columns, 3)) of every frame."""
    scale = VideoReformatter()
    for frame in _decoded(clip):
        little = scale.reformat(frame, width=columns, height=rows, format="rgb24", interpolation="AREA")
        yield float(frame.time or 0.0), np.asarray(little.to_ndarray(), np.uint8)


def shown(clip: Path, count: int = SHOWN) -> list[npt.NDArray[np.uint8]]:
    """Some frames in RGB, evenly through the clip."""
    with av.open(str(clip)) as source:
        total = max(source.streams.video[0].frames, 1)
    wanted = {round((index + 0.5) * total / count) for index in range(count)}
    return [frame.to_ndarray(format="rgb24") for index, frame in enumerate(_decoded(clip)) if index in wanted]


def jpeg(picture: npt.NDArray[np.uint8], longest: int = 512) -> bytes:
    """A picture, no longer than `longest` pixels, as a JPEG."""
    from PIL import Image

    image, held = Image.fromarray(picture), io.BytesIO()
    image.thumbnail((longest, longest))
    image.save(held, "JPEG", quality=85)
    return held.getvalue()


def _decoded(clip: Path) -> Iterator[Any]:
    try:
        with av.open(str(clip)) as source:
            source.streams.video[0].thread_type = "AUTO"
            yield from source.decode(video=0)
    except (av.error.FFmpegError, IndexError) as error:
        raise BackendError(f"the clip {clip.name} cannot be decoded: {error}") from error
