"""Whether partitions move: the last resort against what hides records from their agents, whatever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from faust.types.tuples import TP

#: How long a partition may stand still before records that wait, in seconds; a fetch is handled in well under one.
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a partition was when it was last seen to move, and where it ended."""

    reached: int
    end: int
    at_s: float


class Progress:
    """Compares what is told of partitions from time to time."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s, self._marks = patience_s, dict[TP, Mark]()

    def stuck(self, reached: Mapping[TP, int], ends: Mapping[TP, int], now_s: float) -> set[TP]:
        """Partitions that did not move all that time, though there were records from the start.

        `reached` and `ends` are offsets. What is not told of (a rebalance, no answer from Kafka) starts over.
        """
        self._marks = {
            tp: self._mark(tp, offset, ends[tp], now_s) for tp, offset in reached.items() if tp in ends
        }  # fmt: skip
        return {tp for tp, mark in self._marks.items() if now_s - mark.at_s >= self._patience_s}

    def _mark(self, tp: TP, reached: int, end: int, now_s: float) -> Mark:
        before = self._marks.get(tp)
        waited = before is not None and before.reached == reached < before.end
        return before if before and waited else Mark(reached, end, now_s)
