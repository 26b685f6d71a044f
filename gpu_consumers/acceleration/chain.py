"""The chain: each accelerator in turn until one works and computes the same; why the others did not is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gpu_consumers.acceleration.backends import Eager, Inductor
from gpu_consumers.acceleration.parity import Parity, compare, numbers
from gpu_consumers.errors import BackendError
from gpu_consumers.ports import Accelerator, Example
from infra.telemetry import logs
from schemas.videos import Fallback

log = logs.get("acceleration")


@dataclass(frozen=True)
class Wanted:
    """A module that is to be made fast, at the arguments that it gets in one bucket of shapes."""

    module: Any
    bucket: str
    example: Example


@dataclass(frozen=True)
class Choice:
    """What a model's modules run on from now on."""

    name: str
    fingerprint: str
    fallbacks: tuple[Fallback, ...] = ()
    parity: tuple[Parity, ...] = ()  #: beside eager, in each bucket


class Buckets:
    """A forward pass that is fast for the shapes it was prepared for, and the module's own for all others."""

    def __init__(self, own: Callable[..., Any]) -> None:
        self._own = own
        self._fast: dict[tuple[Any, ...], Callable[..., Any]] = {}

    def add(self, example: Example, fast: Callable[..., Any]) -> None:
        """Use `fast` for arguments of the example's shapes and dtypes."""
        self._fast[_shapes(*example.args, **example.kwargs)] = fast

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._fast.get(_shapes(*args, **kwargs), self._own)(*args, **kwargs)


def accelerate(wanted: Sequence[Wanted], accelerators: Sequence[Accelerator], dtype: str) -> Choice:
    """Let the first accelerator that does all of `wanted`, and does it right, take over; `eager` is always left.

    One whose results are further from the plain ones than the precision of the weights explains is refused.
    """
    told: list[Fallback] = []
    for each in accelerators:
        if each.name == Eager.name:
            break
        try:
            parity = tuple(_install(one, each, dtype) for one in wanted)
        except BackendError as error:
            log.warning("accelerator given up", accelerator=each.name, reason=str(error))
            told.append(Fallback(backend=each.name, reason=str(error)[:2000]))
            for one in wanted:
                restore(one.module)
            continue
        log.info("accelerator in use", accelerator=each.name, parity=[str(one) for one in parity])
        return Choice(each.name, each.fingerprint(), tuple(told), parity)
    return Choice(Eager.name, Eager().fingerprint(), tuple(told))


def _install(wanted: Wanted, accelerator: Accelerator, dtype: str) -> Parity:
    import torch

    module, example = wanted.module, wanted.example
    own = Eager().prepare(module, example, wanted.bucket)
    with torch.no_grad():
        reference = numbers(own(*example.args, **example.kwargs))
        fast = accelerator.prepare(module, example, wanted.bucket)
        parity = compare(reference, numbers(fast(*example.args, **example.kwargs)))
    if not parity.holds(dtype):
        raise BackendError(f"{wanted.bucket}: it drifts from eager: {parity}")
    forward = module.__dict__.get("forward")
    if not isinstance(forward, Buckets):
        module.forward = forward = Buckets(own)
    forward.add(example, fast)
    return parity


def restore(module: Any) -> None:
    """The module as it was loaded."""
    module.__dict__.pop("forward", None)
    Inductor().undo(module)


def _shapes(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    named = [*enumerate(args), *sorted(kwargs.items())]
    return tuple((name, tuple(value.shape), value.dtype) for name, value in named if hasattr(value, "shape"))
