"""The chain: each accelerator in turn until one works and computes the same; why the others did not is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_consumers.acceleration.backends import Eager, NoEngineError
from gpu_consumers.acceleration.buckets import restore, seated
from gpu_consumers.acceleration.parity import Parity, compare, numbers
from gpu_consumers.errors import BackendError, TransientBackendError
from gpu_consumers.generation.faults import memory_named
from gpu_consumers.ports import Accelerator, Example
from infra.errors import SwipestreamError
from infra.storage.artifacts import fingerprint
from infra.telemetry import logs
from schemas.videos import Fallback

log = logs.get("acceleration")


@dataclass(frozen=True)
class Region:
    """What one engine computes: a module, at the arguments that it gets in one bucket of shapes."""

    module: Any
    bucket: str
    example: Example
    part: str = ""  #: which of the pipeline's it is: `transformer`, `transformer.blocks.0`, `vae.decoder`
    #: Modules by their part that differ from it in their weights alone, and get the same arguments.
    twins: Mapping[str, Any] = field(default_factory=dict)

    def each(self) -> Iterator[Region]:
        """It and its twins, one by one."""
        for part, module in {self.part: self.module, **self.twins}.items():
            yield Region(module, self.bucket, self.example, part)


@dataclass(frozen=True)
class Wanted(Region):
    """A module that is to be made fast: by its repeated blocks where it has some, else as a whole."""

    proof: Callable[[], Any] | None = None  #: runs all that the module is used for; none: the example is enough
    blocks: tuple[Region, ...] = ()
    skipping: bool = False  #: a step cache leaves out some of its blocks
    writing: bool = False  #: it answers by writing into the lists that it gets, too

    @property
    def regions(self) -> Sequence[Region]:
        """What engines are for. Raises `BackendError` where none would heed the step cache, or what it writes."""
        if self.writing:
            raise BackendError(f"{type(self.module).__name__} writes into its arguments, of which engines take copies")
        if self.skipping and not self.blocks:
            raise BackendError(
                f"{type(self.module).__name__} has no repeated blocks, and a step cache skips parts of it"
            )
        return self.blocks or [self]

    def places(self) -> list[Region]:
        """Every region and its twins, one by one. Raises as `regions`."""
        return [one for region in self.regions for one in region.each()]

    def result(self) -> npt.NDArray[np.float32]:
        """What comes of it, on whatever it and its blocks run now."""
        import torch

        given = self.example.fresh()
        with torch.no_grad():
            return numbers(self.proof() if self.proof else self.module(*given.args, **given.kwargs))


@dataclass(frozen=True)
class Choice:
    """What a model's modules run on from now on."""

    name: str
    fingerprint: str
    fallbacks: tuple[Fallback, ...] = ()
    parity: tuple[Parity, ...] = ()  #: beside eager, in each bucket
    vae: str = Eager.name  #: what the VAE's decoder runs on
    settled: bool = True  #: False: it runs eagerly for as long as engines are built

    @property
    def label(self) -> str:
        """Its name for events and the cost model."""
        return self.name if self.name == self.vae else f"{self.name}, vae {self.vae}"

    def of(self, clips: int) -> Choice:
        """What so many clips run on that are made at once: engines are built for one, so several run eagerly."""
        return self if clips == 1 else replace(self, name=Eager.name, vae=Eager.name, settled=False)

    def beside(self, vae: Choice) -> Choice:
        """That of the denoiser, which this is, and that of the VAE's decoder as one."""
        told = tuple(Fallback(backend=f"{one.backend} (vae)", reason=one.reason) for one in vae.fallbacks)
        key = fingerprint(denoiser=self.fingerprint, vae=vae.fingerprint)
        return Choice(self.name, key, self.fallbacks + told, self.parity + vae.parity, vae.name)


class NotBuiltError(Exception):
    """An accelerator that would be next has not all of its engines yet."""

    def __init__(self, accelerator: Accelerator, missing: Sequence[Region]) -> None:
        super().__init__(f"{accelerator.name}: {len(missing)} engines are not built")
        self.accelerator, self.missing = accelerator, missing


def accelerate(
    wanted: Sequence[Wanted], accelerators: Sequence[Accelerator], dtype: str, refused: Mapping[str, str] | None = None
) -> Choice:
    """Let the first accelerator that does all of `wanted`, and does it right, take over; `eager` is always left.

    One whose results are further from the plain ones than the precision of the weights explains is given up, and so
    are those in `refused`, with the reason there. Raises `NotBuiltError` where something must be built first.
    """
    told, refused = list[Fallback](), refused or {}
    for one in wanted:
        restore(one.module)
    plain = [one.result() for one in wanted]
    for each in accelerators if wanted else ():
        if each.name == Eager.name:
            break
        try:
            if each.name in refused:
                raise BackendError(refused[each.name])
            regions = [region for one in wanted for region in one.places()]
            if missing := [one for one in regions if not each.ready(one.module, one.example.fresh(), one.bucket)]:
                raise NotBuiltError(each, missing)
            parity = tuple(_install(one, each, values, dtype) for one, values in zip(wanted, plain, strict=True))
        except BaseException as error:
            for one in wanted:
                restore(one.module)
            if not isinstance(error, BackendError) or isinstance(error, TransientBackendError):
                raise  # nothing is known against the accelerator: the turn was lost, memory ran out, the worker stops
            log.warning("accelerator given up", accelerator=each.name, reason=str(error))
            told.append(Fallback(backend=each.name, reason=str(error)[:2000]))
            continue
        log.info("accelerator in use", accelerator=each.name, parity=[str(one) for one in parity])
        return Choice(each.name, each.fingerprint(), tuple(told), parity)
    return Choice(Eager.name, Eager().fingerprint(), tuple(told))


def _install(wanted: Wanted, accelerator: Accelerator, plain: Any, dtype: str) -> Parity:
    import torch

    for region in wanted.places():
        _seat(region, accelerator)
    try:
        with memory_named(next(wanted.module.parameters()).device):
            parity = compare(plain, wanted.result())
    except (SwipestreamError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # what was compiled may fail where it is first used for the whole
        raise BackendError(f"{wanted.bucket}: {type(error).__name__}: {str(error)[:500]}") from error
    if not parity.holds(dtype):
        raise BackendError(f"{wanted.bucket}: it drifts from eager: {parity}")
    return parity


def _seat(region: Region, accelerator: Accelerator) -> None:
    module = region.module
    try:
        fast = accelerator.prepare(module, region.example.fresh(), region.bucket)
    except NoEngineError as error:  # its bytes are not those that were built, or it is a twin that needs others
        raise NotBuiltError(accelerator, [region]) from error
    seated(module).add(region.example, fast, accelerator.holds(module), travels=accelerator.travels)
