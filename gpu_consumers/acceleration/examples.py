"""The arguments that a pipeline's denoisers, their blocks and its VAE's decoder get, found by making one step of a
clip."""

from __future__ import annotations

import copy
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gpu_consumers.acceleration import keys
from gpu_consumers.acceleration.buckets import keeping
from gpu_consumers.acceleration.chain import Region, Wanted
from gpu_consumers.generation.boundaries import repeated
from gpu_consumers.generation.caches import afresh
from gpu_consumers.generation.loading import denoisers, shell
from gpu_consumers.ports import Example

#: By the name of a module, the arguments that it got, one of each signature.
Seen = dict[str, dict[tuple[Any, ...], Example]]


def examples(pipe: Any, bucket: str, arguments: Mapping[str, Any]) -> list[Wanted]:
    """Each denoiser with each kind of arguments that it gets at that shape, and its repeated blocks with theirs.
    `arguments` are those of the pipeline's call."""
    parts = dict(denoisers(pipe))
    inner = {name: {f"{name}.{path}": block for path, block in repeated(module)} for name, module in parts.items()}
    every = {path: block for blocks in inner.values() for path, block in blocks.items()}
    with _noting(parts, Example.fresh) as seen, _noting(every, _outline) as within:
        shell(pipe)(**arguments)
    found = list[Wanted]()
    for name, given in seen.items():
        blocks = tuple(_alike(inner[name], within, bucket))
        skipping = bool(getattr(parts[name], "is_cache_enabled", False))
        found += [
            Wanted(parts[name], bucket, one, name, proof=_pass(parts[name], one), blocks=blocks, skipping=skipping)
            for one in given.values()
        ]
    return found


def _alike(blocks: Mapping[str, Any], seen: Seen, bucket: str) -> Iterator[Region]:
    """Blocks of one structure at arguments of one signature, together: one engine is enough for them."""
    groups: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for path, block in blocks.items():
        structure = keys.structure(block)
        for signature in seen.get(path, ()):
            groups[structure, signature].append(path)
    for (_, signature), (first, *others) in groups.items():
        twins = {path: blocks[path] for path in others}
        yield Region(blocks[first], bucket, seen[first][signature], first, twins)


def _pass(module: Any, example: Example) -> Callable[[], Any]:
    """A whole pass of a denoiser: its step cache, if it has one, skips nothing."""

    def run() -> Any:
        given = example.fresh()
        with afresh(module):
            return module(*given.args, **given.kwargs)

    return run


def decoding(pipe: Any, bucket: str, arguments: Mapping[str, Any]) -> list[Wanted]:
    """The VAE's decoder with its first arguments at that shape; none where the pipeline has none.

    Some decoders are called for one piece of a clip after another and remember, so it is proven on all of its latents.
    """
    decoder = getattr(getattr(pipe, "vae", None), "decoder", None)
    if decoder is None:
        return []
    clips: list[Example] = []
    own = shell(pipe)
    decode = own.vae.decode

    def noting(*args: Any, **kwargs: Any) -> Any:
        clips.append(Example(args, kwargs))
        return decode(*args, **kwargs)

    own.vae.decode = noting
    with _noting({"vae.decoder": decoder}, Example.fresh) as seen:
        own(**{**arguments, "output_type": "np"})
    if not (seen and clips):
        return []
    whole, piece = clips[0], next(iter(seen["vae.decoder"].values()))

    def proof() -> Any:
        return copy.copy(pipe.vae).decode(*whole.args, **whole.kwargs)

    return [Wanted(decoder, bucket, piece, "vae.decoder", proof=proof, writing=_writes(decoder, piece))]


def _writes(module: Any, example: Example) -> bool:
    """Whether a module leaves something else in what it gets: other values in lists and dicts, or in tensors."""
    import torch

    given = example.mapped(lambda value: value.clone() if hasattr(value, "clone") else value)
    before = given.mapped(_mark)
    with torch.no_grad(), keeping(eager=True):
        module(*given.args, **given.kwargs)
    return given.mapped(_mark) != before


def _mark(value: Any) -> Any:
    """The same for as long as nobody puts another value in its place or writes into it."""
    return id(value), getattr(value, "_version", 0), value  # which is kept, so that no other one gets its id


@contextmanager
def _noting(modules: Mapping[str, Any], keep: Callable[[Example], Example]) -> Iterator[Seen]:
    """What modules are called with until the end, by this thread: clips of others may come in between."""
    own, seen = threading.get_ident(), Seen()

    def note(name: str) -> Callable[..., None]:
        def noted(_module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            asked = keys.signature(*args, **kwargs)
            if threading.get_ident() == own and asked not in seen.get(name, ()):
                seen.setdefault(name, {})[asked] = keep(Example(args, kwargs))

        return noted

    hooks = [module.register_forward_pre_hook(note(name), with_kwargs=True) for name, module in modules.items()]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _outline(example: Example) -> Example:
    """Arguments of the same signature that take no memory: what a block gets is as large as all that it computes."""
    return example.mapped(
        lambda value: value.new_zeros(()).expand(value.shape) if hasattr(value, "new_zeros") else value
    )
