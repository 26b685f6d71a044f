"""The view over footage: what part of it is seen, so that it fills the picture and keeps its focus. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass

from gpu_consumers.picture.motion import ease_in_out
from schemas.footage import Move

#: How much larger an image is shown at the narrow end of a zoom or a pan.
REACH = 1.16


@dataclass(frozen=True)
class View:
    """A part of the footage, in its pixels; fractions count."""

    left: float
    top: float
    width: float
    height: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom)."""
        return self.left, self.top, self.left + self.width, self.top + self.height


def cover(source: tuple[int, int], target: tuple[int, int], focus: tuple[float, float], zoom: float = 1.0) -> View:
    """The largest part with the target's shape (`zoom` times smaller), as near to the focus as the edges allow."""
    scale = max(target[0] / source[0], target[1] / source[1]) * zoom
    width, height = min(source[0], target[0] / scale), min(source[1], target[1] / scale)
    left = min(max(0.0, focus[0] * source[0] - width / 2), source[0] - width)
    top = min(max(0.0, focus[1] * source[1] - height / 2), source[1] - height)
    return View(left, top, width, height)


def chosen(move: Move, seed: int) -> Move:
    """The move itself; for `auto` one of the others, by the seed."""
    if move is not Move.AUTO:
        return move
    return random.Random(f"move {seed}").choice((Move.IN, Move.OUT, Move.PAN))


def moved(
    source: tuple[int, int], target: tuple[int, int], focus: tuple[float, float], move: Move, share: float
) -> View:
    """The view when that share (0 to 1) of the scene is over."""
    if move is Move.PAN:
        return _panned(source, target, focus, ease_in_out(share))
    along = share if move is Move.IN else 1 - share
    return cover(source, target, focus, 1 + (REACH - 1) * along)


def _panned(source: tuple[int, int], target: tuple[int, int], focus: tuple[float, float], along: float) -> View:
    """Along the side on which more of the footage lies outside, as far as the view reaches, around the focus."""
    view = cover(source, target, focus, REACH)
    slack = source[0] - view.width, source[1] - view.height
    across = slack[0] / view.width >= slack[1] / view.height
    size, free, at = (view.width, slack[0], view.left) if across else (view.height, slack[1], view.top)
    way = min(free, size * 0.22)
    start = min(max(0.0, at - way / 2), free - way)
    place = start + way * along
    left, top = (place, view.top) if across else (view.left, place)
    return View(left, top, view.width, view.height)
