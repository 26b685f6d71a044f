"""Networks for what becomes of a model's frames, from files that its manifest names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gpu_consumers.errors import BackendError
from gpu_consumers.generation.interpolation import Scripted
from gpu_consumers.generation.manifest import Post, label_of
from gpu_consumers.generation.post import Interpolator
from gpu_consumers.generation.upscaling import Learned
from schemas.videos import Fallback


@dataclass(frozen=True)
class Networks:
    """Those of one model on its device, and why one that its manifest names is not among them."""

    upscaler: Learned | None = None
    interpolator: Interpolator | None = None
    fallbacks: tuple[Fallback, ...] = ()
    label: str = ""  #: those that are there, for the cost model

    @property
    def modules(self) -> tuple[Any, ...]:
        """Torch's, with all that they hold on the device."""
        scripted = self.interpolator.module if isinstance(self.interpolator, Scripted) else None
        return tuple(one for one in (self.upscaler and self.upscaler.module, scripted) if one is not None)


def loaded(post: Post, place: Any) -> Networks:
    """Those that can be loaded; what fails is told in `fallbacks`. Raises torch's `OutOfMemoryError`."""
    upscaler, one = _tried("upscaler", lambda: Learned(post.upscaler, place, post) if post.upscaler else None)
    between, other = _tried("interpolator", lambda: Scripted(post.interpolator, place) if post.interpolator else None)
    there = [path for path, found in ((post.interpolator, between), (post.upscaler, upscaler)) if path and found]
    return Networks(upscaler, between, (*one, *other), label_of(there))


def _tried(name: str, load: Callable[[], Any]) -> tuple[Any, tuple[Fallback, ...]]:
    try:
        return load(), ()
    except BackendError as error:
        return None, (Fallback(backend=name, reason=str(error)[:500]),)
