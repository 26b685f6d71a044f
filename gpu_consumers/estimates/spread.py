"""A robust running estimate: the middle and the spread of what was seen, drawn towards what was believed before."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import NormalDist, median

#: Nine of ten lie below this many standard deviations above the median.
NINE_OF_TEN = NormalDist().inv_cdf(0.9)
#: Half a normal distribution lies within this many standard deviations of its median.
_MAD = 1 / NormalDist().inv_cdf(0.75)
#: No clock and no device is steadier than that.
_LEAST = 0.01


@dataclass(frozen=True, slots=True)
class Belief:
    """Where a logarithm lies: a normal distribution."""

    middle: float
    spread: float

    @property
    def typical(self) -> float:
        """The median of the value itself."""
        return exp(self.middle)

    @property
    def high(self) -> float:
        """What nine of ten values stay below."""
        return exp(self.middle + NINE_OF_TEN * self.spread)


class Observed:
    """The logarithms of the last values. Median and median deviation, so that a few odd ones change nothing."""

    def __init__(self, window: int = 64) -> None:
        self._logs: deque[float] = deque(maxlen=window)

    def __len__(self) -> int:
        return len(self._logs)

    def add(self, value: float) -> None:
        """A value above 0; others are left out."""
        if value > 0:
            self._logs.append(log(value))

    def after(self, prior: Belief, weight: float = 2.0) -> Belief:
        """What to believe now. The prior counts as `weight` values, so it fades as values come in."""
        if not (count := len(self._logs)):
            return prior
        middle = median(self._logs)
        spread = max(_LEAST, _MAD * median(abs(one - middle) for one in self._logs))
        if count >= 10:  # a tail on the slow side is seen by a quantile, not by the median deviation
            spread = max(spread, (sorted(self._logs)[int(0.9 * count)] - middle) / NINE_OF_TEN)
        share = count / (count + weight)
        between = share * (1 - share) * (middle - prior.middle) ** 2 / (count + 1)
        mixed = share * spread**2 + (1 - share) * prior.spread**2 / (count + 1)
        return Belief(prior.middle + share * (middle - prior.middle), sqrt(mixed + between))
