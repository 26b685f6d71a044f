"""Stills: single moments of a scene, drawn exactly as in its clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from gpu_consumers.picture.painter import Painter, rgb
from gpu_consumers.ports import SceneSpec


@dataclass(frozen=True, kw_only=True)
class Still:
    """A moment of a scene, made small. Pixels as bytes, so that it travels cheaply between processes."""

    look: str
    width: int
    height: int
    pixels: bytes

    @property
    def image(self) -> Image.Image:
        """As an image."""
        return Image.frombytes("RGB", (self.width, self.height), self.pixels)


def stills(spec: SceneSpec, shares: Sequence[float], width: int) -> list[Still]:
    """The moments at those shares (0 to 1, rising) of a scene's length. Raises `BackendError`."""
    painter, made, at = Painter(spec), [], 0
    for share in shares:
        wanted = min(spec.frames - 1, int(share * spec.frames))
        while at < wanted:
            painter.paint(at)
            at += 1
        image = Image.fromarray(rgb(painter.paint(wanted)))
        at = wanted + 1
        small = image.resize((width, round(width * image.height / image.width)), Image.Resampling.LANCZOS)
        made.append(Still(look=painter.look, width=small.width, height=small.height, pixels=small.tobytes()))
    return made
