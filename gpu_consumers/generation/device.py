"""One device of this process: its scheduler, its models, and the clips that take turns on it."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast

from gpu_consumers.acceleration.backends import Eager, Engines, Inductor, TensorRT
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.chain import Choice, NotBuiltError, accelerate
from gpu_consumers.acceleration.examples import decoding, examples
from gpu_consumers.energy import GpuEnergy
from gpu_consumers.errors import BackendError
from gpu_consumers.estimates.formula import Phases, chip
from gpu_consumers.estimates.model import CostModel
from gpu_consumers.generation import boundaries, company, previews, selftest
from gpu_consumers.generation.builder import Builder, Ordered, order
from gpu_consumers.generation.caches import StepCache
from gpu_consumers.generation.embeddings import Embeddings
from gpu_consumers.generation.faults import DeviceMemoryError, SickError
from gpu_consumers.generation.loading import load, one_step, shell
from gpu_consumers.generation.manifest import BATCH_MOST, GIB, Manifest, Stage, manifest, manifests
from gpu_consumers.generation.networks import Networks, loaded
from gpu_consumers.generation.preparing import EAGER, Preparing
from gpu_consumers.generation.styles import Mix, Styles
from gpu_consumers.generation.tiny import TinyDecoder
from gpu_consumers.generation.weights import locate
from gpu_consumers.ports import Accelerator
from gpu_consumers.scheduling.memory import Memory
from gpu_consumers.scheduling.places import Heed, Turn, first, nobody
from gpu_consumers.scheduling.policy import Policy
from gpu_consumers.scheduling.scheduler import Scheduler
from gpu_consumers.scheduling.turnstile import LONGEST_WAIT_S, Turnstile
from gpu_consumers.scheduling.work import Request, Work
from infra.errors import ConfigurationError
from infra.settings import Settings
from infra.telemetry import logs, metrics
from schemas.values import Lane, RenderWork
from schemas.videos import Fallback

log = logs.get("device")

T = TypeVar("T")
R = TypeVar("R")
#: The lane in which engines are proven and take over.
PREPARING = Lane.BULK
#: The part of a device's memory that is ours to fill.
OURS = 0.9


class Device:
    """A GPU, or the CPU in its place. Needs torch."""

    def __init__(self, config: Settings, accelerators: Sequence[Accelerator] | None = None) -> None:
        """`accelerators`: in place of those that the settings name and that suit the device."""
        import torch

        self._torch, self._config = torch, config
        name = config.device
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        self.place = torch.device(name)
        self._cuda = self.place.type == "cuda"
        self.name: str = torch.cuda.get_device_name(self.place) if self._cuda else "cpu"
        self._chip = chip(self.name)
        self._energy = GpuEnergy(str(torch.cuda.get_device_properties(self.place).uuid)) if self._cuda else None
        self.costs = CostModel(self._formula)
        weights = {each.name: each.held for each in manifests(config).values()}
        self.capacity = int(self._memory() * OURS)
        scheduler = Scheduler(self.costs, Memory(self.capacity, weights), Policy(batch_most=BATCH_MOST))
        self.turnstile = Turnstile(scheduler, swap=self._swap, settle=self.settle, joules=self.joules)
        self._accelerators = self._suitable() if accelerators is None else accelerators
        self.builder = Builder()
        self._preparing: dict[str, Preparing] = {}
        self._pipes: dict[str, Any] = {}
        self._shows: dict[str, previews.Show | None] = {}
        self._embeddings = Embeddings()
        self._styles: dict[str, Styles] = {}
        self._caches: dict[str, StepCache] = {}
        self._networks: dict[str, Networks] = {}
        self._waiting: dict[str, Future[Any]] = {}  #: loaded, or being loaded, into the host's memory
        self._lock = threading.Lock()
        #: Told why, when the device fails its self-test.
        self.when_sick: list[Callable[[str], object]] = []

    def run(
        self, request: Request, item: T, make: Callable[[Turn, Sequence[T]], Sequence[R]], heed: Heed = nobody
    ) -> R:
        """As `Turnstile.run`; where memory runs out, the other models make room and it is tried once more.

        Raises `DeviceMemoryError` where that was not enough, `SickError` where the device fails its self-test.
        """

        if not self.turnstile.fits(request):
            self.builder.give_way(f"a clip of {request.work.model} needs the memory")
            self.turnstile.set_aside(0)

        def sparing(turn: Turn, items: Sequence[T]) -> Sequence[R]:
            try:
                return make(turn, items)
            except self._torch.OutOfMemoryError:
                metrics.OUT_OF_MEMORY.inc()
                log.warning("out of memory, once more without the other models", model=request.work.model)
            except RuntimeError as error:
                self.diagnose(error)
                raise
            self._make_room(request.work.model)
            try:
                return make(turn, items)
            except self._torch.OutOfMemoryError:
                told = f"{self.name} is out of memory for {request.work.model}"
            # Outside, where the traceback no longer holds what the clip had allocated.
            self._drop("")
            raise DeviceMemoryError(told, company=len(items))

        return self.turnstile.run(request, item, sparing, first(lambda: self._foresee(request), heed))

    def _foresee(self, request: Request) -> None:
        """Say so where, by what clips took before, the deadline will not be kept. It is made all the same."""
        if not self.turnstile.feasible(request.key):
            metrics.INFEASIBLE.labels(lane=request.lane.value).inc()
            log.info("the deadline will not be kept", model=request.work.model, lane=request.lane.value)

    def pipe(self, name: str) -> Any:
        """The pipeline of a model, on the device: loaded where it is not yet. Called by whoever has the turn."""
        if name not in self._pipes:
            self._pipes[name] = self._load(manifest(name, self._config))
        return self._pipes[name]

    def choice(self, name: str) -> Choice:
        """What a model runs on here now. What must be built or proven for more is begun; until then it is eager."""
        return self._prepared(name).choice if self._accelerators else EAGER

    def prepared(self, name: str, told: Callable[[str], object] = lambda _: None) -> Choice:
        """What a model runs on here for good: waits until its engines are built; `told` hears how far they are."""
        while self._accelerators and not (found := self._prepared(name)).done.wait(0.2):
            told(found.progress)
        return self.choice(name)

    def _prepared(self, name: str) -> Preparing:
        with self._lock:
            if name not in self._preparing:
                self._preparing[name] = Preparing(self, name)
                self._preparing[name].start()
            return self._preparing[name]

    def attempt(self, name: str, preparing: Preparing) -> Ordered | None:
        """In a turn: let the engines that there are take over; what must be built before that, or None at the end."""

        def take_over(turn: Turn) -> Ordered | None:
            with self.making(name, turn):
                return self._take_over(manifest(name, self._config), self.pipe(name), preparing)

        return self._in_turn(name, take_over)

    def make_way(self, name: str) -> None:
        """In a turn: let go of the models that do not fit beside this one and what is set aside."""
        self._in_turn(name, lambda _turn: self._drop(""))

    def needed(self, name: str, size: int) -> int:
        """Bytes that building an engine takes: the module twice, as it is and as it will be, and what it computes."""
        return 2 * size + int(manifest(name, self._config).memory.peak * GIB)

    def _in_turn(self, name: str, work: Callable[[Turn], T]) -> T:
        """Done in a turn of the least urgent lane, with the model on the device."""
        asked = Work(model=name, width=16, height=16, frames=1, steps=1, backend="eager")
        peak = int(manifest(name, self._config).memory.peak * GIB)
        request = Request(key=f"prepare {name}", work=asked, lane=PREPARING, peak=peak, held=peak // 10)
        return self.run(request, name, lambda turn, names: [work(turn) for _ in names])

    def _take_over(self, wanted: Manifest, pipe: Any, preparing: Preparing) -> Ordered | None:
        try:
            preparing.choice = self._accelerate(wanted, pipe, preparing.refused)
        except NotBuiltError as error:
            stage: Stage = "vae" if error.missing[0].part.startswith("vae") else "denoiser"
            folder, dtype = locate(wanted, self._config), wanted.precision(stage)
            fp8 = wanted.fp8 and stage == "denoiser"
            return order(cast(Engines, error.accelerator), error.missing, folder, dtype, fp8=fp8)
        return None

    def stop(self) -> None:
        """Let every waiting thread go, and build nothing any more."""
        self.builder.stop()
        self.turnstile.stop()

    def serving(self, name: str, before: str) -> str:
        """The model to use now where `name` stands in for `before`: that one until `name` is loaded beside it."""
        if name in self._pipes or before not in self._pipes:
            return name
        with self._lock:
            if name not in self._waiting:
                self._waiting[name] = Future()
                threading.Thread(target=self._warm, args=(name, self._waiting[name]), daemon=True).start()
        loaded = self._waiting[name]
        return name if loaded.done() and loaded.exception() is None else before

    def _warm(self, name: str, loaded: Future[Any]) -> None:
        try:
            wanted = manifest(name, self._config)
            loaded.set_result(load(wanted, locate(wanted, self._config)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the old model goes on
            log.error("the model that was to stand in cannot be loaded", model=name, reason=str(error))
            loaded.set_exception(error)

    def shell(self, name: str) -> Any:
        """A pipeline for one clip. Called by whoever has the turn."""
        own = shell(self.pipe(name))
        self._embeddings.lend(name, own)
        return own

    def styles(self, name: str) -> Styles:
        """The styles of a loaded model. Used by whoever has the turn."""
        self.pipe(name)
        return self._styles[name]

    @contextmanager
    def making(self, name: str, turn: Turn, mix: Mix = ()) -> Iterator[boundaries.Here]:
        """Until the end the modules of a model are this turn's, with that mix of styles; whoever goes first in between
        leaves no trace. Raises as `Styles.use`."""
        styles, cache = self.styles(name), self.cache(name)

        def leave() -> Callable[[], None]:
            remember = cache.leave()

            def again() -> None:
                styles.use(mix)
                remember()

            return again

        styles.use(mix)
        with cache.clip(), boundaries.making(turn, leave) as here:
            yield here

    def cache(self, name: str) -> StepCache:
        """The step cache of a loaded model. Used by whoever has the turn."""
        self.pipe(name)
        return self._caches[name]

    def networks(self, name: str) -> Networks:
        """Those that a model's frames go through: loaded, where they are not yet, in a turn of their own."""
        post = manifest(name, self._config).post
        if not post.networks:
            return Networks()
        if found := self._networks.get(name):
            return found
        work = Work(model=name, width=16, height=16, frames=1, steps=1, backend="eager")
        peak = int(post.peak * GIB)
        request = Request(key=f"networks {name}", work=work, lane=Lane.INTERACTIVE, peak=peak, batch_most=1)

        def make(_turn: Turn, names: Sequence[str]) -> Sequence[Networks]:
            self.pipe(name)  # they are dropped with it
            self._networks[name] = loaded(post, self.place)
            for told in self._networks[name].fallbacks:
                log.warning("a classical filter takes a network's place", model=name, it=told.backend, why=told.reason)
            return [self._networks[name]] * len(names)

        return self.run(request, name, make)

    def show(self, name: str) -> previews.Show | None:
        """From the latents of a loaded model to a picture, for previews; None where nothing can tell."""
        return self._shows.get(name)

    def warm(self, name: str) -> None:
        """Load a model and make a step at its first shape, so that the first clip waits for nothing: engines that are
        built already take over, others are begun. Measure what it gains to make several clips at once, where its
        manifest allows that."""
        wanted = manifest(name, self._config)
        work = Work(model=name, width=16, height=16, frames=1, steps=1, backend="eager")
        request = Request(key=f"warm {name}", work=work, lane=Lane.INTERACTIVE)

        def step(_turn: Turn, names: Sequence[str]) -> Sequence[None]:
            with self.cache(name).clip():
                self.shell(name)(**one_step(self.pipe(name), wanted, wanted.shapes[0]))
            return [None] * len(names)

        self.run(request, name, step)
        if self._accelerators:
            self._prepared(name).tried.wait(LONGEST_WAIT_S)
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

    def _load(self, wanted: Manifest) -> Any:
        began, waiting = time.monotonic(), self._waiting.pop(wanted.name, None)
        ready = waiting.result() if waiting and waiting.done() and not waiting.exception() else None
        from gpu_consumers.generation.float8 import fuses, placed

        if wanted.fp8:
            fuses(self.place)  # refused before all is read for nothing
        pipe = placed(ready or load(wanted, locate(wanted, self._config)), self.place)
        self._caches[wanted.name] = StepCache(pipe, wanted)
        self._promised(wanted, pipe)
        boundaries.install(pipe, blocks=wanted.boundaries == "blocks")
        self._shows[wanted.name] = _show(pipe, wanted, self.place)
        self._styles[wanted.name] = Styles(pipe, wanted, self._config)
        self.settle()
        with self._lock:
            self.costs.learn_load(wanted.name, time.monotonic() - began)
        log.info("model loaded", model=wanted.name, device=self.name, seconds=round(time.monotonic() - began, 2))
        return pipe

    def _promised(self, wanted: Manifest, pipe: Any) -> None:
        """A model that comes back runs on what clips were promised; where that is gone, it is prepared anew."""
        with self._lock:
            before = self._preparing.get(wanted.name)
        if before is None or not before.choice.settled or before.choice.label == EAGER.label:
            return
        if self._take_over(wanted, pipe, before) is not None:
            with self._lock:
                self._preparing.pop(wanted.name)

    def _accelerate(self, wanted: Manifest, pipe: Any, refused: Mapping[str, Mapping[str, str]]) -> Choice:
        steps = [(shape.bucket, one_step(pipe, wanted, shape)) for shape in wanted.shapes]
        pieces = [one for bucket, step in steps for one in decoding(pipe, bucket, step)]
        vae = accelerate(pieces, self._accelerators, wanted.precision("vae"), refused.get("vae"))
        if wanted.cache:
            reason = "its manifest names a step cache, which skips compiled blocks"
            return replace(EAGER, fallbacks=(Fallback(backend="accelerators", reason=reason),)).beside(vae)
        found = [one for bucket, step in steps for one in examples(pipe, bucket, step)]
        precision = "fp8" if wanted.fp8 else wanted.precision("denoiser")
        holding = {TensorRT.name: "its engines hold their weights, which styles change"} if wanted.styles else {}
        given_up = {**refused.get("denoiser", {}), **holding}
        return accelerate(found, self._accelerators, precision, given_up).beside(vae)

    def _suitable(self) -> list[Accelerator]:
        """Those of the settings. Compiling for the CPU takes longer than it saves, so none there."""
        if not self._cuda:
            return []
        cache = EngineCache(self._config.data_dir / "engines", int(self._config.engine_cache_gib * GIB))
        known: dict[str, Accelerator] = {
            "tensorrt": TensorRT(cache, self.place), "inductor": Inductor(cache, self.place), "eager": Eager()
        }  # fmt: skip
        if unknown := set(self._config.accelerators) - set(known):
            raise ConfigurationError(f"there is no accelerator {', '.join(sorted(unknown))}")
        return [known[name] for name in self._config.accelerators]

    def _swap(self, evict: tuple[str, ...], wanted: str | None) -> None:
        for name in evict:
            self._drop(name)
        if wanted:
            self.pipe(wanted)

    def _drop(self, name: str) -> None:
        self._embeddings.forget(name)
        self._shows.pop(name, None)
        self._styles.pop(name, None)
        self._caches.pop(name, None)
        self._networks.pop(name, None)
        if self._pipes.pop(name, None) is not None:
            log.info("model dropped", model=name, device=self.name)
        gc.collect()
        if self._cuda:
            self._torch.cuda.empty_cache()

    def _make_room(self, kept: str) -> None:
        for name in [name for name in self._pipes if name != kept]:
            self._drop(name)
        self._drop("")

    def settle(self) -> None:
        """Wait until the device has done what it was asked to."""
        if self._cuda:
            self._torch.cuda.synchronize(self.place)

    def _memory(self) -> int:
        if self._cuda:
            return int(self._torch.cuda.get_device_properties(self.place).total_memory)
        import psutil

        return int(psutil.virtual_memory().total)

    def _formula(self, work: Work) -> Phases:
        architecture = manifest(work.model, self._config).architecture
        return self._chip.phases(replace(architecture, passes=work.passes or architecture.passes), work)


def _show(pipe: Any, wanted: Manifest, place: Any) -> previews.Show | None:
    """By the tiny VAE that the manifest names, where it suits the latents; else by the linear map."""
    mapping = _mapping(pipe, wanted.name)
    if wanted.preview_vae is not None:
        try:
            tiny = TinyDecoder(wanted.preview_vae, place)
        except BackendError as error:
            log.warning("the tiny VAE cannot be used", model=wanted.name, reason=str(error))
        else:
            if mapping is None or tiny.channels == len(mapping) - 1:
                return tiny.decode
            log.warning("the tiny VAE is for other latents", model=wanted.name, channels=tiny.channels)
    return None if mapping is None else partial(previews.applied, mapping)


def _mapping(pipe: Any, name: str) -> previews.Values | None:
    try:
        return previews.mapping_of(pipe)
    except Exception as error:  # noqa: BLE001 - previews are a courtesy: whatever a VAE lacks, clips are made
        log.info("no previews of this model", model=name, reason=f"{type(error).__name__}: {error}"[:300])
        return None
