"""Watermark: a text or an image in a corner of the safe area, on every frame."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageFilter

from gpu_consumers.errors import BackendError
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import BLACK, WHITE
from gpu_consumers.picture.ink import Ink, sprite_of
from gpu_consumers.picture.layout import Layout
from gpu_consumers.picture.paragraph import Setting, fit
from gpu_consumers.picture.sprite import Sprite
from gpu_consumers.picture.tokens import tokens
from gpu_consumers.picture.typefaces import Face
from gpu_consumers.picture.typeset import lay_words, words_mask
from infra.flavors import Watermark

#: Of the image, in millions: a larger one is no watermark.
MOST_MEGAPIXELS = 16


class Mark:
    """Draws a flavor's watermark. Two blends a frame; nothing is computed anew."""

    def __init__(self, watermark: Watermark, image: Path | None, layout: Layout) -> None:
        """Raises `BackendError` for an image that cannot be read."""
        art = _picture(watermark, image, layout) if image else _text(watermark, layout)
        self._sprite = art.faded(watermark.opacity)
        safe, gap = layout.safe, round(24 * layout.unit)
        self._x = safe.x if "left" in watermark.corner else safe.right - art.width
        # Below the progress bar at the top; just above the edge of the safe area at the bottom.
        self._y = safe.y + gap if "top" in watermark.corner else safe.bottom - art.height

    def draw(self, canvas: Canvas) -> None:
        """Blend it into the canvas."""
        canvas.stamp(self._sprite, self._x, self._y)


def _text(watermark: Watermark, layout: Layout) -> Sprite:
    size = round(34 * layout.unit)
    room = layout.safe.width // 2, size
    text = fit(
        tokens(watermark.text), Setting(face=Face.BOLD, size=size), room, smallest=round(14 * layout.unit), lines=1
    )
    pad = round(size * 0.3)
    ink = Ink(text.width + 2 * pad, round(size * 1.3) + 2 * pad)
    origin = pad, pad
    shadow = words_mask(ink, text, text.words, origin, 0.06 * size).filter(ImageFilter.BoxBlur(size * 0.1))
    ink.lay(shadow, BLACK, 0.7)
    lay_words(ink, text, text.words, origin, WHITE)
    return ink.sprite()


def _picture(watermark: Watermark, path: Path, layout: Layout) -> Sprite:
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.width * image.height > MOST_MEGAPIXELS * 1_000_000:
                raise BackendError(f"the watermark has {image.width} x {image.height} pixels")
            wide = max(2, round(min(layout.width, layout.height) * watermark.width))
            tall = max(2, round(wide * image.height / image.width))
            return sprite_of(image.convert("RGBA").resize((wide, tall), Image.Resampling.LANCZOS))
    except (OSError, ValueError, SyntaxError) as failure:
        raise BackendError(f"the watermark {path.name} cannot be read: {failure}") from failure
