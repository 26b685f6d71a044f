"""Where a module's engines are: in place of its own forward pass, below whatever wraps that (a step cache's hooks)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from gpu_consumers.acceleration.keys import signature
from gpu_consumers.errors import BackendError
from gpu_consumers.ports import Example
from infra.telemetry import logs

log = logs.get("acceleration")

#: So many kinds of arguments without an engine are told of, for each module.
TOLD = 20
#: The attributes of a module that hold its buckets, and what runs when it is called.
_OWN, _FORWARD = "_buckets", "forward"


class Here(threading.local):
    """Whether this thread's clip was promised to be made eagerly."""

    plain: bool = False


_here = Here()


@contextmanager
def keeping(*, eager: bool) -> Iterator[None]:
    """Until the end this thread's clip is made as it was promised, even where something faster has taken over since."""
    before, _here.plain = _here.plain, eager
    try:
        yield
    finally:
        _here.plain = before


class Buckets:
    """A forward pass that is fast for the shapes it was prepared for, and the module's own for all others."""

    def __init__(self, own: Callable[..., Any]) -> None:
        self._own = own
        #: The weights, by name, of which the fast ones have copies.
        self.held = frozenset[str]()
        #: Whether the fast ones may stay where the module leaves the device.
        self.travels = True
        self._fast: dict[tuple[Any, ...], Callable[..., Any]] = {}
        self._strange: set[tuple[Any, ...]] = set()

    @property
    def empty(self) -> bool:
        """Whether there is nothing but the module's own."""
        return not self._fast

    def add(
        self, example: Example, fast: Callable[..., Any], held: Iterable[str] = (), *, travels: bool = True
    ) -> None:
        """Use `fast`, which has copies of the weights `held`, for arguments like the example's (`keys.signature`)."""
        self.held, self.travels = self.held | frozenset(held), self.travels and travels
        self._fast[signature(*example.args, **example.kwargs)] = fast

    def clear(self) -> None:
        """Use the module's own for all."""
        self._fast.clear()
        self.held, self.travels = frozenset(), True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _here.plain or self.empty:
            return self._own(*args, **kwargs)
        asked = signature(*args, **kwargs)
        if asked not in self._fast and asked not in self._strange and len(self._strange) < TOLD:
            self._strange.add(asked)
            log.info("no engine for these arguments, they run eagerly", arguments=str(asked)[:2000])
        return self._fast.get(asked, self._own)(*args, **kwargs)


def seated(module: Any) -> Buckets:
    """The module's buckets, put in place where there are none: what wraps its forward pass later wraps them.

    Raises `BackendError` where something wraps it already.
    """
    if _OWN not in module.__dict__:
        if _FORWARD in module.__dict__:
            raise BackendError(f"{type(module).__name__}: something else stands in for its forward pass")
        module.__dict__[_OWN] = module.__dict__[_FORWARD] = Buckets(type(module).forward.__get__(module))
    return module.__dict__[_OWN]  # type: ignore[no-any-return]


def fast_in(module: Any) -> Iterator[Any]:
    """Of a module and its parts, those that engines stand in for."""
    return (each for each in module.modules() if _OWN in each.__dict__ and not each.__dict__[_OWN].empty)


def travels(module: Any) -> bool:
    """Whether what a module itself runs on may stay where it leaves the device."""
    found: Buckets | None = module.__dict__.get(_OWN)
    return found is None or found.travels


def held(module: Any) -> frozenset[str]:
    """The weights of a module, by name, that are not to be changed in place: what it and its parts run on has copies
    of them."""
    found = ((path, each.__dict__.get(_OWN)) for path, each in module.named_modules())
    return frozenset(f"{path}.{name}".lstrip(".") for path, one in found if one is not None for name in one.held)


def restore(module: Any) -> None:
    """A module and its parts as they were loaded: no engine runs in them, and what wraps them stays."""
    for each in module.modules():
        if (found := each.__dict__.get(_OWN)) is None:
            continue
        found.clear()
        if each.__dict__.get(_FORWARD) is found:
            del each.__dict__[_OWN], each.__dict__[_FORWARD]
