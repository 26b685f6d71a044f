"""Motion: easing curves from 0 to 1, and the little noises that make things live."""

from __future__ import annotations

import math


def clamp(value: float) -> float:
    """Into 0…1."""
    return min(1.0, max(0.0, value))


def progress(at: float, start: float, length: float) -> float:
    """How far `at` is through the stretch that begins at `start`: 0 before, 1 after."""
    return clamp((at - start) / length) if length > 0 else float(at >= start)


def ease_out(amount: float) -> float:
    """Fast, then settling (cubic)."""
    return 1 - (1 - clamp(amount)) ** 3


def ease_in_out(amount: float) -> float:
    """Slow, fast, slow (cubic)."""
    amount = clamp(amount)
    return 4 * amount**3 if amount < 0.5 else 1 - (2 - 2 * amount) ** 3 / 2


def overshoot(amount: float) -> float:
    """Past the goal and back: for things that land."""
    amount = clamp(amount) - 1
    return 1 + 2.70158 * amount**3 + 1.70158 * amount**2


def sway(seconds: float, period: float, phase: float = 0.0) -> float:
    """A sine, −1 to 1."""
    return math.sin(2 * math.pi * (seconds / period + phase))
