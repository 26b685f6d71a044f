"""A module as a function of tensors alone, as engines are: which of them is which argument, and which weight."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import torch
from torch.utils import _pytree

from gpu_consumers.ports import Example

#: Of what `packed` puts together, and of which weights are lent.
FORMAT = 2


@dataclass(frozen=True)
class Layout:
    """How the tensors that an engine takes and makes become arguments and results."""

    weights: tuple[str, ...]  #: which of the module's it takes
    names: tuple[str, ...]  #: of all its tensors: the weights, then those among the arguments, in the order of `flat`
    results: str  #: how what it makes is put together

    def tensors(self, weights: Mapping[str, torch.Tensor], example: Example) -> dict[str, torch.Tensor]:
        """What an engine is given for these arguments, by its names."""
        own = [weights[name] for name in self.weights]
        rest = [value for value in flat(example)[0] if isinstance(value, torch.Tensor)]
        return dict(zip(self.names, own + rest, strict=True))

    def result(self, made: Sequence[torch.Tensor]) -> Any:
        """What it made as the module returns it: a tensor, a tuple, an output class."""
        return _pytree.tree_unflatten(list(made), self._spec)

    @cached_property
    def _spec(self) -> Any:
        return _pytree.treespec_loads(self.results)


class Flat(torch.nn.Module):  # type: ignore[misc]  # torch has no types here
    """A module that takes tensors alone, one after the other; all else among its arguments is the example's."""

    def __init__(self, module: torch.nn.Module, example: Example) -> None:
        super().__init__()
        self.module = module
        self._names = tuple(lent(module))
        self._leaves, self._spec = flat(example)

    def forward(self, *tensors: torch.Tensor) -> Any:
        """`tensors`: as `Layout.tensors`."""
        own = dict(zip(self._names, tensors, strict=False))
        rest = iter(tensors[len(self._names) :])
        leaves = [next(rest) if isinstance(value, torch.Tensor) else value for value in self._leaves]
        args, kwargs = _pytree.tree_unflatten(leaves, self._spec)
        return torch.func.functional_call(self.module, own, args, kwargs)


def lent(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The weights that engines take as arguments, by name: all but those of convolutions, which TensorRT lays out for
    itself. Blocks of a transformer have none of those: one engine is for all of them."""
    kept = {path for path, layer in module.named_modules() if isinstance(layer, torch.nn.modules.conv._ConvNd)}
    return {name: one for name, one in module.named_parameters() if name.rpartition(".")[0] not in kept}


def flat(example: Example) -> tuple[list[Any], Any]:
    """All values among the arguments, in an order of its own whatever that of the keywords, and how they are nested."""
    leaves, spec = _pytree.tree_flatten((tuple(example.args), dict(sorted(example.kwargs.items()))))
    return leaves, spec


def lowered(module: torch.nn.Module, example: Example) -> tuple[Any, Layout, list[torch.Tensor]]:
    """The module as an exported program of tensors alone, its layout, and the tensors for the example."""
    given = [value for value in flat(example)[0] if isinstance(value, torch.Tensor)]
    tensors = [*(weight.detach() for weight in lent(module).values()), *given]
    with torch.no_grad():
        program = torch.export.export(Flat(module, example), tuple(tensors), strict=False)
    names = tuple(program.graph_signature.user_inputs)
    spec = _pytree.treespec_dumps(program.call_spec.out_spec)
    return program, Layout(tuple(lent(module)), names, spec), tensors


def packed(layout: Layout, plan: bytes) -> bytes:
    """An engine's bytes, with its layout (JSON) as the first line."""
    return json.dumps(asdict(layout)).encode() + b"\n" + plan


def unpacked(engine: bytes) -> tuple[Layout, bytes]:
    """What `packed` put together."""
    head, _, plan = engine.partition(b"\n")
    told = json.loads(head)
    return Layout(tuple(told["weights"]), tuple(told["names"]), told["results"]), plan
