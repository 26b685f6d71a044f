"""What a step cache saves and what it changes: the same clip with it and without."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpu_consumers.acceleration.parity import Parity, compare
from gpu_consumers.generation.caches import StepCache
from gpu_consumers.generation.loading import denoisers, load, one_step, shell
from gpu_consumers.generation.manifest import Manifest
from gpu_consumers.generation.weights import locate
from infra.settings import Settings


@dataclass(frozen=True, slots=True)
class Compared:
    """A clip with the step cache beside the one without."""

    bucket: str
    parity: Parity  #: of the frames
    skipped: float  #: the part of the calls of the denoiser's layers that were left out
    faster: float  #: seconds without by seconds with

    def __str__(self) -> str:
        saved = f"{self.skipped:.0%} of the layers' calls skipped, {self.faster:.2f} times as fast"
        return f"at {self.bucket}: {self.parity} beside the clip without; {saved}"


@dataclass(frozen=True, slots=True)
class _Clip:
    frames: Any
    calls: int
    seconds: float


def with_and_without(manifest: Manifest, config: Settings, place: Any) -> Compared:
    """One clip at the smallest shape, all steps, made both ways on a torch device. Raises `BackendError`."""
    shape = min(manifest.shapes, key=lambda one: one.width * one.height * one.frames)
    pipe = load(manifest, locate(manifest, config)).to(place)
    wanted = one_step(pipe, manifest, shape) | {"num_inference_steps": manifest.steps, "output_type": "np"}
    shell(pipe)(**wanted | {"num_inference_steps": 1})  # what is only done once is in neither time
    plain = _clip(pipe, wanted)
    with StepCache(pipe, manifest).clip():
        cached = _clip(pipe, wanted)
    parity = compare(_pictures(plain.frames), _pictures(cached.frames))
    return Compared(shape.bucket, parity, 1 - cached.calls / plain.calls, plain.seconds / cached.seconds)


def _clip(pipe: Any, wanted: dict[str, Any]) -> _Clip:
    import torch

    wanted = wanted | {"generator": torch.Generator("cpu").manual_seed(1)}
    with _counted(pipe) as calls:
        began = time.perf_counter()
        frames = shell(pipe)(**wanted).frames[0]  # as numpy: the device has finished
        return _Clip(frames, len(calls), time.perf_counter() - began)


@contextmanager
def _counted(pipe: Any) -> Iterator[list[None]]:
    """One entry for each call of a layer of the denoisers."""
    calls: list[None] = []
    layers = [one for _, module in denoisers(pipe) for one in module.modules() if not any(one.children())]
    hooks = [layer.register_forward_pre_hook(lambda *_: calls.append(None)) for layer in layers]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def _pictures(frames: Any) -> Any:
    """(frames, height, width, 3) with the sides last, as they are compared."""
    return np.moveaxis(np.asarray(frames), -1, 1)
