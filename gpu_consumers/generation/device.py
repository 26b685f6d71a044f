"""One device of this process: its scheduler, its models, and the clips that take turns on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from gpu_consumers.acceleration.chain import Choice
from gpu_consumers.energy import GpuEnergy
from gpu_consumers.estimates.formula import Phases, chip
from gpu_consumers.estimates.model import CostModel
from gpu_consumers.generation import boundaries, company, selftest, tiles
from gpu_consumers.generation.faults import DeviceMemoryError, SickError, memory_named
from gpu_consumers.generation.host import Host
from gpu_consumers.generation.loading import one_step
from gpu_consumers.generation.manifest import BATCH_MOST, GIB, Manifest, manifest, manifests
from gpu_consumers.generation.networks import Networks, loaded
from gpu_consumers.generation.residents import Residents, settle
from gpu_consumers.generation.styles import Mix
from gpu_consumers.generation.takeover import Takeover, suitable
from gpu_consumers.ports import Accelerator
from gpu_consumers.scheduling.memory import Memory
from gpu_consumers.scheduling.places import Heed, Turn, first, nobody
from gpu_consumers.scheduling.policy import Policy
from gpu_consumers.scheduling.scheduler import Scheduler
from gpu_consumers.scheduling.turnstile import LONGEST_WAIT_S, Turnstile
from gpu_consumers.scheduling.work import Request, Work
from infra.settings import Settings
from infra.telemetry import logs, metrics
from schemas.values import Lane
from schemas.works import RenderWork

log = logs.get("device")

T = TypeVar("T")
R = TypeVar("R")
#: The part of a device's memory that is ours to fill.
OURS = 0.9


class Device:
    """A GPU, or the CPU in its place. Needs torch."""

    def __init__(
        self, config: Settings, accelerators: Sequence[Accelerator] | None = None, host: Host | None = None
    ) -> None:
        """`accelerators`: in place of those that the settings name and that suit the device; `host`: in place of the
        memory beside it."""
        import torch

        from gpu_consumers.placement import placed

        self._torch, self._config = torch, config
        self.place = placed(config.device)
        self._cuda = self.place.type == "cuda"
        self.name: str = torch.cuda.get_device_name(self.place) if self._cuda else "cpu"
        self._chip = chip(self.name)
        self._energy = GpuEnergy(str(torch.cuda.get_device_properties(self.place).uuid)) if self._cuda else None
        self.costs = CostModel(self._formula, lambda name: self.models.near(name))
        weights = {each.name: each.held for each in manifests(config).values()}
        self.capacity = int(self._memory() * OURS)
        scheduler = Scheduler(self.costs, Memory(self.capacity, weights), Policy(batch_most=BATCH_MOST))
        self.turnstile = Turnstile(scheduler, swap=self._swap, settle=self.settle, joules=self.joules)
        self._lock = threading.Lock()
        self.engines = Takeover(self, config, suitable(config, self.place) if accelerators is None else accelerators)
        beside = host or Host(config, self.place)
        self.models = Residents(config, self.place, beside, self.engines, self._learn_load, self.capacity)
        #: Told why, when the device fails its self-test.
        self.when_sick: list[Callable[[str], object]] = []

    def run(
        self, request: Request, item: T, make: Callable[[Turn, Sequence[T]], Sequence[R]], heed: Heed = nobody
    ) -> R:
        """As `Turnstile.run`; where memory runs out, the other models make room and it is tried once more.

        Raises `DeviceMemoryError` where that was not enough, `SickError` where the device fails its self-test.
        """

        if not self.turnstile.fits(request):
            self.engines.builder.give_way(f"a clip of {request.work.model} needs the memory")
            self.turnstile.set_aside(0)

        def sparing(turn: Turn, items: Sequence[T]) -> Sequence[R]:
            return self._sparing(request.work.model, lambda: make(turn, items), len(items))

        return self.turnstile.run(request, item, sparing, first(lambda: self._foresee(request), heed))

    def _sparing(self, name: str, work: Callable[[], T], company: int = 1) -> T:
        """What `work` does with a model; once more without the others where memory runs out. Raises as `run`."""
        try:
            with memory_named(self.place):
                return work()
        except self._torch.OutOfMemoryError:
            metrics.OUT_OF_MEMORY.inc()
            log.warning("out of memory, once more without the other models", model=name)
        except RuntimeError as error:
            self.diagnose(error)
            raise
        for left in self.models.keep(name):
            self.turnstile.forget(left)
        try:
            with memory_named(self.place):
                return work()
        except self._torch.OutOfMemoryError:
            told = f"{self.name} is out of memory for {name}"
        # Outside, where the traceback no longer holds what had been allocated.
        self.models.free()
        raise DeviceMemoryError(told, company=company)

    def in_turn(
        self, what: str, name: str, work: Callable[[Turn], T], *, lane: Lane = Lane.INTERACTIVE, peak: int = 0,
        held: int = 0,
    ) -> T:  # fmt: skip
        """Something else than a clip, done in a turn with the model on the device; `what` names it. Raises as `run`."""
        asked = Work(model=name, width=16, height=16, frames=1, steps=1, backend="eager")
        request = Request(key=f"{what} {name}", work=asked, lane=lane, peak=peak, held=held, batch_most=1)
        return self.run(request, name, lambda turn, names: [work(turn) for _ in names])

    def _foresee(self, request: Request) -> None:
        """Say so where, by what clips took before, the deadline will not be kept. It is made all the same."""
        if not self.turnstile.feasible(request.key):
            metrics.INFEASIBLE.labels(lane=request.lane.value).inc()
            log.info("the deadline will not be kept", model=request.work.model, lane=request.lane.value)

    def pipe(self, name: str) -> Any:
        """The pipeline of a model, on the device: loaded where it is not yet. Called by whoever has the turn."""
        return self.models.pipe(name)

    def peak(self, wanted: Manifest) -> int:
        """Bytes that a clip takes here at most, beside the weights."""
        return tiles.peak(wanted, self.capacity)

    def choice(self, name: str) -> Choice:
        """What a model runs on here now; see `Takeover.choice`."""
        return self.engines.choice(name)

    def stop(self) -> None:
        """Let every waiting thread go, and build nothing any more."""
        self.engines.builder.stop()
        self.turnstile.stop()

    @contextmanager
    def making(self, name: str, turn: Turn, mix: Mix = ()) -> Iterator[boundaries.Here]:
        """Until the end the modules of a model are this turn's, with that mix of styles; whoever goes first in between
        leaves no trace. Raises as `Styles.use`."""
        model = self.models.of(name)

        def leave() -> Callable[[], None]:
            remember = model.cache.leave()

            def again() -> None:
                model.styles.use(mix)
                remember()

            return again

        model.styles.use(mix)
        with self.models.using(name), model.cache.clip(), boundaries.making(turn, leave) as here:
            yield here

    def networks(self, name: str) -> Networks:
        """Those that a model's frames go through: loaded, where they are not yet, in a turn of their own."""
        post = manifest(name, self._config).post
        if not post.networks:
            return Networks()
        if (model := self.models.find(name)) and model.networks:
            return model.networks

        def load(_turn: Turn) -> Networks:
            found = self.models.of(name).networks = loaded(post, self.place)  # they come and go with it
            for told in found.fallbacks:
                log.warning("a classical filter takes a network's place", model=name, it=told.backend, why=told.reason)
            return found

        return self.in_turn("networks", name, load, peak=int(post.peak * GIB))

    def warm(self, name: str) -> None:
        """Load a model and make a step at its first shape, so that the first clip waits for nothing: engines that are
        built already take over, others are begun. Measure what it gains to make several clips at once, where its
        manifest allows that."""
        wanted = manifest(name, self._config)

        def step(_turn: Turn) -> None:
            with self.models.of(name).cache.clip():
                self.models.shell(name)(**one_step(self.pipe(name), wanted, wanted.shapes[0]))

        self.in_turn("warm", name, step)
        if self.engines.any:
            self.engines.begun(name).tried.wait(LONGEST_WAIT_S)
        for one in company.measured(self, wanted):
            log.info("made at once", model=name, shape=one.bucket, clips=one.clips, gain=round(one.gain, 2))

    def diagnose(self, error: BaseException | None = None) -> None:
        """Test the device; raises `SickError` where it fails, and whoever listens is told."""
        why = selftest.failing(self.place)
        if why is None:
            return
        metrics.SELF_TESTS_FAILED.inc()
        log.error("the device fails its self-test", device=self.name, why=why)
        sick = SickError(f"the device {self.name} fails its self-test: {why}")
        for told in self.when_sick:
            told(str(sick))
        raise sick from error

    def learn(self, done: RenderWork) -> None:
        """Let the cost model know what a clip took."""
        if done.device == self.name:
            with self._lock:
                self.costs.learn(done)

    def _learn_load(self, name: str, seconds: float, near: bool) -> None:
        with self._lock:
            self.costs.learn_load(name, seconds, near=near)

    def learn_steps(self, work: Work, clips: int, seconds: Sequence[float]) -> None:
        """Let the cost model know what steps of so many clips at once took."""
        with self._lock:
            for each in seconds:
                self.costs.learn_step(work, clips, each)

    def learn_post(self, work: Work, seconds: float) -> None:
        """Let the cost model know what frames took in networks."""
        with self._lock:
            self.costs.learn_post(work, seconds)

    def joules(self) -> float:
        """Energy that the device has used so far; 0 where it does not tell."""
        return self._energy.joules() if self._energy else 0.0

    def _swap(self, evict: tuple[str, ...], wanted: str | None) -> None:
        with self.models.expecting(wanted):
            for name in evict:
                self.models.drop(name)
            if wanted:
                self._sparing(wanted, lambda: self.pipe(wanted))

    def settle(self) -> None:
        """Wait until the device has done what it was asked to."""
        settle(self.place)

    def _memory(self) -> int:
        if self._cuda:
            return int(self._torch.cuda.get_device_properties(self.place).total_memory)
        import psutil

        return int(psutil.virtual_memory().total)

    def _formula(self, work: Work) -> Phases:
        architecture = manifest(work.model, self._config).architecture
        return self._chip.phases(replace(architecture, passes=work.passes or architecture.passes), work)
