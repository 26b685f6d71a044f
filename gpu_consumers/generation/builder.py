"""Engines built off the hot path: by a process of its own, whose crash, hunger or haste no clip ever notices.

The process (`gpu_consumers.generation.engine_build`) loads the one module from the weights on disk, builds, and puts
what it built into the engine cache, where the worker finds it. It has a low priority, ends with its parent, and
one at a time works for a device.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gpu_consumers.acceleration import keys
from gpu_consumers.acceleration.backends import Engines
from gpu_consumers.acceleration.cache import LONGEST_BUILD_S
from gpu_consumers.acceleration.chain import Region
from gpu_consumers.errors import BackendError
from gpu_consumers.generation.loading import outlined
from gpu_consumers.generation.manifest import Stage
from infra.errors import UnavailableError
from infra.stack.process import signal_group, tied
from infra.telemetry import logs

log = logs.get("engines")

ORDER, EXAMPLES, DONE, ERRORS = "order.json", "examples.pt", "done", "errors"
_LOOK_S = 0.2
#: Of what the process wrote to stderr, so much of the end stands in the reason why it failed.
_TOLD = 1500


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to build, without any tensor of the module's own: nothing on the device is kept for it."""

    part: str  #: of the pipeline: `transformer`, `vae.decoder`
    folder: str  #: of the weights
    dtype: str
    fp8: bool = False  #: its linear layers are brought to 8 bits
    #: The types of its tensors, where engines hold none of them: what they are worth is not read. Empty: all are read.
    outline: Mapping[str, str] = field(default_factory=dict)
    place: str  #: the torch device
    accelerator: str
    cache: tuple[str, int]
    keys: tuple[dict[str, str], ...]  #: of the engines in the cache

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.accelerator}, {self.part}"


@dataclass(frozen=True)
class Ordered:
    """An order, and on the CPU the arguments that each engine is built for."""

    order: Order
    examples: tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...]
    size: int  #: bytes of the weights in memory while it is built: the module's, and those that engines take copies of

    @property
    def stage(self) -> Stage:
        """Of the pipeline."""
        return "vae" if self.order.part.startswith("vae") else "denoiser"


def order(accelerator: Engines, all_missing: Sequence[Region], folder: Path, dtype: str, *, fp8: bool) -> Ordered:
    """For the engines that an accelerator misses, all of the first module."""
    first, root = all_missing[0], accelerator.cache.place
    held = frozenset(accelerator.holds(first.module))
    missing = [one for one in all_missing if one.part == first.part]
    told = Order(
        part=first.part, folder=str(folder.absolute()), dtype=dtype, fp8=fp8, place=str(accelerator.place),
        accelerator=accelerator.name, cache=(str(root[0].absolute()), root[1]),
        keys=tuple(accelerator.facts(one.module, one.example, one.bucket) for one in missing),
        outline={} if held else outlined(first.module),
    )  # fmt: skip
    moved = ((one.bucket, one.example.mapped(_there)) for one in missing)
    given = tuple((bucket, example.args, dict(example.kwargs)) for bucket, example in moved)
    sizes = {name: int(value.nbytes) for name, value in keys.tensors(first.module).items()}
    return Ordered(told, given, sum(sizes.values()) + sum(sizes[name] for name in held))


def _there(value: Any) -> Any:
    """On the CPU, without the numbers: engines are built for shapes, and what a block gets is large."""
    return value.new_zeros((), device="cpu").expand(value.shape) if hasattr(value, "new_zeros") else value


class Builder:
    """Runs one build after another; called by threads that may wait."""

    def __init__(self, longest_s: float = LONGEST_BUILD_S) -> None:
        self._longest = longest_s
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._why = ""
        self._stopped = False
        #: How many processes were started.
        self.started = 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Until the end nobody else builds. Raises `BackendError` after too long a wait."""
        if not self._turn.acquire(timeout=self._longest):
            raise BackendError(f"another build took longer than {self._longest:g} s")
        try:
            self._why = ""
            yield
        finally:
            self._turn.release()

    def build(self, wanted: Ordered, told: Callable[[str], object]) -> None:
        """Wait until it is built, within `alone`; `told` hears how far it is.

        Raises `BackendError` with the reason where it fails, and UnavailableError when the worker stops.
        """
        import torch

        label = wanted.order.label
        with tempfile.TemporaryDirectory(prefix="engine-build-") as name:
            folder, began = Path(name), time.monotonic()
            (folder / ORDER).write_text(json.dumps(asdict(wanted.order)), "utf-8")
            torch.save(list(wanted.examples), folder / EXAMPLES)
            child = self._start(folder)
            log.info("engines are being built", what=label, count=len(wanted.examples), process=child.pid)
            try:
                self._watch(child, folder, began, lambda done: told(f"{label}: {done} of {len(wanted.examples)}"))
            finally:
                signal_group(child.pid, signal.SIGKILL)
                child.wait(30)
                with self._lock:
                    self._child = None
            if child.returncode:
                raise BackendError(self._reason(child.returncode, folder))
            log.info("engines are built", what=label, seconds=round(time.monotonic() - began, 1))

    def give_way(self, why: str) -> None:
        """End what is being built, or is about to be: something else needs the memory."""
        with self._lock:
            self._why = f"the build was ended: {why}"
            if self._child is not None:
                signal_group(self._child.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Build nothing any more."""
        self._stopped = True
        self.give_way("the worker stops")

    def _start(self, folder: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "gpu_consumers.generation.engine_build", str(folder)]
        with self._lock, (folder / ERRORS).open("wb") as errors:
            if self._stopped:
                raise UnavailableError("the worker stops")
            if self._why:
                raise BackendError(self._why)
            self.started += 1
            self._child = subprocess.Popen(
                tied(command), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True,
                env=os.environ | {"TOKENIZERS_PARALLELISM": "false"},
            )  # fmt: skip
            return self._child

    def _watch(self, child: subprocess.Popen[bytes], folder: Path, began: float, told: Callable[[int], object]) -> None:
        while child.poll() is None:
            done = folder / DONE
            told(len(done.read_bytes().splitlines()) if done.exists() else 0)
            if time.monotonic() - began > self._longest:
                self.give_way(f"it took longer than {self._longest:g} s")
            time.sleep(_LOOK_S)
        if self._stopped:
            raise UnavailableError("the worker stops")

    def _reason(self, code: int, folder: Path) -> str:
        if self._why:
            return self._why
        told = (folder / ERRORS).read_text("utf-8", "replace").strip()
        lines = told.splitlines() or ["it said nothing"]
        if code > 0:
            return lines[-1][-_TOLD:] if code == 1 else f"the build ended with {code}: {told[-_TOLD:]}"
        return f"the build was killed by {signal.Signals(-code).name}: {told[-_TOLD:] or 'it said nothing'}"
