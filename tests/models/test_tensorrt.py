"""What TensorRT's engines are given, and what becomes of what they make; the exported program stands for the engine.

Whether Torch-TensorRT knows all its operations is shown in test_conversion.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils import _pytree

from gpu_consumers.acceleration import chain, keys
from gpu_consumers.acceleration.buckets import held, keeping, restore
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.chain import Wanted
from gpu_consumers.acceleration.examples import decoding, examples
from gpu_consumers.acceleration.layout import lent, lowered, packed, unpacked
from gpu_consumers.acceleration.trt import TensorRT, bound
from gpu_consumers.errors import BackendError
from gpu_consumers.generation.loading import load, one_step
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.styles import Styles
from gpu_consumers.ports import Example
from infra.settings import Settings
from tests.models.pipelines_kit import PIPELINES, configured, save, write_manifest
from tests.models.test_styles import MODELS as STYLED
from tests.models.test_styles import random_lora

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

CPU = torch.device("cpu")


class Programs(TensorRT):
    """Runs the program that Torch-TensorRT would be given, exported here: never use it in a thread (decision 65)."""

    name = "programs"

    def ready(self, module: Any, example: Example, shape_bucket: str) -> bool:
        return True

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        program, layout, _ = lowered(module, example)
        layout, _ = unpacked(packed(layout, b""))
        run = program.module()
        return bound(lambda *tensors: _pytree.tree_leaves(run(*tensors)), list(layout.names), layout, module)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("models")
    torch.set_num_threads(1)
    for name in PIPELINES:
        styles = {style: {"file": str(folder / f"{name}-{style}.safetensors")} for style in ("ink", "gold")}
        for seed, style in enumerate(styles.values() if name in STYLED else ()):
            random_lora(name, Path(style["file"]), seed)
        write_manifest(name, save(name, folder / "weights"), folder / "models", styles=styles)
    return configured(folder)


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(EngineCache(tmp_path, 1000), CPU)


def wanted(config: Settings, name: str, find: Callable[..., list[Wanted]] = examples) -> Wanted:
    model = manifest(name, config)
    pipe = load(model, Path(model.folder or ""))
    (found,) = find(pipe, model.shapes[0].bucket, one_step(pipe, model, model.shapes[0]))
    return found


@pytest.mark.parametrize("name", PIPELINES)
def test_a_denoiser_computes_with_its_own_weights_and_with_what_becomes_of_them(
    name: str, config: Settings, programs: Programs
) -> None:
    # given a denoiser that runs on a program of tensors alone
    found = wanted(config, name)
    choice = chain.accelerate([found], [programs], "float32")
    assert (choice.name, choice.fallbacks) == ("programs", ()) and choice.parity[0].relative < 1e-5
    before = found.result()
    # when its linear layers change in place
    with torch.no_grad():
        for weight in lent(found.module).values():
            weight.mul_(0.9)
    # then it computes what the module does, and not what it did
    after = found.result()
    with keeping(eager=True):
        plain = found.result()
    assert abs(after - plain).max() < 1e-4 * abs(plain).max() and abs(after - before).max() > 1e-3 * abs(plain).max()


@pytest.mark.parametrize("name", STYLED)
def test_a_style_that_is_merged_is_heeded_and_nothing_is_built_for_it(
    name: str, config: Settings, programs: Programs
) -> None:
    # given a denoiser that runs on a program
    model = manifest(name, config)
    pipe = load(model, Path(model.folder or ""))
    (found,) = examples(pipe, "", one_step(pipe, model, model.shapes[0]))
    assert chain.accelerate([found], [programs], "float32").name == "programs"
    styles, plain = Styles(pipe, model, config), found.result()
    # when mixes come and go
    for mix in ((("ink", 1.0),), (("gold", 0.7), ("ink", 0.5))):
        styles.use(mix)
        # then it computes what the module does with them
        fast = found.result()
        with keeping(eager=True):
            own = found.result()
        assert abs(fast - own).max() < 1e-5 < 1e-3 < abs(fast - plain).max()
    styles.use(())
    assert (found.result() == plain).all()


def test_a_decoder_of_convolutions_keeps_its_weights(config: Settings, programs: Programs) -> None:
    found = wanted(config, "tiny-ltx", decoding)
    assert chain.accelerate([found], [programs], "float32").name == "programs"
    assert not lent(found.module) and held(found.module) == keys.tensors(found.module).keys()
    restore(found.module)
    assert not held(found.module)


def test_arguments_are_known_by_their_names_and_results_are_what_the_module_returns(programs: Programs) -> None:
    # given a module whose arguments are of all kinds
    class Kinds(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(4, 4)

        def forward(self, x: Any, *, scale: float, pair: Any, extra: Any, mask: Any = None) -> Any:
            made = self.linear(x) * scale + pair[0] - pair[1] + extra["add"]
            return {"made": made, "kept": x} if mask is None else made * mask

    module, numbers = Kinds().eval(), iter(torch.randn(9, 2, 4))
    given: dict[str, Any] = {"scale": 0.5, "pair": (next(numbers), next(numbers)), "extra": {"add": next(numbers)}}
    run = programs.prepare(module, Example((next(numbers),), {**given, "mask": None}), "2x4")
    # when it is called with other values, in another order, cut from something larger
    x = torch.randn(4, 2).T
    other = {"mask": None, "extra": {"add": next(numbers)}, "pair": (next(numbers), next(numbers)), "scale": 0.5}
    # then
    with torch.no_grad():
        made, expected = run(x, **other), module(x, **other)
    assert made.keys() == expected.keys() and torch.allclose(made["made"], expected["made"], atol=1e-6)
    assert torch.equal(made["kept"], x)


def test_an_engine_is_of_the_weights_that_it_holds_whatever_those_are_that_it_is_lent(programs: Programs) -> None:
    module, example = torch.nn.Linear(4, 4), Example((torch.ones(2, 4),), {})
    first = programs.facts(module, example, "2x4")
    with torch.no_grad():
        module.weight.mul_(2)
    assert Programs(programs.cache, CPU).facts(module, example, "2x4") == first
    with torch.no_grad():
        module.bias.add_(1)
    assert Programs(programs.cache, CPU).facts(module, example, "2x4") != first


def test_a_plan_comes_out_as_it_was_put_in(config: Settings) -> None:
    found = wanted(config, "tiny-wan")
    _, layout, tensors = lowered(found.module, found.example)
    assert unpacked(packed(layout, b"a plan\nof two lines\n")) == (layout, b"a plan\nof two lines\n")
    assert layout.tensors(lent(found.module), found.example).keys() == set(layout.names)
    assert len(layout.names) == len(tensors)


def test_arguments_that_are_not_the_examples_are_refused(config: Settings, programs: Programs) -> None:
    found = wanted(config, "tiny-wan")
    run = programs.prepare(found.module, found.example, "")
    with pytest.raises(ValueError, match="zip"):
        run(**{**found.example.kwargs, "hidden_states": None})


def test_weights_that_an_engine_cannot_read_where_they_are_are_a_reason() -> None:
    class Elsewhere:
        is_cuda = True

        def data_ptr(self) -> int:
            return 1000

    module, example = torch.nn.Linear(4, 4, bias=False), Example((torch.ones(2, 4),), {})
    _, layout, _ = lowered(module, example)
    module.weight = None
    module.__dict__["weight"] = Elsewhere()
    with pytest.raises(BackendError, match="begin anywhere: weight"):
        bound(print, [], layout, module)
