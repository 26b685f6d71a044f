"""Charting: the colours of a chart, and its lines of text."""

from __future__ import annotations

from dataclasses import dataclass

from gpu_consumers.picture.colour import Rgb
from gpu_consumers.picture.headline import Headline, Type
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.palettes import Palette
from gpu_consumers.picture.paragraph import Align
from gpu_consumers.picture.typefaces import Face

STANDS = -60  #: a headline that stands from the first frame on


@dataclass(frozen=True)
class Inks:
    """The colours of a chart."""

    text: Rgb
    quiet: Rgb  #: axes, and what is not told yet
    plain: Rgb  #: what is told
    lit: Rgb  #: what is being told

    @classmethod
    def of(cls, palette: Palette) -> Inks:
        """Of a palette; what is told stands out from its ground, 3:1 (WCAG 2.2, 1.4.11)."""
        shades = (palette.first.mix(palette.ink, n / 10) for n in range(11))
        plain = next((shade for shade in shades if shade.contrast(palette.ground) >= 3), palette.ink)
        lit = palette.accent if palette.accent.contrast(palette.ground) >= 3 else palette.ink
        return cls(palette.ink, palette.ground.mix(palette.ink, 0.16), plain, lit)


def label(text: str, box: Box, size: float, colour: Rgb, align: Align = "start", face: Face = Face.BOLD) -> Headline:
    """A line of text as large as the box allows, up to that size."""
    style = Type(face=face, largest=round(size), colour=colour, align=align, shadow=0, lines=1)
    return Headline(text, box, style, STANDS)
