"""Torch-TensorRT, as far as it goes without a GPU: it lowers what engines are built of, and knows every operation.

`make test-tensorrt` installs what this needs; where it is not installed all of it is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils import _pytree

from gpu_consumers.acceleration.chain import Wanted
from gpu_consumers.acceleration.examples import decoding, examples
from gpu_consumers.acceleration.layout import lent, lowered
from gpu_consumers.acceleration.parity import compare, numbers
from gpu_consumers.acceleration.trt import SETTINGS
from gpu_consumers.generation.loading import load, one_step
from gpu_consumers.generation.manifest import manifest
from infra.settings import Settings
from tests.models.pipelines_kit import PIPELINES, configured, save, write_manifest

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def library() -> Iterator[Any]:
    """Torch-TensorRT, which asks for the chip's kind and the current device when it is imported and used."""
    with pytest.MonkeyPatch.context() as patch:
        if not torch.cuda.is_available():
            patch.setattr(torch.cuda, "get_device_capability", lambda *_: (9, 0))
            patch.setattr(torch.cuda, "current_device", lambda: 0)
        try:
            import torch_tensorrt
            from torch_tensorrt.dynamo.lowering import _decompositions
        except Exception as error:  # noqa: BLE001 - whatever it raises, it is not installed
            pytest.skip(f"it is not installed (make test-tensorrt): {error}")
        patch.setattr(_decompositions, "to_torch_device", lambda *_: torch.device("cpu"))
        yield torch_tensorrt


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("models")
    torch.set_num_threads(1)
    for name in PIPELINES:
        write_manifest(name, save(name, folder / "weights"), folder / "models")
    return configured(folder)


@pytest.mark.parametrize("find", [examples, decoding], ids=["denoiser", "decoder"])
@pytest.mark.parametrize("name", PIPELINES)
def test_every_operation_of_a_module_is_known_and_lowered_it_computes_the_same(
    library: Any, config: Settings, name: str, find: Callable[..., list[Wanted]]
) -> None:
    # given what an engine is to be built of, lowered as Torch-TensorRT does it
    model = manifest(name, config)
    pipe = load(model, Path(model.folder or ""))
    (found,) = find(pipe, model.shapes[0].bucket, one_step(pipe, model, model.shapes[0]))
    program, layout, tensors = lowered(found.module, found.example.fresh())
    graph = _lowered(library, program)
    # then each operation has a converter
    from torch_tensorrt.dynamo.conversion._ConverterRegistry import DYNAMO_CONVERTERS

    called = [node for node in graph.graph.nodes if node.op == "call_function"]
    assert called and not [node for node in called if node not in DYNAMO_CONVERTERS]
    # and it takes the tensors that an engine is given, by the names by which they are given
    assert [node.target for node in graph.graph.nodes if node.op == "placeholder"] == list(layout.names)
    # and computes the same, with the weights of the linear layers as they are and as they become
    for factor in (1.0, 0.9):
        with torch.no_grad():
            for weight in lent(found.module).values():
                weight.mul_(factor)
            given = found.example.fresh()
            plain = found.module(*given.args, **given.kwargs)
            made = layout.result(_pytree.tree_leaves(graph(*tensors)))
        assert compare(numbers(plain), numbers(made)).relative < 1e-4


def _lowered(library: Any, program: Any) -> Any:
    """As `convert_exported_program_to_serialized_trt_engine` begins (2.11)."""
    from torch_tensorrt.dynamo.conversion._ConverterRegistry import DYNAMO_CONVERTERS
    from torch_tensorrt.dynamo.lowering import get_decompositions, post_lowering, pre_export_lowering

    settings = library.dynamo.CompilationSettings(**SETTINGS)
    with torch.no_grad():
        program = pre_export_lowering(program, settings)
        program = program.run_decompositions(get_decompositions(False, settings.decompose_attention))
        graph = post_lowering(program.module(), settings)
    DYNAMO_CONVERTERS.set_compilation_settings(settings)
    return graph
