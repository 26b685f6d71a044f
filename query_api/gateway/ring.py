"""The last entries, for clients that come back."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from query_api.gateway.entries import Entry
from query_api.gateway.tokens import Cut


class Ring:
    """Bounded by count and bytes. Knows from which offset on it is complete, per partition."""

    def __init__(self, limit: int, limit_bytes: int) -> None:
        self._entries: deque[Entry] = deque()
        self._limit, self._limit_bytes = limit, limit_bytes
        self._bytes = 0
        self._low: dict[int, int] = {}
        self._found: tuple[Cut, int, list[Entry]] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def start(self, positions: Mapping[int, int]) -> None:
        """Begin anew, complete from these offsets on."""
        self._entries.clear()
        self._bytes, self._low, self._found = 0, dict(positions), None

    def add(self, entry: Entry) -> None:
        """Take an entry in; the oldest ones leave."""
        self._entries.append(entry)
        self._bytes += entry.size
        while len(self._entries) > self._limit or self._bytes > self._limit_bytes:
            old = self._entries.popleft()
            self._bytes -= old.size
            self._low[old.partition] = old.offset + 1

    def covers(self, cut: Cut) -> bool:
        """Whether nothing after the cut is missing here."""
        return all(cut.at(partition) >= low for partition, low in self._low.items())

    def since(self, cut: Cut) -> list[Entry]:
        """The entries after the cut, in order. In a storm of reconnects most ask for the same: kept for the next."""
        newest = self._entries[-1].seq if self._entries else 0
        if self._found is None or self._found[:2] != (cut, newest):
            self._found = (cut, newest, [e for e in self._entries if e.offset >= cut.at(e.partition)])
        return self._found[2]
