"""The host's memory as a place for models that made way on a device: how much of it is theirs, and the way there."""

from __future__ import annotations

from typing import Any

from gpu_consumers.generation.manifest import GIB
from infra.settings import Settings
from infra.stack.checks import available_memory


class Host:
    """Of one device. On a CPU it is the device's own memory: there a model that makes way is let go."""

    def __init__(self, config: Settings, place: Any) -> None:
        self._gib, self._apart = config.host_cache_gib, place.type != "cpu"

    def budget(self, held: int) -> int:
        """Bytes that models may take, given how many they take: the setting, else half of what would be free without
        them. The other half is for a model that is being read, other workers, and what reads files."""
        if not self._apart:
            return 0
        return int(self._gib * GIB) if self._gib is not None else (held + available_memory()) // 2

    def moved(self, value: Any, place: Any) -> Any:
        """A tensor's values in the memory of a torch device; the tensor itself where they lie there."""
        return value.to(place)
