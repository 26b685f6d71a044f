"""The process that builds engines: `python -m gpu_consumers.generation.engine_build FOLDER`, started by `Builder`.

The folder holds the order and the arguments; what was built goes into the engine cache. It ends with 1 and the reason
as the last line of stderr where that fails.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from gpu_consumers.acceleration.backends import Engines
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.kinds import engines
from gpu_consumers.errors import BackendError
from gpu_consumers.generation.builder import DONE, EXAMPLES, ORDER, Order
from gpu_consumers.generation.loading import load_part
from gpu_consumers.ports import Example
from infra.errors import SwipestreamError

#: Clips and the rest of the worker go first.
NICENESS = 10


def main(folder: Path) -> int:
    """Build what the folder asks for; returns the exit code."""
    os.nice(NICENESS)
    told = json.loads((folder / ORDER).read_text("utf-8"))
    order = Order(**{**told, "cache": tuple(told["cache"]), "keys": tuple(told["keys"])})
    cache = EngineCache(Path(order.cache[0]), order.cache[1])
    try:
        with cache.alone(f"device-{order.place.replace(':', '-')}"):
            _build(order, cache, folder)
    except SwipestreamError as error:
        sys.stderr.write(str(error).replace("\n", " ") + "\n")
        return 1
    return 0


def _build(order: Order, cache: EngineCache, folder: Path) -> None:
    import torch

    place = torch.device(order.place)
    if place.type == "cuda":
        _with_headers()
        _with_driver(folder)
        torch.cuda.set_device(place)
    accelerator = engines(order.accelerator, cache, place)
    module = load_part(Path(order.folder), order.part, order.dtype, fp8=order.fp8, outline=order.outline)
    if order.fp8:
        from gpu_consumers.generation.float8 import readied

        readied(module, place)
    module = module.to(place)
    examples = torch.load(folder / EXAMPLES, map_location=place, weights_only=True)
    for key, (bucket, args, kwargs) in zip(order.keys, examples, strict=True):
        example = Example(args, kwargs)
        _same(key, accelerator, module, example, bucket)
        accelerator.build(module, example, bucket)
        with (folder / DONE).open("a", encoding="utf-8") as done:
            done.write(f"{bucket}\n")


def _same(key: dict[str, str], accelerator: Engines, module: Any, example: Example, bucket: str) -> None:
    """What is on the disk must be what the worker runs. Raises `BackendError`."""
    found = accelerator.facts(module, example, bucket)
    if other := sorted(name for name in key.keys() | found.keys() if key.get(name) != found.get(name)):
        raise BackendError(f"{bucket}: the module on the disk is not the one in use, by its {', '.join(other)}")


def _with_headers() -> None:
    """Unless a CUDA is named, inductor takes the headers that came with torch: they are of its version, and those of a
    machine may be missing where its libraries are there."""
    import torch

    own = Path(torch.__file__).parents[1] / "nvidia" / f"cu{(torch.version.cuda or '').split('.')[0]}"
    if not {"CUDA_HOME", "CUDA_PATH"} & set(os.environ) and (own / "include" / "crt").is_dir():
        os.environ["CUDA_HOME"] = str(own)


def _with_driver(folder: Path, name: str = "libcuda.so") -> None:
    """Where the driver's library has its version's name alone, the linker is told what inductor calls it."""
    import ctypes
    import re

    ctypes.CDLL(f"{name}.1")
    found = re.search(rf"/\S*/{re.escape(name)}\S*", Path("/proc/self/maps").read_text())
    if found is not None:
        (folder / name).symlink_to(found[0])
        os.environ["LIBRARY_PATH"] = ":".join(filter(None, (os.environ.get("LIBRARY_PATH"), str(folder))))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
