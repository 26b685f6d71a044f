"""Ageing: what lanes earn while more urgent ones have the device, and spend in turns. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from schemas.values import Lane

#: Sums of shares are not exact.
_SPENT = 1e-6


class Credit:
    """Seconds of the device that each lane has earned and not spent.

    Only time that the device works for others earns anything, so no clock is needed, and an idle device owes nothing.
    """

    def __init__(self, shares: Mapping[Lane, float]) -> None:
        self._shares = dict(shares)
        self._earned = dict.fromkeys(shares, 0.0)
        self._turn: Lane | None = None

    @property
    def turn(self) -> Lane | None:
        """The lane that is spending what it earned."""
        return self._turn

    def earned(self, lane: Lane) -> float:
        """Seconds that a lane may spend."""
        return self._earned.get(lane, 0.0)

    def charge(self, served: Lane, seconds: float, waiting: Collection[Lane], top: Lane) -> None:
        """The device worked for `served`. Waiting lanes below `top`, the most urgent one, earn their share of it."""
        for lane, share in self._shares.items():
            if lane is top or (lane is not served and lane not in waiting):
                self._earned[lane] = 0.0  # what comes first anyway, or has nothing to do, saves nothing up
            elif lane is served:
                self._earned[lane] -= seconds  # a long step may overdraw it: the next turn comes later then
            else:
                self._earned[lane] += share * seconds

    def due(self, lanes: Mapping[Lane, float]) -> Lane | None:
        """Whose turn it is, given how long a turn of each waiting lane lasts; None: that of the most urgent.

        A turn goes on until its credit is spent, so that it is worth what it costs to begin.
        """
        if self._turn is None or self._turn not in lanes or self.earned(self._turn) <= _SPENT:
            ready = [lane for lane, turn in lanes.items() if turn <= self.earned(lane) + _SPENT]
            self._turn = max(ready, key=self.earned, default=None)
        return self._turn
