"""What TensorRT's engines are given, and what becomes of what they make; the exported program stands for the engine.

Whether Torch-TensorRT knows all its operations is shown in test_conversion.py.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch.utils import _pytree

from gpu_consumers.acceleration import chain, keys, trt
from gpu_consumers.acceleration.backends import Engines
from gpu_consumers.acceleration.buckets import fast_in, held, keeping, restore
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.chain import Region, Wanted
from gpu_consumers.acceleration.examples import decoding, examples
from gpu_consumers.acceleration.layout import lent, lowered, packed, unpacked
from gpu_consumers.acceleration.trt import Opened, TensorRT, bound
from gpu_consumers.errors import BackendError
from gpu_consumers.generation.boundaries import repeated
from gpu_consumers.generation.caches import StepCache
from gpu_consumers.generation.loading import load, one_step, shell
from gpu_consumers.generation.manifest import Manifest, manifest
from gpu_consumers.generation.styles import Styles
from gpu_consumers.ports import Example
from infra.settings import Settings
from tests.models.pipelines_kit import PIPELINES, configured, save, write_manifest
from tests.models.test_step_caches import CACHED, FIRST_BLOCK, LAYERS, STEPS, TAYLOR
from tests.models.test_styles import MODELS as STYLED
from tests.models.test_styles import random_lora

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The given buffer is not writable:UserWarning"),
]

CPU = torch.device("cpu")


class Programs(TensorRT):
    """Runs the program that Torch-TensorRT would be given, exported here: never use it in a thread (decision 65)."""

    name = "programs"

    def ready(self, module: Any, example: Example, shape_bucket: str) -> bool:
        self.build(module, example, shape_bucket)
        return True

    def _built(self, module: Any, example: Example) -> bytes:
        program, layout, _ = lowered(module, example)
        torch.export.save(program, plan := io.BytesIO())
        return packed(layout, plan.getvalue())

    def _opened(self, plan: bytes) -> Program:
        return Program(plan)


class Program(Opened):
    """Runs it."""

    opened: ClassVar[list[Program]] = []

    def __init__(self, plan: bytes) -> None:
        self.opened.append(self)
        self._run = torch.export.load(io.BytesIO(plan)).module()
        self.calls = 0

    def __call__(self, tensors: Mapping[str, Any]) -> Sequence[Any]:
        self.calls += 1
        return _pytree.tree_leaves(self._run(*tensors.values()))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("models")
    torch.set_num_threads(1)
    for name in PIPELINES:
        styles = {style: {"file": str(folder / f"{name}-{style}.safetensors")} for style in ("ink", "gold")}
        for seed, style in enumerate(styles.values() if name in STYLED else ()):
            random_lora(name, Path(style["file"]), seed)
        write_manifest(name, save(name, folder / "weights"), folder / "models", styles=styles)
    for kind in STYLED:
        deep = save(kind, folder / "deep", layers=LAYERS)
        for name, cache in (("first-block", FIRST_BLOCK), ("taylor", TAYLOR)):
            label = f"{kind.removeprefix('tiny-')}-{name}"
            write_manifest(label, deep, folder / "models", kind=kind, steps=STEPS, cache=cache)
    return configured(folder)


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(EngineCache(tmp_path, 2**30), CPU)


def clip(pipe: Any, model: Manifest) -> torch.Tensor:
    """Latents."""
    step = one_step(pipe, model, model.shapes[0])
    made: torch.Tensor = shell(pipe)(**{**step, "num_inference_steps": STEPS}).frames
    return made


def prepared(programs: Programs, module: Any, example: Example) -> Callable[..., Any]:
    programs.build(module, example, "")
    return programs.prepare(module, example, "")


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


@pytest.mark.parametrize("name", CACHED)
def test_one_engine_is_for_all_blocks_and_skips_what_a_step_cache_skips(
    name: str, config: Settings, programs: Programs
) -> None:
    # given a model with a step cache, and what was built of one of its blocks elsewhere
    model, before = manifest(name, config), len(Program.opened)
    pipe = load(model, Path(model.folder or ""))
    cache = StepCache(pipe, model)
    (found,) = examples(pipe, model.shapes[0].bucket, one_step(pipe, model, model.shapes[0]))
    (block,) = wanted(config, name).blocks
    programs.build(block.module, block.example, block.bucket)
    choice = chain.accelerate([found], [programs], "float32")
    assert (choice.name, choice.fallbacks) == ("programs", ())
    # then that one is for all of its blocks, and it has copies of none of their weights
    assert len(list(programs.cache.place[0].glob("*/manifest.json"))) == 1 == len(Program.opened) - before
    assert len(list(fast_in(found.module))) == LAYERS and not held(found.module)
    # and a clip computes what it computes without it, and no more
    eagerly, program = list[Any](), Program.opened[-1]
    for _, block in repeated(found.module):
        block.attn1.register_forward_pre_hook(lambda *_: eagerly.append(None))
    with cache.clip():
        made, ran = clip(pipe, model), program.calls - LAYERS
    with keeping(eager=True), cache.clip():
        plain = clip(pipe, model)
    assert (made - plain).abs().max() < 1e-4 * plain.abs().max()
    passes = STEPS * (2 if "wan" in name else 1)
    assert 0 < ran == len(eagerly) < passes * LAYERS and program.calls == ran + LAYERS
    restore(found.module)
    assert not list(fast_in(found.module))


def test_blocks_that_hold_weights_of_their_own_get_an_engine_each(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given blocks that are alike but for their convolutions
    class Denoiser(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = torch.nn.ModuleList(torch.nn.Conv1d(4, 4, 1) for _ in range(2))

        def forward(self, x: Any) -> Any:
            return self.blocks[1](self.blocks[0](x))

    module, example = Denoiser().eval(), Example((torch.randn(1, 4, 8),), {})
    first, second = module.blocks
    both = Wanted(module, "", example, "it", blocks=(Region(first, "", example, "it.0", {"it.1": second}),))
    monkeypatch.setattr(Programs, "ready", Engines.ready)
    # when the engine of one is built, that of the other is asked for
    programs.build(first, example, "")
    with pytest.raises(chain.NotBuiltError) as told:
        chain.accelerate([both], [programs], "float32")
    (missing,) = told.value.missing
    assert (missing.part, missing.module) == ("it.1", second)
    # then, with both, it computes the same, and it is known which weights they hold
    programs.build(second, example, "")
    assert chain.accelerate([both], [programs], "float32").name == "programs"
    assert held(module) == {f"blocks.{number}.{name}" for number in (0, 1) for name in ("weight", "bias")}


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
    run = prepared(programs, module, Example((next(numbers),), {**given, "mask": None}))
    # when it is called with other values, in another order, cut from something larger
    x = torch.randn(4, 2).T
    other = {"mask": None, "extra": {"add": next(numbers)}, "pair": (next(numbers), next(numbers)), "scale": 0.5}
    # then
    with torch.no_grad():
        made, expected = run(x, **other), module(x, **other)
    assert made.keys() == expected.keys() and torch.allclose(made["made"], expected["made"], atol=1e-6)
    assert torch.equal(made["kept"], x)


def test_an_engine_is_of_the_weights_that_it_holds_whatever_those_are_that_it_is_lent(programs: Programs) -> None:
    module = torch.nn.Sequential(torch.nn.Conv1d(4, 4, 1), torch.nn.Linear(4, 4))
    example = Example((torch.ones(2, 4, 4),), {})
    first = programs.facts(module, example, "2x4")
    with torch.no_grad():
        module[1].weight.mul_(2)
        module[1].bias.add_(1)
    assert Programs(programs.cache, CPU).facts(module, example, "2x4") == first
    with torch.no_grad():
        module[0].bias.add_(1)
    assert Programs(programs.cache, CPU).facts(module, example, "2x4") != first


def test_a_plan_comes_out_as_it_was_put_in(config: Settings) -> None:
    found = wanted(config, "tiny-wan")
    _, layout, tensors = lowered(found.module, found.example)
    assert unpacked(packed(layout, b"a plan\nof two lines\n")) == (layout, b"a plan\nof two lines\n")
    assert layout.tensors(lent(found.module), found.example).keys() == set(layout.names)
    assert len(layout.names) == len(tensors)


def test_arguments_that_are_not_the_examples_are_refused(config: Settings, programs: Programs) -> None:
    found = wanted(config, "tiny-wan")
    run = prepared(programs, found.module, found.example)
    with pytest.raises(ValueError, match="zip"):
        run(**{**found.example.kwargs, "hidden_states": None})


def test_weights_that_an_engine_cannot_read_where_they_are_are_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere:
        is_cuda = True

        def data_ptr(self) -> int:
            return 1000

    module, example = torch.nn.Linear(4, 4, bias=False), Example((torch.ones(2, 4),), {})
    _, layout, _ = lowered(module, example)
    monkeypatch.setattr(trt, "lent", lambda _: {"weight": Elsewhere()})
    with pytest.raises(BackendError, match="begin anywhere: weight"):
        bound(print, layout, module)


def test_an_engine_that_finds_no_room_is_not_given_up_for_it(
    config: Settings, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an engine that is built, and no memory for it to work in, as Torch-TensorRT tells it
    found, said = wanted(config, "tiny-ltx"), "Failed to create execution context"

    def full(_plan: bytes) -> Any:
        raise AssertionError(said)

    monkeypatch.setattr(programs, "_opened", full)
    # then nothing is known against it, and the others make way
    with pytest.raises(torch.OutOfMemoryError, match=said):
        chain.accelerate([found], [programs], "float32")
    # while one that is broken is given up
    said = "engine was not built to target current platform"
    assert said in chain.accelerate([found], [programs], "float32").fallbacks[0].reason


def test_arguments_that_an_engine_cannot_read_where_they_are_are_copied() -> None:
    module, seen, numbers = torch.nn.Linear(4, 4), list[Any](), torch.randn(3, 4)
    _, layout, _ = lowered(module, Example((torch.ones(2, 4),), {}))
    # when an engine is given rows out of the middle of others
    run = bound(lambda tensors: seen.append(tensors) or [tensors["tensors_2"]], layout, module)
    made = run(numbers[1:])
    # then it gets rows that are alone, and its own weights where they are
    assert torch.equal(made, numbers[1:]) and made.storage_offset() == 0 and numbers[1:].storage_offset()
    assert seen[0]["tensors_0"] is module.weight
