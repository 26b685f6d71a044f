"""Palettes: curated, each dark enough behind white captions or told so by `dark`."""

from __future__ import annotations

import random
from dataclasses import dataclass

from gpu_consumers.errors import BackendError
from gpu_consumers.picture.colour import BLACK, WHITE, Rgb


@dataclass(frozen=True)
class Palette:
    """Five colours with a part each, and the ink that is legible on the ground."""

    name: str
    ground: Rgb  #: the large quiet area
    deep: Rgb  #: a darker ground for depth
    first: Rgb  #: the leading colour
    second: Rgb  #: its partner
    accent: Rgb  #: the active word, the point that the eye goes to

    def turned(self, scene_number: int) -> Palette:
        """The same colours in other parts, so that the scenes of a video agree without being alike."""
        if scene_number % 3 == 2:
            ground, deep = self.second.mix(self.deep, 0.66), self.second.mix(self.deep, 0.86)
            return Palette(self.name, ground, deep, self.second, self.first, self.accent)
        if scene_number % 3 == 0:
            ground, deep = self.first.mix(self.deep, 0.38), self.first.mix(self.deep, 0.72)
            return Palette(self.name, ground, deep, self.first.mix(self.second, 0.3), self.second, self.accent)
        return self

    @property
    def ink(self) -> Rgb:
        """Black or white, whichever is legible on the ground."""
        return ink_on(self.ground)


def ink_on(colour: Rgb) -> Rgb:
    """White wherever it is legible enough for large type (3:1), for calm; black elsewhere."""
    return WHITE if WHITE.contrast(colour) >= 3 else BLACK


def _palette(name: str, *colours: str) -> Palette:
    return Palette(name, *(Rgb.of(colour) for colour in colours))


PALETTES = {
    palette.name: palette
    for palette in (
        _palette("midnight", "#14163a", "#0a0b20", "#5b5bf0", "#c04bd8", "#ffd23f"),
        _palette("ember", "#2b0f1e", "#16070f", "#e5383b", "#ff8c42", "#ffe156"),
        _palette("lagoon", "#062f3b", "#031a22", "#0fa3b1", "#3ddc97", "#f9dc5c"),
        _palette("orchard", "#12321f", "#081a10", "#2f9e44", "#94c11f", "#ffb703"),
        _palette("grape", "#2a0a4a", "#150528", "#8a2be2", "#ff5fa2", "#7df9ff"),
        _palette("cobalt", "#0a1f5c", "#050f33", "#1e6bff", "#00c2ff", "#ff9f1c"),
        _palette("clay", "#3a1d12", "#1e0e08", "#c8553d", "#f0a35e", "#8ee3c8"),
        _palette("slate", "#182338", "#0c1220", "#3b6fb6", "#62c4e8", "#ff7a6b"),
        _palette("rose", "#3d0c2c", "#1f0516", "#d6336c", "#ff8fab", "#fff07c"),
        _palette("forest", "#0c2b2b", "#051616", "#1b7f79", "#ff7b54", "#ffd56b"),
    )
}


def palette_for(name: str | None, key: str) -> Palette:
    """The palette of that name, or one drawn by `key` (a video's title, so that all its scenes agree).

    Raises `BackendError` for a name that there is not.
    """
    if name is None:
        return PALETTES[random.Random(f"palette {key}").choice(sorted(PALETTES))]
    if name not in PALETTES:
        raise BackendError(f"there is no palette {name!r}", hint=f"Known palettes: {', '.join(sorted(PALETTES))}.")
    return PALETTES[name]
