"""The chain: each accelerator in turn until one works and computes the same; why the others did not is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_consumers.acceleration.backends import Eager, NoEngineError
from gpu_consumers.acceleration.keys import signature
from gpu_consumers.acceleration.parity import Parity, compare, numbers
from gpu_consumers.errors import BackendError
from gpu_consumers.ports import Accelerator, Example
from infra.errors import SwipestreamError
from infra.storage.artifacts import fingerprint
from infra.telemetry import logs
from schemas.videos import Fallback

log = logs.get("acceleration")


@dataclass(frozen=True)
class Wanted:
    """A module that is to be made fast, at the arguments that it gets in one bucket of shapes."""

    module: Any
    bucket: str
    example: Example
    part: str = ""  #: which of the pipeline's it is: `transformer`, `vae.decoder`
    proof: Callable[[], Any] | None = None  #: runs all that the module is used for; none: the example is enough

    def result(self, run: Callable[..., Any]) -> npt.NDArray[np.float32]:
        """What comes of it, where the module itself runs as `run`."""
        import torch

        given = self.example.fresh()
        with torch.no_grad():
            return numbers(self.proof() if self.proof else run(*given.args, **given.kwargs))


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

    def __init__(self, accelerator: Accelerator, missing: Sequence[Wanted]) -> None:
        super().__init__(f"{accelerator.name}: {len(missing)} engines are not built")
        self.accelerator, self.missing = accelerator, missing


class Here(threading.local):
    """Whether this thread's clip was promised to be made eagerly."""

    plain: bool = False


_here = Here()


@contextmanager
def keeping(choice: Choice) -> Iterator[None]:
    """Until the end this thread uses what was chosen, even where something faster has taken over since."""
    _here.plain = not choice.settled
    try:
        yield
    finally:
        _here.plain = False


class Buckets:
    """A forward pass that is fast for the shapes it was prepared for, and the module's own for all others.

    `held`: the weights, by name, of which the fast ones have copies.
    """

    def __init__(self, own: Callable[..., Any], held: Iterable[str] = ()) -> None:
        self._own, self.held = own, frozenset(held)
        self._fast: dict[tuple[Any, ...], Callable[..., Any]] = {}
        self._strange: set[tuple[Any, ...]] = set()

    def add(self, example: Example, fast: Callable[..., Any]) -> None:
        """Use `fast` for arguments like the example's (`keys.signature`)."""
        self._fast[signature(*example.args, **example.kwargs)] = fast

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _here.plain:
            return self._own(*args, **kwargs)
        asked = signature(*args, **kwargs)
        if asked not in self._fast and asked not in self._strange:
            self._strange.add(asked)
            log.info("no engine for these arguments, they run eagerly", arguments=str(asked)[:2000])
        return self._fast.get(asked, self._own)(*args, **kwargs)


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
    plain = [one.result(_own(one)) for one in wanted]
    for each in accelerators if wanted else ():
        if each.name == Eager.name:
            break
        try:
            if each.name in refused:
                raise BackendError(refused[each.name])
            if missing := [one for one in wanted if not each.ready(one.module, one.example.fresh(), one.bucket)]:
                raise NotBuiltError(each, missing)
            parity = tuple(_install(one, each, values, dtype) for one, values in zip(wanted, plain, strict=True))
        except NotBuiltError:
            for one in wanted:
                restore(one.module)
            raise
        except BackendError as error:
            log.warning("accelerator given up", accelerator=each.name, reason=str(error))
            told.append(Fallback(backend=each.name, reason=str(error)[:2000]))
            for one in wanted:
                restore(one.module)
            continue
        log.info("accelerator in use", accelerator=each.name, parity=[str(one) for one in parity])
        return Choice(each.name, each.fingerprint(), tuple(told), parity)
    return Choice(Eager.name, Eager().fingerprint(), tuple(told))


def _install(wanted: Wanted, accelerator: Accelerator, plain: Any, dtype: str) -> Parity:
    module, own = wanted.module, _own(wanted)
    try:
        fast = accelerator.prepare(module, wanted.example.fresh(), wanted.bucket)
    except NoEngineError as error:  # its bytes were read for the first time, and are not those that were built
        raise NotBuiltError(accelerator, [wanted]) from error
    if not isinstance(module.__dict__.get("forward"), Buckets):
        module.forward = Buckets(own, accelerator.holds(module))
    module.forward.add(wanted.example, fast)
    try:
        parity = compare(plain, wanted.result(fast))
    except SwipestreamError:
        raise
    except Exception as error:  # what was compiled may fail where it is first used for the whole
        raise BackendError(f"{wanted.bucket}: {type(error).__name__}: {str(error)[:500]}") from error
    if not parity.holds(dtype):
        raise BackendError(f"{wanted.bucket}: it drifts from eager: {parity}")
    return parity


def _own(wanted: Wanted) -> Callable[..., Any]:
    return Eager().prepare(wanted.module, wanted.example, wanted.bucket)


def held(module: Any) -> frozenset[str]:
    """The weights of a module, by name, that are not to be changed in place: what it runs on has copies of them."""
    forward = module.__dict__.get("forward")
    return forward.held if isinstance(forward, Buckets) else frozenset()


def restore(module: Any) -> None:
    """The module as it was loaded."""
    module.__dict__.pop("forward", None)
