"""How much room the uploads of each owner may still take, those on their way included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from infra.errors import BadInputError


class NoRoomError(BadInputError):
    """All uploads of one owner together would take more than they may."""


class Room:
    """What uploads on their way hold of it. Counted in this process: n of them together may let in n at a time."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    @contextmanager
    def held(self, owner: str, size: int | None, free: int) -> Iterator[int]:
        """Hold `size` of the `free` bytes while the block runs, all that others leave where no size is told.

        Yields what is held. Raises NoRoomError.
        """
        left = free - self._held[owner]
        mine = left if size is None else size
        if left <= 0 or mine > left:
            raise NoRoomError(f"{mine} bytes do not fit into {left}")
        self._held[owner] += mine
        try:
            yield mine
        finally:
            self._held[owner] -= mine
            self._held += Counter()  # whoever holds nothing is forgotten
