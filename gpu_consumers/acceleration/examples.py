"""The arguments that a pipeline's denoisers get, found by making one step of a clip."""

from __future__ import annotations

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
    return [Wanted(module, bucket, seen[name]) for name, module in denoisers(pipe) if name in seen]


def _keep(name: str, seen: dict[str, Example]) -> Any:
    def keep(_module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        seen.setdefault(name, Example(args, dict(kwargs)))

    return keep
