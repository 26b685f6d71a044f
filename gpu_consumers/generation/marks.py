"""How far clips in the making are: told after each step, with what a step takes on the device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gpu_consumers.errors import UnwantedError
from gpu_consumers.generation.boundaries import give_way
from gpu_consumers.generation.previews import Watcher
from gpu_consumers.ports import Progress
from gpu_consumers.scheduling.places import Turn


class Together:
    """Progress of several clips that are made at once: each is told, the first sees the preview. It goes on while one
    of them is wanted, or anybody else asks for the first."""

    def __init__(self, turn: Turn, told: Sequence[Progress]) -> None:
        self._turn, self._told = turn, told

    def __call__(self, fraction: float, preview: bytes | None) -> None:
        unwanted = list[UnwantedError]()
        for number, progress in enumerate(self._told):
            try:
                progress(fraction, preview if number == 0 else None)
            except UnwantedError as error:
                unwanted.append(error)
        if len(unwanted) == len(self._told) and self._turn.give_up():
            raise unwanted[0]


class Marks:
    """Called by the pipeline after each step: notes when it ended on the device, tells how far the clip is, shows."""

    def __init__(self, turn: Turn, progress: Progress, steps: int, watcher: Watcher) -> None:
        self._turn, self._progress, self._steps, self._watcher = turn, progress, steps, watcher
        self.ends: list[float] = []

    def __call__(self, _pipe: Any, step: int, _timestep: Any, _tensors: dict[str, Any]) -> dict[str, Any]:
        give_way()
        self.ends.append(self._turn.used_s)
        self._progress((step + 1) / (self._steps + 1), self._watcher.look())
        return {}

    def first_pass(self, given: Mapping[str, Any], made: Any) -> None:
        """Called after the first forward pass: with guidance a step has another, and somebody is waiting."""
        if (picture := self._watcher.first(given, made)) is not None:
            self._progress(0.5 / (self._steps + 1), picture)

    def step(self, encoded: float, of: Callable[[list[float]], float]) -> float:
        """Seconds of a step on the device: their median, or their mean where some skip what others do."""
        begins = [encoded, *self.ends[:-1]]
        return max(0.0, of([end - begin for begin, end in zip(begins, self.ends, strict=True)]))
