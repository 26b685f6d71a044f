"""What a module computes, told without running it: for the keys of engines, and to know which engine a call may take.

Nothing is exported or traced here, so it costs a worker nothing: the classes, their settings and the versions of the
libraries decide the graph.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from gpu_consumers.generation.boundaries import give_way
from gpu_consumers.ports import Example

_PLAIN = (bool, int, float, str, tuple)


def signature(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """Of a call: shape, dtype and device of every tensor, and all that is none. Equal ones take the same engine."""
    return tuple((name, _signature(value)) for name, value in [*enumerate(args), *sorted(kwargs.items())])


def _signature(value: Any) -> Any:
    if hasattr(value, "shape"):
        return tuple(value.shape), value.dtype, value.device.type
    if isinstance(value, Mapping):
        return tuple((name, _signature(each)) for name, each in sorted(value.items()))
    if isinstance(value, (list, tuple)):
        return tuple(map(_signature, value))
    return value if value is None or isinstance(value, _PLAIN) else type(value).__qualname__


def arguments(example: Example) -> str:
    """A hash of the example's signature."""
    return hashlib.sha256(repr(signature(*example.args, **example.kwargs)).encode()).hexdigest()


def structure(module: Any) -> str:
    """A hash of the classes, the settings of every layer, and the names, shapes and dtypes of the weights."""
    total = hashlib.sha256(f"{type(module).__module__}.{type(module).__qualname__}\n{module!r}\n".encode())
    for name, each in module.named_modules():
        plain = {key: value for key, value in vars(each).items() if key[0] != "_" and isinstance(value, _PLAIN)}
        total.update(f"{name} {type(each).__qualname__} {sorted(plain.items())}\n".encode())
    for name, value in tensors(module).items():
        total.update(f"{name} {tuple(value.shape)} {value.dtype}\n".encode())
    return total.hexdigest()


def weights(module: Any, names: Iterable[str]) -> str:
    """A hash of the weights of those names. A clip's thread gives way between them."""
    import torch

    held, total = frozenset(names), hashlib.sha256()
    for name, value in tensors(module).items():
        if name not in held:
            continue
        give_way()
        total.update(name.encode())
        total.update(value.detach().cpu().contiguous().flatten().view(dtype=torch.uint8).numpy().tobytes())
    return total.hexdigest()


def tensors(module: Any) -> dict[str, Any]:
    """All that it computes with: parameters and buffers by name, also those that are in it twice."""
    found = dict(module.named_parameters(remove_duplicate=False))
    return dict(sorted({**found, **dict(module.named_buffers(remove_duplicate=False))}.items()))
