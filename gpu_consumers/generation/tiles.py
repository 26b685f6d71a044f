"""A VAE that decodes a clip in overlapping tiles: much less memory, some work done twice, seams blended."""

from __future__ import annotations

from typing import Any

from gpu_consumers.errors import BackendError
from gpu_consumers.generation.manifest import GIB, Manifest


def needed(wanted: Manifest, capacity: int) -> bool:
    """Whether a model decodes in tiles on a device of so many bytes: the whole would not fit, and tiles are allowed."""
    return wanted.memory.tiled is not None and wanted.held + int(wanted.memory.peak * GIB) > capacity


def peak(wanted: Manifest, capacity: int) -> int:
    """Bytes beside the weights that a clip takes at most on a device of so many bytes."""
    tiled = wanted.memory.tiled if needed(wanted, capacity) else None
    return int((wanted.memory.peak if tiled is None else tiled) * GIB)


def use(vae: Any) -> None:
    """Let a VAE of diffusers decode in tiles from now on. Raises `BackendError` for one that knows none."""
    if not hasattr(vae, "enable_tiling"):
        raise BackendError(
            f"{type(vae).__name__} cannot decode in tiles", hint="Take `tiled` out of the `memory` in its model.yaml."
        )
    vae.enable_tiling()
    if hasattr(vae, "use_framewise_decoding"):  # LTX: and a few frames at a time
        vae.use_framewise_decoding = True
