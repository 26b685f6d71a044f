"""The cover: the first frame as a JPEG, so that a page can show it until the video plays, and nothing jumps."""

from __future__ import annotations

from pathlib import Path

import av
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

QUALITY = 86


def write_cover(video: Path, out: Path) -> None:
    """Write the first frame of `video` to `out`, in sRGB at full size."""
    with av.open(str(video)) as container:
        frame = next(container.decode(video=0))
        picture = frame.reformat(
            format="rgb24", src_colorspace=Colorspace.ITU709, src_color_range=ColorRange.MPEG
        ).to_ndarray()
    Image.fromarray(picture).save(out, "JPEG", quality=QUALITY, progressive=True, optimize=True)
