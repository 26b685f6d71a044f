"""The arguments that a pipeline's denoisers and its VAE's decoder get, found by making one step of a clip."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from typing import Any

from gpu_consumers.acceleration.chain import Wanted
from gpu_consumers.generation.loading import denoisers, shell
from gpu_consumers.ports import Example


def examples(pipe: Any, bucket: str, arguments: Mapping[str, Any]) -> list[Wanted]:
    """Each denoiser with its first arguments at that shape. `arguments` are those of the pipeline's call."""
    seen: dict[str, Example] = {}
    hooks = [module.register_forward_pre_hook(_keep(name, seen), with_kwargs=True) for name, module in denoisers(pipe)]
    try:
        shell(pipe)(**arguments)
    finally:
        for hook in hooks:
            hook.remove()
    return [Wanted(module, bucket, seen[name], name) for name, module in denoisers(pipe) if name in seen]


def decoding(pipe: Any, bucket: str, arguments: Mapping[str, Any]) -> list[Wanted]:
    """The VAE's decoder with its first arguments at that shape; none where the pipeline has none.

    Some decoders are called for one piece of a clip after another and remember, so it is proven on all of its latents.
    """
    decoder = getattr(getattr(pipe, "vae", None), "decoder", None)
    if decoder is None:
        return []
    pieces: dict[str, Example] = {}
    clips: dict[str, Example] = {}
    own, hook = shell(pipe), decoder.register_forward_pre_hook(_keep("", pieces), with_kwargs=True)
    decode = own.vae.decode

    def noting(*args: Any, **kwargs: Any) -> Any:
        clips.setdefault("", Example(args, kwargs))
        return decode(*args, **kwargs)

    own.vae.decode = noting
    try:
        own(**{**arguments, "output_type": "np"})
    finally:
        hook.remove()
    if not (pieces and clips):
        return []
    whole = clips[""]

    def proof() -> Any:
        return copy.copy(pipe.vae).decode(*whole.args, **whole.kwargs)

    return [Wanted(decoder, bucket, pieces[""], "vae.decoder", proof)]


def _keep(name: str, seen: dict[str, Example]) -> Any:
    own = threading.get_ident()  # clips of other threads may come in between

    def keep(_module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if threading.get_ident() == own:
            seen.setdefault(name, Example(args, kwargs).fresh())

    return keep
