"""One device of this process: its scheduler, its models, and the clips that take turns on it."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gpu_consumers.energy import GpuEnergy
from gpu_consumers.errors import TransientBackendError
from gpu_consumers.estimates.formula import Phases, chip
from gpu_consumers.estimates.model import CostModel
from gpu_consumers.generation import boundaries
from gpu_consumers.generation.loading import load
from gpu_consumers.generation.manifest import GIB, Manifest, manifest, manifests
from gpu_consumers.generation.weights import locate
from gpu_consumers.scheduling.memory import Memory
from gpu_consumers.scheduling.policy import Policy
from gpu_consumers.scheduling.scheduler import Scheduler
from gpu_consumers.scheduling.turnstile import Turn, Turnstile
from gpu_consumers.scheduling.work import Request, Work
from infra.settings import Settings
from infra.telemetry import logs
from schemas.values import RenderWork

log = logs.get("device")

T = TypeVar("T")
R = TypeVar("R")
#: The part of a device's memory that is ours to fill.
OURS = 0.9


class Device:
    """A GPU, or the CPU in its place. Needs torch."""

    def __init__(self, config: Settings) -> None:
        import torch

        self._torch, self._config = torch, config
        name = config.device
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        self.place = torch.device(name)
        self._cuda = self.place.type == "cuda"
        self.name: str = torch.cuda.get_device_name(self.place) if self._cuda else "cpu"
        self._chip = chip(self.name)
        self._energy = GpuEnergy(self.place.index or 0) if self._cuda else None
        self.costs = CostModel(self._formula)
        weights = {each.name: int(each.memory.weights * GIB) for each in manifests(config).values()}
        scheduler = Scheduler(self.costs, Memory(int(self._capacity() * OURS), weights), Policy(batch_most=1))
        self.turnstile = Turnstile(scheduler, swap=self._swap, settle=self._settle, joules=self.joules)
        self._pipes: dict[str, Any] = {}
        self._lock = threading.Lock()

    def run(self, request: Request, item: T, make: Callable[[Turn, Sequence[T]], Sequence[R]]) -> R:
        """As `Turnstile.run`; where memory runs out, the other models make room and it is tried once more."""

        def sparing(turn: Turn, items: Sequence[T]) -> Sequence[R]:
            try:
                return make(turn, items)
            except self._torch.OutOfMemoryError:
                log.warning("out of memory, once more without the other models", model=request.work.model)
            self._make_room(request.work.model)
            try:
                return make(turn, items)
            except self._torch.OutOfMemoryError as error:
                raise TransientBackendError(f"{self.name} is out of memory for {request.work.model}") from error

        return self.turnstile.run(request, item, sparing)

    def pipe(self, name: str) -> Any:
        """The pipeline of a model, on the device: loaded where it is not yet. Called by whoever has the turn."""
        if name not in self._pipes:
            self._pipes[name] = self._load(manifest(name, self._config))
        return self._pipes[name]

    def learn(self, done: RenderWork) -> None:
        """Let the cost model know what a clip took."""
        if done.device == self.name:
            with self._lock:
                self.costs.learn(done)

    def joules(self) -> float:
        """Energy that the device has used so far; 0 where it does not tell."""
        return self._energy.joules() if self._energy else 0.0

    def _load(self, wanted: Manifest) -> Any:
        began = time.monotonic()
        pipe = load(wanted, locate(wanted, self._config)).to(self.place)
        boundaries.install(pipe, blocks=wanted.boundaries == "blocks")
        self._settle()
        self.costs.learn_load(wanted.name, time.monotonic() - began)
        log.info("model loaded", model=wanted.name, device=self.name, seconds=round(time.monotonic() - began, 2))
        return pipe

    def _swap(self, evict: tuple[str, ...], wanted: str | None) -> None:
        for name in evict:
            self._drop(name)
        if wanted:
            self.pipe(wanted)

    def _drop(self, name: str) -> None:
        if self._pipes.pop(name, None) is not None:
            log.info("model dropped", model=name, device=self.name)
        gc.collect()
        if self._cuda:
            self._torch.cuda.empty_cache()

    def _make_room(self, kept: str) -> None:
        for name in [name for name in self._pipes if name != kept]:
            self._drop(name)
        self._drop("")

    def _settle(self) -> None:
        if self._cuda:
            self._torch.cuda.synchronize(self.place)

    def _capacity(self) -> int:
        if self._cuda:
            return int(self._torch.cuda.get_device_properties(self.place).total_memory)
        import psutil

        return int(psutil.virtual_memory().total)

    def _formula(self, work: Work) -> Phases:
        return self._chip.phases(manifest(work.model, self._config).architecture, work)
