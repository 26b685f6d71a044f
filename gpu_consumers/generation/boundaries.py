"""Boundaries inside a pipeline: hooks at which the clip of this thread passes the turnstile.

Before each forward pass of a denoiser (or each of its blocks), and before each piece that the VAE decodes. Nothing of a
clip is recomputed: its thread waits inside the pipeline's own call, and what it has made so far waits with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gpu_consumers.generation.loading import denoisers
from gpu_consumers.scheduling.places import Turn

#: Where models of diffusers keep their repeated blocks.
BLOCKS = ("transformer_blocks", "blocks", "single_transformer_blocks")


#: Notes what of the modules' state is a clip's own; what it returns sets that again.
Leave = Callable[[], Callable[[], object]]


#: Told once, after a clip's first forward pass: with what the denoiser was called, and what it gave.
FirstPass = Callable[[Mapping[str, Any], Any], object]


class Here(threading.local):
    """The clip that this thread is making, when its first forward pass began, and who is told when that has ended."""

    turn: Turn | None = None
    leave: Leave | None = None
    encoded_s: float | None = None
    decoding: bool = False
    first: FirstPass | None = None


_here = Here()


@contextmanager
def making(turn: Turn, leave: Leave | None = None) -> Iterator[Here]:
    """What this thread does until the end is that clip's. `leave` is called before others may have the modules, and
    what it returned afterwards."""
    _here.turn, _here.encoded_s, _here.leave, _here.first = turn, None, leave, None
    try:
        yield _here
    finally:
        _here.turn = _here.leave = _here.first = None


@contextmanager
def undisturbed() -> Iterator[None]:
    """Until the end this thread gives way to nobody: a model is on its way onto the device."""
    turn, _here.turn = _here.turn, None
    try:
        yield
    finally:
        _here.turn = turn


def install(pipe: Any, *, blocks: bool) -> None:
    """Put the hooks into a pipeline's modules; they do nothing in threads that make no clip."""
    for _, module in denoisers(pipe):
        module.register_forward_pre_hook(_before_a_pass)
        module.register_forward_hook(_after_a_pass, with_kwargs=True)
        for _, block in repeated(module) if blocks else ():
            block.register_forward_pre_hook(_pass)
    decoder = getattr(pipe.vae, "decoder", None)
    if decoder is not None:
        decoder.register_forward_pre_hook(_pass)


def repeated(module: Any) -> Iterator[tuple[str, Any]]:
    """The blocks of a denoiser, by path; none where it is built otherwise (a U-Net)."""
    for name in BLOCKS:
        yield from ((f"{name}.{number}", block) for number, block in enumerate(getattr(module, name, ())))


def give_way() -> None:
    """Let others go first if they are more urgent, then set again what of the modules' state is this clip's. Nothing
    in threads that make no clip. Raises as `Turn.boundary`."""
    if _here.turn is None:
        return
    again = _here.leave() if _here.leave is not None else None
    _here.turn.boundary()
    if again is not None:
        again()


def _before_a_pass(*_: Any) -> None:
    give_way()
    if _here.turn is not None and _here.encoded_s is None:
        _here.encoded_s = _here.turn.used_s


def _after_a_pass(_module: Any, _args: Any, given: Mapping[str, Any], made: Any) -> None:
    if _here.turn is not None and (told := _here.first) is not None:
        _here.first = None
        told(given, made)


def _pass(*_: Any) -> None:
    give_way()
