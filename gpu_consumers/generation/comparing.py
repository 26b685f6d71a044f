"""What a step cache saves and what it changes, and FP8: the same with it and without."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpu_consumers.acceleration.chain import Wanted
from gpu_consumers.acceleration.examples import examples
from gpu_consumers.acceleration.parity import Parity, compare
from gpu_consumers.generation.caches import StepCache
from gpu_consumers.generation.loading import denoisers, load, one_step, shell
from gpu_consumers.generation.manifest import Manifest, Shape
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


@dataclass(frozen=True, slots=True)
class Eighths:
    """A pass of the denoisers in FP8 beside the one in bfloat16."""

    bucket: str
    parity: Parity  #: of what the worst of them puts out
    smaller: float  #: bytes of their weights before by those after
    faster: float  #: seconds before by seconds after, eagerly

    def __str__(self) -> str:
        gained = f"its weights are {self.smaller:.2f} times smaller, a pass is {self.faster:.2f} times as fast"
        return f"at {self.bucket}: {self.parity} beside bfloat16; {gained}"


def in_eighths(manifest: Manifest, config: Settings, place: Any) -> Eighths:
    """One pass at the smallest shape, before and after the layers are exchanged. Raises `BackendError`."""
    from gpu_consumers.generation.float8 import placed, quantize, worthwhile

    shape = _smallest(manifest)
    plainly = manifest.model_copy(update={"dtypes": manifest.dtypes.model_copy(update={"denoiser": "bfloat16"})})
    pipe = load(plainly, locate(manifest, config))
    worthwhile(pipe, manifest.name)
    pipe = pipe.to(place)
    found = examples(pipe, shape.bucket, one_step(pipe, manifest, shape))
    before = [_pass(one) for one in found]
    quantize(pipe, manifest.name)
    placed(pipe, place)
    after = [_pass(one) for one in found]
    parities = [compare(one.made, other.made) for one, other in zip(before, after, strict=True)]
    smaller = sum(one.size for one in before) / sum(one.size for one in after)
    faster = sum(one.seconds for one in before) / sum(one.seconds for one in after)
    return Eighths(shape.bucket, max(parities, key=lambda one: one.relative), smaller, faster)


def _smallest(manifest: Manifest) -> Shape:
    return min(manifest.shapes, key=lambda one: one.width * one.height * one.frames)


@dataclass(frozen=True, slots=True)
class _Pass:
    made: Any
    seconds: float
    size: int  #: bytes of the weights


def _pass(wanted: Wanted) -> _Pass:
    module = wanted.module
    size = sum(value.numel() * value.element_size() for value in module.state_dict().values())
    return _Pass(wanted.result(), _seconds(wanted), size)


def _seconds(wanted: Wanted, times: int = 3) -> float:
    """Of a pass: the quickest, as numbers here, so that the device has finished."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        wanted.result()
        took.append(time.perf_counter() - began)
    return min(took)


def with_and_without(manifest: Manifest, config: Settings, place: Any) -> Compared:
    """One clip at the smallest shape, all steps, made both ways on a torch device. Raises `BackendError`."""
    shape = _smallest(manifest)
    from gpu_consumers.generation.float8 import placed

    pipe = placed(load(manifest, locate(manifest, config)), place)
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
