"""A GPU: eager, inductor and TensorRT on a transformer of full size with random weights, by the worker's own code.

Each accelerator is measured by a process of its own (`bench.gpu_part`) within `PART_S`; what it has measured is kept
before the next one begins, and what fails is named with its reason. With `only` one of them is measured, and the
figures of the others stay where chip and versions are still the same. The part of the chip's peak is the operations of
a step by the formula 2·N·L + 4·L²·d·layers, twice for guidance, by the step's seconds. `--tiny` does the same with a
few weights on whatever there is: it shows that the bench runs, and no speed.
"""

from __future__ import annotations

import json
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench import report
from bench.gpu_figures import Measured, figures
from bench.gpu_part import RESULT
from bench.progress import say
from bench.report import Figure, keep
from gpu_consumers.acceleration.facts import facts_of
from gpu_consumers.errors import BackendMissingError
from infra.stack.process import spawn, stop

ACCELERATORS = ("eager", "inductor", "tensorrt")
#: The longest that one of them may take, in seconds: three are done in 25 minutes, and one in what a rented machine
#: gives a command.
PART_S = 500.0
COMMAND = (sys.executable, "-m", "bench.gpu_part")


def run(*, tiny: bool = False, only: str | None = None) -> Sequence[Figure]:
    """Raises `BackendMissingError` where there is no NVIDIA GPU, or no torch."""
    place, versions = _place(tiny=tiny), about()
    found = {} if tiny or only is None else _kept(versions)
    made = list[Figure]()
    with tempfile.TemporaryDirectory(prefix="bench-gpu-") as folder:
        for name in ACCELERATORS if only is None else (only,):
            say(f"{name} …")
            found[name] = part(name, Path(folder), place, tiny=tiny)
            say(f"{name}: " + (found[name].reason or f"{found[name].clip_s:.3g} s a clip"))
            ordered = [found[each] for each in ACCELERATORS if each in found]
            made = list(figures(ordered))
            if not tiny:
                keep("gpu", made, {**versions, "measured": _plain(ordered)})
    return made


def part(name: str, folder: Path, place: str, *, tiny: bool) -> Measured:
    """What a process of its own has measured; an end of any kind before it has measured anything is its reason."""
    child = spawn([*COMMAND, name, str(folder), "--place", place, *["--tiny"] * tiny], output=2)
    try:
        end = _ended(child.wait(PART_S))
    except subprocess.TimeoutExpired:
        end = f"it took longer than {PART_S:g} s"
    finally:
        stop(child)
    told = folder / f"{name}.json"
    found = RESULT.validate_json(told.read_bytes()) if told.exists() else Measured(accelerator=name, reason=end)
    return replace(found, parity=f"{found.parity} ({end})") if end and not found.reason else found


def _ended(code: int) -> str:
    if code == 0:
        return ""
    return f"its process was ended by {signal.Signals(-code).name}" if code < 0 else f"its process ended with {code}"


def _kept(versions: Mapping[str, Any]) -> dict[str, Measured]:
    """What was measured before on this chip with these versions, by accelerator."""
    try:
        told = json.loads((report.RESULTS / "gpu.json").read_text("utf-8"))
        if any(told.get(name) != value for name, value in versions.items()):
            return {}
        return {one.accelerator: one for one in map(RESULT.validate_python, told["measured"])}
    except (OSError, ValueError, KeyError, ValidationError):
        return {}


def _plain(found: Iterable[Measured]) -> list[Any]:
    return [RESULT.dump_python(one, mode="json") for one in found]


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


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
