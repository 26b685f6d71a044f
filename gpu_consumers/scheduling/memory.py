"""Admission by memory: what is on the device, what may come, and what must go first. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from gpu_consumers.errors import BackendError


class TooLargeError(BackendError):
    """It needs more memory than the device has, even alone."""


@dataclass(frozen=True, slots=True)
class Room:
    """What making room takes: models to drop, in this order, and whether the wanted one must be loaded."""

    evict: tuple[str, ...]
    load: bool


class Memory:
    """The memory of one device, in bytes. Weights stay until others need the room; the least recently used go first."""

    def __init__(self, capacity: int, weights: dict[str, int]) -> None:
        self._capacity, self._weights = capacity, weights
        self._resident: OrderedDict[str, None] = OrderedDict()
        self._aside = 0

    @property
    def resident(self) -> tuple[str, ...]:
        """The models on the device, the least recently used first."""
        return tuple(self._resident)

    def check(self, model: str, peak: int) -> None:
        """Raises `TooLargeError` for what would not even fit alone."""
        needed = self._weights.get(model, 0) + peak
        if needed > self._capacity:
            raise TooLargeError(
                f"{model} needs {_gib(needed)} for this shape, the device has {_gib(self._capacity)}",
                hint="Take a smaller shape, fewer frames, a smaller model, or a larger device.",
            )

    def set_aside(self, amount: int) -> None:
        """So many bytes are somebody else's from now on; 0: all are ours again."""
        self._aside = amount

    def beside(self, model: str, peak: int, amount: int | None = None) -> bool:
        """Whether a run would fit beside what is set aside, or beside `amount` bytes."""
        needed = self._weights.get(model, 0) + peak
        return needed + (self._aside if amount is None else amount) <= self._capacity

    def room(self, model: str, peak: int, held: int) -> Room | None:
        """How to fit a run beside `held` bytes of suspended ones; None: not before some of those have ended."""
        free = self._capacity - self._aside - held - peak - self._weights.get(model, 0)
        if free < 0:
            return None
        evict, kept = [], {name: self._weights.get(name, 0) for name in self._resident if name != model}
        for name in tuple(kept):
            if sum(kept.values()) <= free:
                break
            evict.append(name)
            del kept[name]
        return Room(tuple(evict), model not in self._resident)

    def take(self, model: str, room: Room) -> None:
        """Carry out what `room` said."""
        for name in room.evict:
            del self._resident[name]
        self._resident[model] = None
        self._resident.move_to_end(model)

    def forget(self, model: str) -> None:
        """The model left for another reason: the device ran out of memory."""
        self._resident.pop(model, None)


def _gib(amount: int) -> str:
    return f"{amount / 2**30:.1f} GiB"
