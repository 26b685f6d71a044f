"""Layout: where things may stand. Apps lay their own buttons over the bottom, the right and the top of a short."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column after it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row after it."""
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of its middle."""
        return self.x + self.width / 2, self.y + self.height / 2


def parted(box: Box, share: float, gap: int, *, beside: bool) -> tuple[Box, Box]:
    """A box in two, with a gap between: the upper or left one, and that share of it below or beside."""
    if beside:
        wide = min(box.height, round(box.width * share * 0.8))
        return Box(box.x, box.y, box.width - wide - gap, box.height), Box(box.right - wide, box.y, wide, box.height)
    tall = round(box.height * share)
    return Box(box.x, box.y, box.width, box.height - tall - gap), Box(box.x, box.bottom - tall, box.width, tall)


@dataclass(frozen=True)
class Layout:
    """The zones of one picture size."""

    width: int
    height: int

    @property
    def wide(self) -> bool:
        """Whether things stand beside one another rather than below."""
        return self.width >= self.height

    @property
    def unit(self) -> float:
        """What sizes are multiples of: 1.0 where the shorter side is 1080."""
        return min(self.width, self.height) / 1080

    @property
    def safe(self) -> Box:
        """Clear of the apps' buttons: 8 % at the top, 20 % at the bottom, 12 % on the right of a portrait picture."""
        if self.height <= self.width:
            return Box(
                *(round(v) for v in (self.width * 0.06, self.height * 0.06, self.width * 0.88, self.height * 0.86))
            )
        top, bottom = round(self.height * 0.08), round(self.height * 0.80)
        # The same margin on the left keeps what is centred in the safe area centred in the picture too.
        side = round(self.width * 0.12)
        return Box(side, top, self.width - 2 * side, bottom - top)

    @property
    def captions(self) -> Box:
        """The lower part of the safe area."""
        share = 0.24 if self.height > self.width else 0.30
        top = round(self.safe.bottom - self.safe.height * share)
        return Box(self.safe.x, top, self.safe.width, self.safe.bottom - top)

    @property
    def stage(self) -> Box:
        """The upper part of the safe area, below the progress bar: headlines and whatever a look shows."""
        top = self.safe.y + round(40 * self.unit)
        return Box(self.safe.x, top, self.safe.width, self.captions.y - top - round(30 * self.unit))
