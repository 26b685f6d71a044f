"""What was read of each partition and is not committed yet: commits go by what was read, not by what was let go of.

Between reading and handling Faust drops messages in more ways than one: it clears the queues of its agents whenever
the flow is resumed, and acknowledges what it skips in a rebalance. Then it commits what comes behind them. Here what
was read stays until each of its agents has called `handle`, or it is sought again. (Nothing can hang on
acknowledgements: Faust's compiled streams count them by themselves, past the methods of messages and consumers.)
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from faust.types.tuples import TP


class Bundle(list[Any]):
    """The records of one fetch of one partition, in order; not empty. Each of its agents has to handle it."""

    def __init__(self, records: Iterable[Any], *, agents: int = 1) -> None:
        super().__init__(records)
        self._agents = agents
        #: Whether its partition was taken away, or sought, since: then it does not count any more.
        self.lost = False

    def handle(self) -> None:
        """One of them has done all that follows from it."""
        self._agents -= 1

    @property
    def done(self) -> bool:
        """All of them have."""
        return self._agents <= 0

    @property
    def partition(self) -> int:
        """Of the topic that it was read from."""
        return int(self[0].partition)

    @property
    def end(self) -> int:
        """The offset after its last record."""
        return int(self[-1].offset) + 1


class Readings:
    """Bundles by partition, in the order in which they were read."""

    def __init__(self) -> None:
        self._bundles: defaultdict[TP, deque[Bundle]] = defaultdict(deque)
        #: Partitions that were sought since the last rebalance.
        self.begun: frozenset[TP] = frozenset()

    def seek(self, partitions: Iterable[TP]) -> None:
        """These are read, and no others; what was read before does not count any more."""
        for bundle in chain.from_iterable(self._bundles.values()):
            bundle.lost = True
        self._bundles.clear()
        self.begun = frozenset(partitions)

    def add(self, tp: TP, bundle: Bundle) -> None:
        """It was read after all that was added before."""
        self._bundles[tp].append(bundle)

    def holds(self, tp: TP, bundle: Bundle) -> bool:
        """Whether it counts: it was read since the last seek, and is not committed."""
        return any(each is bundle for each in self._bundles[tp])

    def ready(self) -> Iterator[TP]:
        """Partitions in which there is something to commit."""
        return (tp for tp, bundles in list(self._bundles.items()) if bundles and bundles[0].done)

    def end(self, tp: TP) -> int | None:
        """The offset to commit: after the last bundle that is done, and all before it; None where there is none."""
        end = None
        for bundle in self._bundles[tp]:
            if not bundle.done:
                break
            end = bundle.end
        return end

    def committed(self, tp: TP, offset: int) -> None:
        """What lies before this offset need not be remembered."""
        bundles = self._bundles[tp]
        while bundles and bundles[0].done and bundles[0].end <= offset:
            bundles.popleft()

    def waiting(self, tp: TP) -> int | None:
        """The offset of the first record that was read and is not committed."""
        bundles = self._bundles[tp]
        return int(bundles[0][0].offset) if bundles else None
