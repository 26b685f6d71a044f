"""Flashes that can set off seizures: the general and the red flash threshold of WCAG 2.2, success criterion 2.3.1.

A flash is a pair of opposing changes of relative luminance by 0.1 or more, where the darker side is below 0.8; or such
a pair that goes to or from a saturated red. More than three of them within any second, on a quarter of the picture or
more at the same time, is too many (ITU-R BT.1702 draws the same line for television).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

#: The picture is looked at in cells of this grid: flashes smaller than a cell do not count.
COLUMNS, ROWS = 18, 32
_STEP, _DARKER, _AREA = 0.1, 0.8, 0.25
#: WCAG's measure of saturated red: (R - G - B) * 320, clipped at 0, and the change of it that counts.
_RED_SCALE, _RED_STEP = 320.0, 20.0
MOST_IN_A_SECOND = 3

Plane = npt.NDArray[np.float32]


@dataclass
class Swings:
    """Finds opposing changes of a quantity, cell by cell. `darker`: only where the lower side is below it."""

    step: float
    darker: float = np.inf
    times: list[float] = field(default_factory=list)  #: of changes that a quarter of the picture made together
    _turn: Plane | None = None
    _direction: Plane | None = None
    _together: int = 0

    def see(self, values: Plane, at_s: float) -> None:
        """The next frame."""
        if self._turn is None or self._direction is None:
            self._turn, self._direction = values.copy(), np.zeros_like(values)
            return
        change = values - self._turn
        lower = np.minimum(values, self._turn)
        swung = (np.abs(change) >= self.step) & (np.sign(change) != self._direction) & (lower < self.darker)
        for sign in (1, -1):
            share = float(np.mean(swung & (np.sign(change) == sign)))
            if share >= _AREA and sign != self._together:
                self.times.append(at_s)
                self._together = sign
        self._direction = np.where(swung, np.sign(change), self._direction).astype(np.float32)
        # The turning point follows a change that goes on in its direction, and stays where the change turns round.
        onward = swung | (np.sign(change) == self._direction)
        self._turn = np.where(onward, values, self._turn).astype(np.float32)

    def most(self) -> float:
        """The most flashes (pairs of changes) within any second."""
        times = np.array(self.times)
        if not times.size:
            return 0.0
        counts = np.searchsorted(times, times + 1 - 1e-6, side="right") - np.arange(times.size)
        return float(counts.max()) / 2


def flashes(frames: Iterable[tuple[float, npt.NDArray[np.uint8]]]) -> tuple[float, float]:
    """(general, red): the most flashes in any second. Frames are (seconds, RGB of shape (rows, columns, 3))."""
    general, red = Swings(_STEP, _DARKER), Swings(_RED_STEP)
    for at_s, picture in frames:
        linear = _linear(picture)
        general.see((linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)).astype(np.float32), at_s)
        red.see(_redness(linear), at_s)
    return general.most(), red.most()


def _linear(picture: npt.NDArray[np.uint8]) -> Plane:
    """Linear light from sRGB bytes, by a table of 256 entries."""
    return _TABLE[picture]


def _redness(linear: Plane) -> Plane:
    """How red cells are that are saturated red (R / (R + G + B) >= 0.8); 0 elsewhere."""
    total = linear.sum(axis=-1)
    saturated = linear[..., 0] >= 0.8 * np.maximum(total, 1e-6)
    value = np.clip((linear[..., 0] - linear[..., 1] - linear[..., 2]) * _RED_SCALE, 0, None)
    return np.where(saturated, value, 0.0).astype(np.float32)


def _table() -> Plane:
    value = np.arange(256, dtype=np.float32) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


_TABLE = _table()
