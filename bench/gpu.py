"""A GPU: eager, inductor and TensorRT on a transformer of full size with random weights, by the worker's own code.

Each accelerator gets a device of its own. A first clip loads, builds and warms; those after it are measured. The part
of the chip's peak is the operations of a step by the formula 2·N·L + 4·L²·d·layers, twice for guidance, by the step's
seconds. `--tiny` does the same with a few weights on whatever there is: it shows that the bench runs, and no speed.
"""

from __future__ import annotations

import gc
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.gpu_models import FULL, TINY, Size, build
from bench.report import Figure
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.kinds import accelerators
from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.estimates.formula import Architecture, listed, share_of_peak
from gpu_consumers.ports import Accelerator
from gpu_consumers.scheduling.work import Work
from infra.settings import Settings
from infra.telemetry import logs
from schemas.values import RenderWork

if TYPE_CHECKING:
    from gpu_consumers.generation.device import Device

ACCELERATORS = ("eager", "inductor", "tensorrt")
CLIPS = 3
AIM_SHARE, AIM_PREVIEW_S = 0.6, 0.7


#: Of an accelerator that did not run.
NOTHING = RenderWork(model="", width=1, height=1, frames=1, steps=1, accelerator="", device="")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one accelerator did, or why it did not."""

    accelerator: str
    reason: str = ""
    ready_s: float = 0.0  #: loading, building and a first clip
    clip_s: float = 0.0  #: on the device, median
    file_s: float = 0.0  #: from the request to the finished file
    step_s: float = 0.0
    preview_s: float | None = None
    memory_gib: float | None = None
    parity: str = ""
    work: RenderWork = NOTHING


def run(*, tiny: bool = False) -> Sequence[Figure]:
    """Raises `BackendMissingError` where there is no NVIDIA GPU, or no torch."""
    logs.configure("WARNING")
    size, place = (TINY, _place(tiny=True)) if tiny else (FULL, _place(tiny=False))
    with tempfile.TemporaryDirectory(prefix="bench-gpu-") as folder:
        root = Path(folder)
        build(size, root, place)
        config = Settings(
            data_dir=root / "data", model_dirs=(root / "models",), device=place, scenes_at_once=1,
            accelerators=ACCELERATORS,
        )  # fmt: skip
        found = [_measured(name, size, config) for name in ACCELERATORS]
        architecture = _architecture(size, config)
    return list(figures(found, architecture, _chip_name(place)))


def about() -> dict[str, Any]:
    """The chip and the versions, for the document."""
    import torch

    names = ("torch", "diffusers", "torch-tensorrt", "tensorrt", "triton")
    found = {name: _version(name) for name in names} | {"cuda": str(torch.version.cuda), "os": platform.platform()}
    if torch.cuda.is_available():
        found |= {"chip": torch.cuda.get_device_name(), "capability": str(torch.cuda.get_device_capability())}
    return found


def figures(found: Sequence[Measured], architecture: Architecture, chip: str) -> Iterator[Figure]:
    """What was measured, as figures. Pure."""
    worked = {one.accelerator: one for one in found if not one.reason}
    for one in found:
        yield from _of(one, architecture, chip) if not one.reason else [_given_up(one)]
    if {"tensorrt", "inductor"} <= set(worked):
        ratio = worked["inductor"].clip_s / worked["tensorrt"].clip_s
        yield Figure(name="tensorrt beside inductor", value=ratio, unit="x", aim=">= 1", holds=ratio >= 1)
    if worked and (known := listed(chip)):
        best = max(_share(one, architecture, known.peak) for one in worked.values())
        yield Figure(
            name="the best in the denoiser", value=100 * best, unit="% of peak", aim=f">= {100 * AIM_SHARE:g}",
            holds=best >= AIM_SHARE, against=f"{known.peak / 1e12:g} Tflop/s dense bf16 ({known.source})",
        )  # fmt: skip


def _of(one: Measured, architecture: Architecture, chip: str) -> Iterator[Figure]:
    name, work, known = one.accelerator, one.work, listed(chip)
    against = f"{work.width} x {work.height} x {work.frames}, {work.steps} steps; {one.file_s:.3g} s to the file"
    yield Figure(name=f"{name}: a clip", value=one.clip_s, unit="s", against=against)
    tflop = architecture.operations(_work(work)) / 1e12
    yield Figure(name=f"{name}: a step", value=one.step_s, unit="s", against=f"{tflop:.3g} Tflop by the formula")
    if known:
        share = _share(one, architecture, known.peak)
        yield Figure(name=f"{name}: of the chip's peak", value=100 * share, unit="%", against=known.name)
    if one.preview_s is not None:
        yield Figure(name=f"{name}: first preview", value=one.preview_s, unit="s", aim=f"< {AIM_PREVIEW_S}",
                     holds=one.preview_s < AIM_PREVIEW_S)  # fmt: skip
    if one.memory_gib is not None:
        yield Figure(name=f"{name}: memory at most", value=one.memory_gib, unit="GiB")
    yield Figure(name=f"{name}: ready after", value=one.ready_s, unit="s", against=one.parity)


def _given_up(one: Measured) -> Figure:
    return Figure(name=f"{one.accelerator}: given up", value=0, unit="clips", against=one.reason[:300])


def _share(one: Measured, architecture: Architecture, peak: float) -> float:
    return share_of_peak(architecture, _work(one.work), one.step_s, peak)


def _work(done: RenderWork) -> Work:
    return Work(
        model=done.model, width=done.width, height=done.height, frames=done.frames, steps=done.steps,
        backend=done.accelerator,
    )  # fmt: skip


def _place(*, tiny: bool) -> str:
    try:
        import torch
    except ImportError as error:
        hint = "Install the extra `gpu`: pip install 'swipestream[gpu]'"
        raise BackendMissingError("this bench needs torch and diffusers", hint=hint) from error
    if torch.cuda.is_available() and torch.version.cuda:
        return "cuda"
    if tiny:
        return "cpu"
    hint = "Run it where there is one; `python -m bench gpu --tiny` only shows that it runs."
    raise BackendMissingError("there is no NVIDIA GPU on this machine: nothing was measured", hint=hint)


def _measured(name: str, size: Size, config: Settings) -> Measured:
    from gpu_consumers.generation.device import Device

    began = time.monotonic()
    device = Device(config, _accelerators(name, config))
    try:
        choice = device.engines.prepared(size.name)
        if choice.name != name:
            return Measured(accelerator=name, reason="; ".join(told.reason for told in choice.fallbacks))
        return replace(_clips(name, size, config, device, began), parity=" ".join(map(str, choice.parity)))
    except BackendError as error:
        return Measured(accelerator=name, reason=str(error))
    finally:
        device.stop()
        del device
        _free()


def _clips(name: str, size: Size, config: Settings, device: Device, began: float) -> Measured:
    import torch

    _clip(size, config, device, seed=0)
    ready = time.monotonic() - began
    cuda = device.place.type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats(device.place)
    made = [_clip(size, config, device, seed=seed) for seed in range(1, CLIPS + 1)]
    previews = [one.preview_s for one in made if one.preview_s is not None]
    return Measured(
        accelerator=name, ready_s=ready, clip_s=median(one.clip_s for one in made),
        file_s=median(one.file_s for one in made), step_s=median(one.step_s for one in made),
        preview_s=median(previews) if previews else None, work=made[-1].work,
        memory_gib=torch.cuda.max_memory_allocated(device.place) / 2**30 if cuda else None,
    )  # fmt: skip


def _clip(size: Size, config: Settings, device: Device, *, seed: int) -> Measured:
    """One clip from the request to the file. Another prompt each time, as in life: none is encoded already."""
    from gpu_consumers.generation.manifest import manifest
    from gpu_consumers.generation.renderer import DiffusersRenderer
    from gpu_consumers.generation.warming import sample

    renderer = DiffusersRenderer(device, manifest(size.name, config), config)
    asked = replace(sample(seed=seed), draft=size.draft, duration_ms=size.duration_ms)
    began, shown = time.monotonic(), list[float]()

    def told(_part: float, picture: bytes | None) -> None:
        if picture is not None:
            shown.append(time.monotonic() - began)

    with tempfile.TemporaryDirectory(prefix="bench-clip-") as folder:
        clip = renderer.render(asked, Path(folder) / "clip.mp4", told)
    work: RenderWork = clip.details["work"]
    return Measured(
        accelerator=work.accelerator, clip_s=clip.details["gpu_seconds"], file_s=time.monotonic() - began,
        step_s=work.step_s, preview_s=shown[0] if shown else None, work=work,
    )  # fmt: skip


def _accelerators(name: str, config: Settings) -> list[Accelerator]:
    import torch

    cache = EngineCache(config.data_dir / "engines", 2**36)
    return accelerators([name], cache, torch.device(config.device))


def _architecture(size: Size, config: Settings) -> Architecture:
    from gpu_consumers.generation.manifest import manifest

    return manifest(size.name, config).architecture


def _chip_name(place: str) -> str:
    import torch

    return str(torch.cuda.get_device_name(place)) if place != "cpu" else "cpu"


def _free() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
