"""Two revisions as one picture: a column for each scene, the middle frame of the one above that of the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFont

from producers.replay.history import Revision

#: Height of a frame, of a label and of the gap between, in pixels.
HEIGHT, LABEL, GAP = 360, 26, 8
_PAPER, _INK, _EMPTY = (24, 24, 28), (235, 235, 240), (44, 44, 50)

#: Where the file of a name is.
Fetch = Callable[[str], Path]


def sheet(one: Revision, two: Revision, fetch: Fetch, out: Path) -> None:
    """Write the picture. Raises what `fetch` raises, and OSError."""
    numbers = sorted({*one.scenes, *two.scenes})
    rows = [[_frame(revision, number, fetch) for number in numbers] for revision in (one, two)]
    width = max((frame.width for row in rows for frame in row if frame), default=HEIGHT * 9 // 16)
    size = (GAP + (width + GAP) * max(1, len(numbers)), 2 * (LABEL + HEIGHT + GAP))
    picture = Image.new("RGB", size, _PAPER)
    for number, (revision, row) in enumerate(zip((one, two), rows, strict=True)):
        _paste(picture, revision, numbers, row, width, number * (LABEL + HEIGHT + GAP))
    picture.save(out, "PNG")


def _paste(
    picture: Image.Image, revision: Revision, numbers: list[int], row: list[Image.Image | None], width: int, top: int
) -> None:  # fmt: skip
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(16)
    for column, (number, frame) in enumerate(zip(numbers, row, strict=True)):
        left = GAP + column * (width + GAP)
        draw.text((left, top + 4), f"r{revision.number} · scene {number}", fill=_INK, font=font)
        if frame is None:
            draw.rectangle((left, top + LABEL, left + width - 1, top + LABEL + HEIGHT - 1), fill=_EMPTY)
        else:
            picture.paste(frame, (left, top + LABEL))


def _frame(revision: Revision, number: int, fetch: Fetch) -> Image.Image | None:
    scene = revision.scenes.get(number)
    if scene is None:
        return None
    return middle(fetch(scene.clip.name), scene.duration_ms)


def middle(clip: Path, duration_ms: int) -> Image.Image | None:
    """The frame in the middle of a clip, `HEIGHT` pixels high."""
    with av.open(str(clip)) as container:
        wanted, frame = duration_ms / 2000, None
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= wanted:
                break
        if frame is None:
            return None
        image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    return image.resize((image.width * HEIGHT // image.height, HEIGHT), Image.Resampling.LANCZOS)
