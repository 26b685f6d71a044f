"""Step caches on shared modules: what diffusers' hooks remember belongs to a clip, and goes and comes with it.

The hooks keep it in the modules (their state managers), which clips share. A clip that gives way takes its own along
and puts it back when it goes on, so it skips the very passes that it would have skipped undisturbed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from gpu_consumers.acceleration.buckets import seated
from gpu_consumers.errors import BackendError
from gpu_consumers.generation.boundaries import repeated
from gpu_consumers.generation.loading import denoisers
from gpu_consumers.generation.manifest import Manifest
from gpu_consumers.generation.skipping import Cache, Taylor

#: Of each state manager: its states by context (conditional, unconditional), and the context that it is in.
Memory = list[tuple[dict[str, Any], str | None]]


class StepCache:
    """The cache of one loaded pipeline; empty without one in its manifest. Called by whoever has the turn."""

    def __init__(self, pipe: Any, manifest: Manifest) -> None:
        """Puts the hooks into the denoisers. Raises `BackendError` where they take none."""
        self._managers: list[Any] = []
        for name, module in denoisers(pipe) if manifest.cache else ():
            found = _installed(module, manifest)
            if not found:
                _refuse(manifest, f"its {name} has not the blocks for it")
            self._managers += found

    @contextmanager
    def clip(self) -> Iterator[None]:
        """What it remembers until the end is of one clip, and then forgotten. After an error the next one forgets it:
        the thread may have failed where it had no turn, and what is remembered is another's."""
        self._forget()
        yield
        self._forget()

    def take(self) -> Memory:
        """What it remembers of the clip that is about to give way."""
        return _taken(self._managers)

    def put(self, memory: Memory) -> None:
        """Remember that again."""
        _put(self._managers, memory)

    def leave(self) -> Callable[[], None]:
        """For `boundaries.making`: take, and what puts it back."""
        memory = self.take()
        return lambda: self.put(memory)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is computed until the end is of no clip; what it remembers of one that waits is as before, then."""
        memory = self.take()
        self._forget()
        try:
            yield
        finally:
            self.put(memory)

    def _forget(self) -> None:
        self.put([({}, None) for _ in self._managers])


@contextmanager
def afresh(module: Any) -> Iterator[None]:
    """Until the end a denoiser remembers nothing, so that its first pass skips nothing; then, what it did before."""
    managers = _managers(module)
    before = _taken(managers)
    _put(managers, [({}, "afresh") for _ in managers])
    try:
        yield
    finally:
        _put(managers, before)


def _taken(managers: Sequence[Any]) -> Memory:
    return [(manager._state_cache, manager._current_context) for manager in managers]


def _put(managers: Sequence[Any], memory: Memory) -> None:
    for manager, (states, context) in zip(managers, memory, strict=True):
        manager._state_cache, manager._current_context = states, context


def _installed(module: Any, manifest: Manifest) -> list[Any]:
    enable = getattr(module, "enable_cache", None)
    if enable is None:
        _refuse(manifest, f"{type(module).__name__} takes no step cache")
    for _, block in repeated(module):
        seated(block)  # engines of its blocks are below the hooks
    try:
        enable(_configuration(manifest.cache, manifest.precision("denoiser")))
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        _refuse(manifest, f"{type(module).__name__}: {type(error).__name__}: {error}")
    if registry := module.__dict__.get("_diffusers_hook"):
        registry._child_registries_cache = None  # it notes at the first pass which modules have hooks
    return _managers(module)


def _configuration(cache: Cache | None, dtype: str) -> Any:
    import diffusers
    import torch

    if isinstance(cache, Taylor):
        return diffusers.TaylorSeerCacheConfig(
            cache_interval=cache.interval, disable_cache_before_step=cache.warmup, max_order=cache.order,
            taylor_factors_dtype=getattr(torch, dtype), use_lite_mode=True,
        )  # fmt: skip
    return diffusers.FirstBlockCacheConfig(threshold=cache.threshold) if cache else None


def _managers(module: Any) -> list[Any]:
    """The state managers of all hooks in a module, each once: some share one."""
    registries = (each.__dict__.get("_diffusers_hook") for each in module.modules())
    hooks = (hook for registry in registries if registry is not None for hook in registry.hooks.values())
    found = (getattr(hook, "state_manager", None) for hook in hooks)
    return list({id(manager): manager for manager in found if manager is not None}.values())


def _refuse(manifest: Manifest, why: str) -> NoReturn:
    told = manifest.cache.label if manifest.cache else "no cache"
    raise BackendError(
        f"{manifest.name}: the step cache {told} cannot be used: {why}", hint="Take `cache` out of its model.yaml."
    )
