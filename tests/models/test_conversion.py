"""Torch-TensorRT, as far as it goes without a GPU: it lowers what engines are built of, and knows every operation.

`make test-tensorrt` installs what this needs; where it is not installed all of it is skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.utils import _pytree

from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.chain import Wanted
from gpu_consumers.acceleration.examples import decoding, examples
from gpu_consumers.acceleration.layout import lent, unpacked
from gpu_consumers.acceleration.parity import compare, numbers
from gpu_consumers.acceleration.trt import TensorRT
from gpu_consumers.errors import BackendError
from gpu_consumers.generation.loading import load, one_step
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.ports import Example
from infra.settings import Settings
from tests.models.pipelines_kit import PIPELINES, every_kind

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore")]


class Library:
    """Torch-TensorRT, but for the network that only TensorRT can make, and only beside a GPU."""

    def __init__(self, converters: Any) -> None:
        self.converters = converters
        self.lowered: Any = None
        self.inputs: Any = None

    def interpret(self, module: Any, inputs: Any, settings: Any, engine_cache: Any) -> Any:
        """In the place of the library's own, with its arguments."""
        self.lowered, self.inputs = module, inputs
        self.converters.set_compilation_settings(settings)
        return SimpleNamespace(serialized_engine=b"a plan")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    """It asks for the chip's kind, its memory and the current device; constants are put where they can be here."""
    if not torch.cuda.is_available():
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (9, 0))
        monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda *_: (2**30, 2**30))
    try:
        from torch_tensorrt.dynamo import _compiler
        from torch_tensorrt.dynamo.conversion._ConverterRegistry import DYNAMO_CONVERTERS
        from torch_tensorrt.dynamo.lowering import _decompositions
    except Exception as error:  # noqa: BLE001 - whatever it raises, it is not installed
        pytest.skip(f"it is not installed (make test-tensorrt): {error}")
    found = Library(DYNAMO_CONVERTERS)
    monkeypatch.setattr(_decompositions, "to_torch_device", lambda *_: torch.device("cpu"))
    monkeypatch.setattr(_compiler, "interpret_module_to_result", found.interpret)
    return found


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return every_kind(tmp_path_factory.mktemp("models"))


def random(value: Any) -> Any:
    """Other numbers in its place: what blocks get is known by its shape alone."""
    return torch.rand(value.shape, dtype=value.dtype) if isinstance(value, torch.Tensor) else value


@pytest.mark.parametrize("find", [examples, decoding], ids=["denoiser", "decoder"])
@pytest.mark.parametrize("name", PIPELINES)
def test_every_operation_of_a_module_is_known_and_lowered_it_computes_the_same(
    library: Library, config: Settings, name: str, find: Callable[..., list[Wanted]], tmp_path: Path
) -> None:
    # given a module, and an accelerator that builds as it does beside a GPU, up to the network's own layers
    model = manifest(name, config)
    pipe = load(model, Path(model.folder or ""))
    (whole,) = find(pipe, model.shapes[0].bucket, one_step(pipe, model, model.shapes[0]))
    (found,) = whole.blocks or [whole]
    tensorrt, example = TensorRT(EngineCache(tmp_path, 2**20), torch.device("cpu")), found.example.mapped(random)
    # when
    tensorrt.build(found.module, example.fresh(), "")
    layout, plan = unpacked(tensorrt.cache.get(tensorrt.facts(found.module, example, "")) or b"")
    graph, inputs = library.lowered, library.inputs
    assert plan == b"a plan" and [tuple(one.shape) for one in inputs] == [
        tuple(one.shape) for one in layout.tensors(lent(found.module), example).values()
    ]
    # then each operation has a converter
    called = [node for node in graph.graph.nodes if node.op == "call_function"]
    assert called and not [node for node in called if node not in library.converters]
    # and it takes the tensors that an engine is given, by the names by which they are given
    assert [node.target for node in graph.graph.nodes if node.op == "placeholder"] == list(layout.names)
    # and computes the same, with the weights that it is given as they are and as they become
    for factor in (1.0, 0.9):
        with torch.no_grad():
            for weight in lent(found.module).values():
                weight.mul_(factor)
            given, tensors = example.fresh(), layout.tensors(lent(found.module), example)
            plain = found.module(*given.args, **given.kwargs)
            made = layout.result(_pytree.tree_leaves(graph(*tensors.values())))
        assert compare(numbers(plain), numbers(made)).relative < 1e-4


def test_why_a_conversion_fails_is_told(library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # given TensorRT that builds no network
    from torch_tensorrt.dynamo import _compiler

    def failing(*_: Any, **__: Any) -> None:
        raise RuntimeError("Error Code 10: Internal Error (Could not find any implementation for node)")

    monkeypatch.setattr(_compiler, "interpret_module_to_result", failing)
    tensorrt = TensorRT(EngineCache(tmp_path, 2**20), torch.device("cpu"))
    # then the library's own error is the reason, and not what it stumbles over afterwards
    with pytest.raises(BackendError, match="RuntimeError: Error Code 10"):
        tensorrt.build(torch.nn.Linear(4, 4).eval(), Example((torch.rand(2, 4),), {}), "")
