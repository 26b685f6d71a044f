"""One accelerator on a transformer of full size, by the worker's own code: `python -m bench.gpu_part NAME FOLDER`.

A process of its own, for what it breaks is its own: a CUDA context, or the process. What it has measured so far lies in
`FOLDER/NAME.json` after each clip. A first clip loads, builds and warms; those after it are measured. The model in the
folder is made where another has not made it before.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from bench.gpu_figures import Measured
from bench.gpu_models import FULL, TINY, Size, build, built
from bench.progress import say
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.kinds import accelerators
from gpu_consumers.generation.manifest import GIB, manifest
from infra.settings import Settings
from infra.telemetry import logs
from schemas.works import RenderWork

if TYPE_CHECKING:
    from gpu_consumers.generation.device import Device

CLIPS = 3
#: No engine is built for longer than that: whoever rents a GPU wants to know.
LONGEST_BUILD_S = 280.0
RESULT = TypeAdapter(Measured)
#: Hears what is measured so far.
Noted = Callable[[Measured], object]


def main() -> int:
    """Measure; whatever is raised is the reason why it is given up."""
    faulthandler.enable()
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--place", required=True, help="the torch device")
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args()
    logs.configure("WARNING")

    def note(found: Measured) -> None:
        made = asked.folder / f".{asked.name}.json"
        made.write_bytes(RESULT.dump_json(found))
        made.replace(asked.folder / f"{asked.name}.json")

    try:
        note(_measured(asked.name, TINY if asked.tiny else FULL, asked.folder, asked.place, note))
    except Exception as error:  # noqa: BLE001 - CUDA, compilers and drivers raise whatever they like
        note(Measured(accelerator=asked.name, reason=f"{type(error).__name__}: {error}"))
    return 0


def _measured(name: str, size: Size, root: Path, place: str, note: Noted) -> Measured:
    from gpu_consumers.generation.builder import Builder
    from gpu_consumers.generation.device import Device

    if not built(size, root):
        say(f"{name}: making the model's weights")
        build(size, root, place)
    config = Settings(
        data_dir=root / "data", model_dirs=(root / "models",), device=place, scenes_at_once=1, accelerators=(name,)
    )
    began, heard = time.monotonic(), list[str]()

    def told(progress: str) -> None:
        if progress not in heard:
            heard.append(progress)
            say(f"{name}: {progress}")

    import torch

    cache = EngineCache(config.data_dir / "engines", 2**36)
    device = Device(config, accelerators([name], cache, torch.device(place)))
    device.engines.builder = Builder(LONGEST_BUILD_S)
    try:
        choice = device.engines.prepared(size.name, told)
        if choice.name != name:
            return Measured(accelerator=name, reason="; ".join(told.reason for told in choice.fallbacks))
        found = Measured(accelerator=name, parity=" ".join(map(str, choice.parity)))
        return _clips(found, size, config, device, began, note)
    finally:
        device.stop()


def _clips(found: Measured, size: Size, config: Settings, device: Device, began: float, note: Noted) -> Measured:
    import torch

    name = found.accelerator
    say(f"{name}: a first clip")
    _clip(size, config, device, seed=0)
    ready, made = time.monotonic() - began, list[Measured]()
    cuda = device.place.type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats(device.place)
    for seed in range(1, CLIPS + 1):
        made.append(_clip(size, config, device, seed=seed))
        say(f"{name}: clip {seed} of {CLIPS}, {made[-1].clip_s:.3g} s, {made[-1].step_s:.3g} s a step")
        previews = [one.preview_s for one in made if one.preview_s is not None]
        found = replace(
            found, ready_s=ready, clip_s=median(one.clip_s for one in made),
            file_s=median(one.file_s for one in made), step_s=median(one.step_s for one in made),
            preview_s=median(previews) if previews else None, work=made[-1].work,
            memory_gib=torch.cuda.max_memory_allocated(device.place) / GIB if cuda else None,
            device_gib=_in_use(device.place) if cuda else None, architecture=manifest(size.name, config).architecture,
        )  # fmt: skip
        note(found)
    return found


def _in_use(place: Any) -> float:
    import torch

    free, total = torch.cuda.mem_get_info(place)
    return (total - free) / GIB


def _clip(size: Size, config: Settings, device: Device, *, seed: int) -> Measured:
    """One clip from the request to the file. Another prompt each time, as in life: none is encoded already."""
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


if __name__ == "__main__":
    sys.exit(main())
