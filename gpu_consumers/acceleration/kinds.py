"""The accelerators by name, in one place for all who are told a name: settings, orders of engines, benches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpu_consumers.acceleration.backends import Eager, Engines, Inductor
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.ports import Accelerator
from infra.errors import ConfigurationError


def accelerators(names: Sequence[str], cache: EngineCache, place: Any) -> list[Accelerator]:
    """Those of these names, for a torch device. Raises `ConfigurationError` for one that there is not."""
    kinds = _engines()
    if unknown := set(names) - {*kinds, Eager.name}:
        raise ConfigurationError(f"there is no accelerator {', '.join(sorted(unknown))}")
    return [kinds[name](cache, place) if name in kinds else Eager() for name in names]


def engines(name: str, cache: EngineCache, place: Any) -> Engines:
    """The one of that name that runs engines out of a cache."""
    return _engines()[name](cache, place)


def _engines() -> dict[str, type[Engines]]:
    from gpu_consumers.acceleration.trt import TensorRT  # needs torch

    kinds: tuple[type[Engines], ...] = (TensorRT, Inductor)
    return {each.name: each for each in kinds}
