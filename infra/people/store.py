"""Where keys are kept: the port, and an adapter in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from infra.people.keys import Key


@dataclass(frozen=True, slots=True)
class Held:
    """A key in the store. `logged`: its record is in the topic, so that it survives the loss of the store."""

    key: Key
    logged: bool = True


class KeyStore(Protocol):
    """Keys by address. Every call may raise UnavailableError."""

    async def find(self, address: str) -> Held | None:
        """The key, or None."""
        ...

    async def keep(self, address: str, key: Key) -> Held:
        """Keep a key that is not logged yet, unless there is one: the one that is there afterwards."""
        ...

    async def logged(self, address: str) -> bool:
        """Note that its record is in the topic. False: there is no key any more."""
        ...


class MemoryKeyStore:
    """Keys in a dict: for tests, and for trying things out."""

    def __init__(self) -> None:
        self.keys: dict[str, Held] = {}

    async def find(self, address: str) -> Held | None:
        """The key, or None."""
        return self.keys.get(address)

    async def keep(self, address: str, key: Key) -> Held:
        """The first one stays."""
        return self.keys.setdefault(address, Held(key, logged=False))

    async def logged(self, address: str) -> bool:
        """Note it where there is a key."""
        if (held := self.keys.get(address)) is None:
            return False
        self.keys[address] = replace(held, logged=True)
        return True
