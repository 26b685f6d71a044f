"""The acceleration seam on real denoisers: chosen in order, refused where it drifts, and no trace of what failed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from gpu_consumers.acceleration.backends import Eager, Inductor, TensorRT
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.chain import Buckets, accelerate, restore
from gpu_consumers.acceleration.examples import examples
from gpu_consumers.acceleration.facts import facts_of
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.loading import load, one_step
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.ports import Accelerator, Example
from infra.settings import Settings
from tests.models.pipelines_kit import PIPELINES, configured, save, write_manifest
from tests.unit.picture_kit import spec

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("models")
    torch.set_num_threads(1)
    for name in PIPELINES:
        write_manifest(name, save(name, folder / "weights"), folder / "models")
    return configured(folder)


class Drifting(Eager):
    """Computes nearly the same."""

    name = "drifting"

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        own = super().prepare(module, example, shape_bucket)

        def off(*args: Any, **kwargs: Any) -> Any:
            first, *rest = own(*args, **kwargs)
            return (first * 1.01, *rest)

        return off


#: Compiles as `inductor` does, up to the machine code: the same tracing, the same graphs, in a second.
TRACED: Accelerator = Inductor("aot_eager")


def wanted(config: Settings, name: str) -> Any:
    model = manifest(name, config)
    pipe = load(model, Path(model.folder or ""))
    return examples(pipe, model.shapes[0].bucket, one_step(pipe, model, model.shapes[0]))


@pytest.mark.parametrize("name", PIPELINES)
def test_every_denoiser_is_found_with_the_arguments_that_it_gets(config: Settings, name: str) -> None:
    (found,) = wanted(config, name)
    assert {"hidden_states", "sample"} & set(found.example.kwargs) or found.example.args
    with torch.no_grad():
        assert found.module(*found.example.args, **found.example.kwargs)[0].isfinite().all()


@pytest.mark.parametrize("name", ["tiny-ltx", "tiny-wan"])
def test_the_first_that_works_takes_over_and_computes_the_same(config: Settings, name: str) -> None:
    found = wanted(config, name)
    choice = accelerate(found, [TRACED, Eager()], "float32")
    assert (choice.name, choice.fallbacks) == ("inductor", ()) and choice.parity[0].relative < 1e-5
    assert isinstance(found[0].module.forward, Buckets)


def test_one_that_drifts_is_refused_and_leaves_no_trace(config: Settings) -> None:
    found = wanted(config, "tiny-wan")
    choice = accelerate(found, [Drifting(), Eager()], "float32")
    assert choice.name == "eager" and "it drifts from eager" in choice.fallbacks[0].reason
    assert "forward" not in found[0].module.__dict__


def test_other_shapes_than_those_prepared_run_on_the_modules_own_forward() -> None:
    module = torch.nn.Linear(4, 4)
    prepared, calls = Example((torch.ones(2, 4),), {}), []
    buckets = Buckets(module.forward)
    buckets.add(prepared, lambda x: calls.append(x) or x)
    buckets(torch.zeros(2, 4))
    assert buckets(torch.zeros(3, 4)).shape == (3, 4) and len(calls) == 1


def test_new_weights_need_no_new_build(config: Settings) -> None:
    (found,) = wanted(config, "tiny-ltx")
    accelerate([found], [TRACED], "float32")
    weights = {name: value * 0.5 for name, value in found.module.state_dict().items()}
    with torch.no_grad():
        before = found.module(**found.example.kwargs)[0]
        TRACED.refit(found.module, weights)
        after = found.module(**found.example.kwargs)[0]
        restore(found.module)
        plain = found.module(**found.example.kwargs)[0]
    assert not torch.allclose(before, after) and torch.allclose(after, plain, atol=1e-6)


def test_a_tensorrt_that_cannot_be_imported_is_a_reason_and_not_a_crash(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an installation without NVIDIA's libraries: its import raises a bare Exception
    class Broken(ModuleType):
        def __getattr__(self, name: str) -> Any:
            raise Exception("libnvinfer.so.10 is missing")

    tensorrt = TensorRT(EngineCache(tmp_path, 1000), torch.device("cpu"))
    choice = accelerate(wanted(config, "tiny-ltx"), [tensorrt, TRACED], "float32")
    assert choice.name == "inductor" and "torch_tensorrt cannot be imported" in choice.fallbacks[0].reason
    monkeypatch.setitem(sys.modules, "torch_tensorrt", Broken("torch_tensorrt"))
    choice = accelerate(wanted(config, "tiny-ltx"), [tensorrt], "float32")
    assert choice.name == "eager" and "libnvinfer.so.10 is missing" in choice.fallbacks[0].reason


def test_what_an_engine_depends_on_is_all_told() -> None:
    facts = facts_of(torch.device("cpu"))
    assert set(facts) == {"torch", "cuda", "tensorrt", "torch_tensorrt", "driver", "device", "capability"}
    assert facts["torch"] == torch.__version__


def test_a_device_uses_what_works_tells_what_did_not_and_names_it_in_fingerprint_and_event(
    config: Settings, tmp_path: Path
) -> None:
    device = Device(config, accelerators=[Drifting(), TRACED])
    model = manifest("tiny-ltx", config)
    renderer = DiffusersRenderer(device, model, config)
    clip = renderer.render(spec(duration_ms=1000, draft=6), tmp_path / "a.mp4", lambda *_: None)
    assert clip.details["work"].accelerator == "inductor"
    assert [fallback.backend for fallback in clip.details["fallbacks"]] == ["drifting"]
    # and it makes whole shapes, for which it was prepared
    assert clip.details["work"].frames == model.shapes[0].frames
    assert renderer.fingerprint() != DiffusersRenderer(Device(config, accelerators=[]), model, config).fingerprint()
    assert device.turnstile._scheduler.in_hand == 0
