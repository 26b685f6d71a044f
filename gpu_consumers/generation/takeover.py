"""What a device's models run on: engines that were built take over from eager, in turns of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar, cast

from gpu_consumers.acceleration.backends import Engines
from gpu_consumers.acceleration.buckets import fast_in, restore, travels
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.chain import Choice, NotBuiltError, accelerate
from gpu_consumers.acceleration.examples import decoding, examples
from gpu_consumers.acceleration.kinds import accelerators
from gpu_consumers.generation.builder import Builder, Ordered, order
from gpu_consumers.generation.loading import one_step
from gpu_consumers.generation.manifest import GIB, Manifest, Stage, manifest
from gpu_consumers.generation.preparing import EAGER, Preparing
from gpu_consumers.generation.weights import locate
from gpu_consumers.ports import Accelerator
from gpu_consumers.scheduling.places import Turn
from infra.settings import Settings
from schemas.values import Lane

if TYPE_CHECKING:
    from gpu_consumers.generation.device import Device

T = TypeVar("T")
#: The lane in which engines are proven and take over.
PREPARING = Lane.BULK


class Takeover:
    """Of all models on one device. Needs torch."""

    def __init__(self, device: Device, config: Settings, accelerators: Sequence[Accelerator]) -> None:
        self._device, self._config, self._accelerators = device, config, accelerators
        self.builder = Builder()
        self._preparing: dict[str, Preparing] = {}
        self._lock = threading.Lock()

    @property
    def any(self) -> bool:
        """Whether there is anything but eager."""
        return bool(self._accelerators)

    def choice(self, name: str) -> Choice:
        """What a model runs on here now. What must be built or proven for more is begun; until then it is eager."""
        return self.begun(name).choice if self._accelerators else EAGER

    def prepared(self, name: str, told: Callable[[str], object] = lambda _: None) -> Choice:
        """What a model runs on here for good: waits until its engines are built; `told` hears how far they are."""
        while self._accelerators and not (found := self.begun(name)).done.wait(0.2):
            told(found.progress)
        return self.choice(name)

    def begun(self, name: str) -> Preparing:
        """How far a model is on its way; begun here, if it was not."""
        with self._lock:
            if name not in self._preparing:
                self._preparing[name] = Preparing(self._device, self, name)
                self._preparing[name].start()
            return self._preparing[name]

    def attempt(self, name: str, preparing: Preparing) -> Ordered | None:
        """In a turn: let the engines that there are take over; what must be built before that, or None at the end."""

        def take_over(turn: Turn) -> Ordered | None:
            with self._device.making(name, turn):
                return self._take_over(manifest(name, self._config), self._device.pipe(name), preparing)

        return self._in_turn(name, take_over)

    def make_way(self, name: str) -> None:
        """In a turn: let go of the models that do not fit beside this one and what is set aside."""
        self._in_turn(name, lambda _turn: self._device.models.free())

    def needed(self, name: str, size: int) -> int:
        """Bytes that building an engine takes: the weights, and what the module computes."""
        return size + self._device.peak(manifest(name, self._config))

    def _in_turn(self, name: str, work: Callable[[Turn], T]) -> T:
        """Done in a turn of the least urgent lane, with the model on the device."""
        peak = self._device.peak(manifest(name, self._config))
        return self._device.in_turn("prepare", name, work, lane=PREPARING, peak=peak, held=peak // 10)

    def _take_over(self, wanted: Manifest, pipe: Any, preparing: Preparing) -> Ordered | None:
        try:
            preparing.choice = self._accelerate(wanted, pipe, preparing.refused)
        except NotBuiltError as error:
            stage: Stage = "vae" if error.missing[0].part.startswith("vae") else "denoiser"
            folder, dtype = locate(wanted, self._config), wanted.precision(stage)
            fp8 = wanted.fp8 and stage == "denoiser"
            return order(cast(Engines, error.accelerator), error.missing, folder, dtype, fp8=fp8)
        return None

    def leaving(self, pipe: Any, *, all_of_them: bool = False) -> None:
        """A model goes to the host's memory, and its engines with it; unless one would keep memory of the device's, or
        they are not `all_of_them`'s that it should have: then they are let go."""
        fast = _with_engines(pipe)
        if all_of_them or not all(map(travels, fast)):
            for module in fast:
                restore(module)

    def promised(self, wanted: Manifest, pipe: Any) -> None:
        """A model that comes back runs on what clips were promised: on engines that went with it, else on those in the
        cache, once more proven; where they are gone, it is prepared anew."""
        if fast := _with_engines(pipe):
            for each, module in product(self._accelerators, fast):
                each.moved(module)
            return
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
        found = [one for bucket, step in steps for one in examples(pipe, bucket, step)]
        precision = "fp8" if wanted.fp8 else wanted.precision("denoiser")
        return accelerate(found, self._accelerators, precision, refused.get("denoiser")).beside(vae)


def _with_engines(pipe: Any) -> list[Any]:
    """The modules of a pipeline that engines stand in for."""
    parts = (part for part in pipe.components.values() if hasattr(part, "modules"))
    return [one for part in parts for one in fast_in(part)]


def suitable(config: Settings, place: Any) -> list[Accelerator]:
    """Those of the settings. Compiling for the CPU takes longer than it saves, so none there."""
    if place.type != "cuda":
        return []
    cache = EngineCache(config.data_dir / "engines", int(config.engine_cache_gib * GIB))
    return accelerators(config.accelerators, cache, place)
