"""A GPU: eager, inductor and TensorRT on a transformer of full size with random weights, by the worker's own code.

Each accelerator gets a device of its own; what was measured is kept before the next one begins, and what fails is
named with its reason. A first clip loads, builds and warms; those after it are measured. The part
of the chip's peak is the operations of a step by the formula 2·N·L + 4·L²·d·layers, twice for guidance, by the step's
seconds. `--tiny` does the same with a few weights on whatever there is: it shows that the bench runs, and no speed.
"""

from __future__ import annotations

import gc
import platform
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.gpu_figures import Measured, figures
from bench.gpu_models import FULL, TINY, Size, build
from bench.progress import say
from bench.report import Figure, keep
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.facts import facts_of
from gpu_consumers.acceleration.kinds import accelerators
from gpu_consumers.errors import BackendMissingError
from gpu_consumers.estimates.formula import Architecture
from gpu_consumers.generation.manifest import GIB
from gpu_consumers.ports import Accelerator
from infra.settings import Settings
from infra.telemetry import logs
from schemas.values import RenderWork

if TYPE_CHECKING:
    from gpu_consumers.generation.device import Device

ACCELERATORS = ("eager", "inductor", "tensorrt")
CLIPS = 3
#: No engine is built for longer than that: whoever rents a GPU wants to know.
LONGEST_BUILD_S = 900.0


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
        # Asked before anything can end the CUDA context.
        architecture, chip, versions = _architecture(size, config), _chip_name(place), about()
        found, made = list[Measured](), list[Figure]()
        for name in ACCELERATORS:
            found.append(_measured(name, size, config))
            made = list(figures(found, architecture, chip))
            if not tiny:
                keep("gpu", made, versions)
    return made


def about() -> dict[str, Any]:
    """The chip and the versions, for the document."""
    import torch

    names = ("torch", "diffusers", "torch-tensorrt", "tensorrt", "triton")
    found = {name: _version(name) for name in names} | {"cuda": str(torch.version.cuda), "os": platform.platform()}
    if torch.cuda.is_available():
        place = torch.device("cuda", torch.cuda.current_device())
        found |= {name: facts_of(place)[name] for name in ("device", "capability", "driver")}
    return found


def _place(*, tiny: bool) -> str:
    try:
        import torch
    except ImportError as error:
        hint = "Install the extra `gpu`: pip install 'swipestream[gpu]'"
        raise BackendMissingError("this bench needs torch and diffusers", hint=hint) from error
    if torch.cuda.is_available() and torch.version.cuda:
        return f"cuda:{torch.cuda.current_device()}"
    if tiny:
        return "cpu"
    hint = "Run it where there is one; `python -m bench gpu --tiny` only shows that it runs."
    raise BackendMissingError("there is no NVIDIA GPU on this machine: nothing was measured", hint=hint)


def _measured(name: str, size: Size, config: Settings) -> Measured:
    """What it did; an error of any kind is its reason, and the others go on."""
    say(f"{name} …")
    try:
        found = _on_a_device(name, size, config)
    except Exception as error:  # noqa: BLE001 - CUDA, compilers and drivers raise whatever they like
        found = Measured(accelerator=name, reason=f"{type(error).__name__}: {error}")
    _free()
    say(f"{name}: " + (found.reason or f"{found.clip_s:.3g} s a clip, {found.step_s:.3g} s a step"))
    return found


def _on_a_device(name: str, size: Size, config: Settings) -> Measured:
    from gpu_consumers.generation.builder import Builder
    from gpu_consumers.generation.device import Device

    began = time.monotonic()
    device = Device(config, _accelerators(name, config))
    device.engines.builder = Builder(LONGEST_BUILD_S)
    try:
        choice = device.engines.prepared(size.name)
        if choice.name != name:
            return Measured(accelerator=name, reason="; ".join(told.reason for told in choice.fallbacks))
        return replace(_clips(name, size, config, device, began), parity=" ".join(map(str, choice.parity)))
    finally:
        device.stop()


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
        memory_gib=torch.cuda.max_memory_allocated(device.place) / GIB if cuda else None,
        device_gib=_in_use(device.place) if cuda else None,
    )  # fmt: skip


def _in_use(place: Any) -> float:
    import torch

    free, total = torch.cuda.mem_get_info(place)
    return (total - free) / GIB


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
        with suppress(RuntimeError):  # after an error that ends a CUDA context every call raises it again
            torch.cuda.empty_cache()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
