"""What the shipped models take of a GPU's memory, computed without one: every operation of them at full size runs on
tensors that have a shape and no numbers (torch's FakeTensorMode), and the bytes that are alive are counted.

Eager, at the largest shape; the prompt's encoder, the denoiser and the VAE's decoder stay together. Not counted: what
cuDNN and cuBLAS work in, the CUDA context, and what the allocator loses between its pieces. A tenth of the device is
left for these (`gpu_consumers.generation.device.OURS`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.memory_models import Part, shipped, without_numbers
from bench.report import Figure
from gpu_consumers.generation import tiles
from gpu_consumers.generation.manifest import GIB, Manifest

if TYPE_CHECKING:
    from torch import Tensor


def run() -> Sequence[Figure]:
    """Weights, and at most beside them, beside what each manifest says. Raises `UnavailableError` without torch."""
    return [figure for wanted in shipped() for figure in _figures(wanted)]


def _figures(wanted: Manifest) -> Iterator[Figure]:
    needs, (weights, whole, tiled) = wanted.memory, computed(wanted)
    yield _figure(f"{wanted.name}: weights", weights, needs.weights)
    yield _figure(f"{wanted.name}: at most beside them", whole, needs.peak)
    if needs.tiled is not None and tiled is not None:
        yield _figure(f"{wanted.name}: with a VAE that decodes in tiles", tiled, needs.tiled)


def _figure(name: str, found: int, told: float) -> Figure:
    gib = found / GIB
    return Figure(name=name, value=gib, unit="GiB", aim=f"at most {told:g}, as its manifest says", holds=gib <= told)


def computed(wanted: Manifest) -> tuple[int, int, int | None]:
    """Bytes of a shipped model's weights; at most beside them; and that where its VAE decodes in tiles, if it can."""
    with without_numbers(wanted) as parts:
        weights = sum(each.nbytes for part in parts.values() for each in part.module.parameters())
        return weights, _most(parts), _most(_tiled(parts)) if wanted.memory.tiled is not None else None


def _most(parts: Mapping[str, Part]) -> int:
    """Bytes alive beside the weights, in whichever part takes most."""
    return max(_alive(part.module, part.call) for part in parts.values())


def _tiled(parts: Mapping[str, Part]) -> Mapping[str, Part]:
    tiles.use(parts["vae"].module)
    return parts


def _alive(module: Any, call: Callable[[Any], object]) -> int:
    """Bytes that are alive at once, at most, while a module is called; without its own."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Counting(TorchDispatchMode):
        """Each storage counts from its first tensor until nobody holds it."""

        def __init__(self) -> None:
            super().__init__()
            self.now = self.most = 0
            self.seen = {key(each) for each in (*module.parameters(), *module.buffers())}

        def __torch_dispatch__(self, operation: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
            made = operation(*args, **(kwargs or {}))
            for each in tree_leaves(made):
                if hasattr(each, "untyped_storage") and key(each) not in self.seen:
                    self._count(each)
            return made

        def _count(self, tensor: Tensor) -> None:
            storage = tensor.untyped_storage()
            self.seen.add(key(tensor))
            self.now += storage.nbytes()
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._let_go, key(tensor), storage.nbytes())

        def _let_go(self, its: int, size: int) -> None:
            self.seen.discard(its)
            self.now -= size

    def key(tensor: Tensor) -> int:
        return tensor.untyped_storage()._cdata

    with Counting() as counted:
        call(module)
    return counted.most
