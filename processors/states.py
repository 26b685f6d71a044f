"""The states of a processor's keys: read from a Faust table, written to its changelog by our own producer.

Faust recovers the table from the changelog, hands it over with the partition, and forgets it. Writing through it costs
more than all the rest of a decision, one record at a time; here it is one call for all keys of a fetch.
"""

from __future__ import annotations

from collections.abc import Mapping

from faust.types import TableT

from infra.kafka.producer import Outgoing
from processors.decision import State
from schemas.topics import changelog


class States:
    """Without a table nothing is kept, and every state is None."""

    def __init__(self, table: TableT[bytes, bytes] | None) -> None:
        self._store = None if table is None else table.data
        self._topic = "" if table is None else changelog(table.name)

    def get(self, key: bytes) -> State:
        """What is known of a key."""
        return None if self._store is None else self._store.get(key)

    def __len__(self) -> int:
        return 0 if self._store is None else len(self._store)

    def changes(self, states: Mapping[bytes, State], partition: int) -> list[Outgoing]:
        """The records of the changelog that say so; none for what is so already. None forgets a key."""
        if self._store is None:
            return []
        changed = ((key, state) for key, state in states.items() if state != self._store.get(key))
        return [Outgoing(self._topic, key, state, [], partition) for key, state in changed]

    def keep(self, states: Mapping[bytes, State]) -> None:
        """From now on that is what `get` answers."""
        if self._store is None:
            return
        for key, state in states.items():
            if state is None:
                self._store.pop(key, None)
            else:
                self._store[key] = state
