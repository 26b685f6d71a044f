"""The acceleration seam on real denoisers: chosen in order, refused where it drifts, and no trace of what failed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
import torch

from gpu_consumers import backends
from gpu_consumers.acceleration import chain, keys
from gpu_consumers.acceleration.backends import Eager, Inductor
from gpu_consumers.acceleration.buckets import Buckets, restore
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.chain import Choice, NotBuiltError, Wanted
from gpu_consumers.acceleration.examples import _writes, decoding, examples
from gpu_consumers.acceleration.facts import facts_of
from gpu_consumers.acceleration.kinds import accelerators
from gpu_consumers.acceleration.kinds import engines as engines_of
from gpu_consumers.acceleration.trt import TensorRT
from gpu_consumers.errors import BackendError
from gpu_consumers.generation.boundaries import repeated
from gpu_consumers.generation.builder import Builder, order
from gpu_consumers.generation.checks import check
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.loading import load, load_part, one_step
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.ports import Example
from infra.errors import ConfigurationError
from infra.settings import Settings
from tests.models.pipelines_kit import PIPELINES, Denoising, configured, every_kind, write_manifest
from tests.models.test_scene_models import quiet, small
from tests.unit.picture_kit import spec

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return every_kind(tmp_path_factory.mktemp("models"))


CPU = torch.device("cpu")


class Drifting(Eager):
    """Computes nearly the same."""

    name = "drifting"

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        own = super().prepare(module, example, shape_bucket)

        def off(*args: Any, **kwargs: Any) -> Any:
            made = own(*args, **kwargs)
            first = made if isinstance(made, torch.Tensor) else made[0]
            first = first * torch.linspace(1.0, 1.02, first.shape[-1])  # a norm evens out what is the same for all
            return first if isinstance(made, torch.Tensor) else (first, *made[1:])

        return off


class Forgetful(Eager):
    """Computes the first piece of a clip as it should, and then knows nothing of it: as an engine would, which can
    not write into the lists that it is given."""

    name = "forgetful"

    def prepare(self, module: Any, example: Example, shape_bucket: str) -> Callable[..., Any]:
        own = super().prepare(module, example, shape_bucket)

        def forgetting(*args: Any, **kwargs: Any) -> Any:
            given = Example(args, kwargs).fresh()
            return own(*given.args, **given.kwargs)

        return forgetting


@pytest.fixture
def inductor(engines: EngineCache) -> Inductor:
    return Inductor(engines, CPU)


def wanted(config: Settings, name: str, find: Callable[..., list[Wanted]] = examples) -> list[Wanted]:
    model = manifest(name, config)
    pipe = load(model, Path(model.folder or ""))
    return find(pipe, model.shapes[0].bucket, one_step(pipe, model, model.shapes[0]))


def accelerate(config: Settings, name: str, find: Any, accelerators: Sequence[Any], dtype: str = "float32") -> Tried:
    """As a device does: what must be built is built by another process, from what lies on the disk."""
    found = wanted(config, name, find)
    while True:
        try:
            return Tried(found, chain.accelerate(found, accelerators, dtype))
        except NotBuiltError as error:
            folder, builder = Path(manifest(name, config).folder or ""), Builder()
            with builder.alone():
                ordered = order(cast(Inductor, error.accelerator), error.missing, folder, dtype, fp8=False)
                builder.build(ordered, lambda _told: None)


class Tried(NamedTuple):
    found: list[Wanted]
    choice: Choice


@pytest.mark.parametrize("name", PIPELINES)
def test_every_denoiser_is_found_with_the_arguments_that_it_gets(config: Settings, name: str) -> None:
    (found,) = wanted(config, name)
    assert {"hidden_states", "sample"} & set(found.example.kwargs) or found.example.args
    with torch.no_grad():
        assert found.module(*found.example.args, **found.example.kwargs)[0].isfinite().all()


@pytest.mark.parametrize("name", PIPELINES)
def test_an_example_is_what_a_clip_gives_in_all_that_an_engine_takes_for_fixed(
    name: str, config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = wanted(config, name)
    kind, given = type(found.module), []
    forward = kind.forward

    def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        given.append(kwargs)
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(kind, "forward", noting)
    clip = DiffusersRenderer(Device(config, []), manifest(name, config), config)
    clip.render(small(duration_ms=2000), tmp_path / "a.mp4", quiet)
    assert _fixed(given[-1]) == _fixed(found.example.kwargs)


def _fixed(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if not isinstance(value, torch.Tensor)}


@pytest.mark.parametrize("find", [examples, decoding], ids=["denoiser", "decoder"])
@pytest.mark.parametrize("name", PIPELINES)
def test_what_an_engine_is_built_of_is_made_without_reading_weights(
    name: str, find: Callable[..., list[Wanted]], config: Settings, tmp_path: Path
) -> None:
    # given a folder of which all weights are gone
    bare, folder = tmp_path / "bare", Path(manifest(name, config).folder or "")
    shutil.copytree(folder, bare, ignore=shutil.ignore_patterns("*.safetensors"))
    (found,) = wanted(config, name, find)
    region = (found.blocks or [found])[0]
    # when it is made for an engine that holds none of them
    inductor = Inductor(EngineCache(tmp_path, 1000), CPU)
    told = order(inductor, [region], bare, "float32", fp8=False).order
    made = load_part(Path(told.folder), told.part, told.dtype, outline=told.outline)
    # then it has the key that was asked for
    assert inductor.facts(made, region.example, region.bucket) == told.keys[0]
    # and for one that holds some they are read
    assert not order(Holding(inductor.cache, CPU), [region], bare, "float32", fp8=False).order.outline
    with pytest.raises(BackendError, match="cannot be loaded"):
        load_part(bare, told.part, told.dtype)


class Holding(Inductor):
    """Has copies of all."""

    def holds(self, module: Any) -> Iterable[str]:
        return keys.tensors(module)


@pytest.mark.parametrize("name", ["tiny-ltx", "tiny-wan"])
def test_the_first_that_works_takes_over_and_computes_the_same(config: Settings, inductor: Inductor, name: str) -> None:
    found, choice = accelerate(config, name, examples, [inductor, Eager()])
    assert (choice.name, choice.fallbacks) == ("inductor", ()) and choice.parity[0].relative < 1e-5
    blocks = [block for _, block in repeated(found[0].module)]
    assert blocks and all(isinstance(block.forward, Buckets) for block in blocks)


class Counting(EngineCache):
    """Notes how often bytes are read."""

    read = 0

    def get(self, facts: Mapping[str, str]) -> bytes | None:
        self.read += 1
        return super().get(facts)


@pytest.mark.skipif(shutil.which("g++") is None, reason="inductor compiles C++")
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_an_engine_is_read_once_and_one_that_is_spoilt_is_built_again(tmp_path: Path) -> None:
    # given an engine
    cache, module = Counting(tmp_path, 2**30), torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.GELU()).eval()
    one, inductor = Wanted(module, "4x8", Example((torch.randn(4, 8),), {})), Inductor(cache, CPU)
    inductor.build(module, one.example, one.bucket)
    cache.read = 0
    # when it takes over
    assert chain.accelerate([one], [inductor], "float32").name == "inductor" and cache.read == 1
    # then it was read once; and one of which a byte is another one is neither used nor a reason to give up
    (file,) = tmp_path.glob("*/engine")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(NotBuiltError):
        chain.accelerate([one], [inductor], "float32")
    assert "forward" not in module.__dict__ and not file.exists()
    inductor.build(module, one.example, one.bucket)
    assert chain.accelerate([one], [inductor], "float32").name == "inductor"


def test_a_vaes_decoder_is_made_fast_beside_it_and_proven_on_a_whole_clip(config: Settings, inductor: Inductor) -> None:
    (found,), choice = accelerate(config, "tiny-ltx", decoding, [inductor, Eager()])
    assert (choice.name, choice.fallbacks) == ("inductor", ()) and choice.parity[0].relative < 1e-4
    assert isinstance(found.module.forward, Buckets)


def test_a_decoder_that_is_right_for_the_first_piece_alone_is_refused_before_it_is_built(config: Settings) -> None:
    # Wan's VAE decodes one piece after another, with what it kept of those before
    choice = accelerate(config, "tiny-wan", decoding, [Forgetful()]).choice
    assert choice.name == "eager" and "WanDecoder3d writes into its arguments" in choice.fallbacks[0].reason
    # LTX decodes all at once: there is nothing to forget
    assert accelerate(config, "tiny-ltx", decoding, [Forgetful()]).choice.name == "forgetful"


class Remembering(torch.nn.Module):
    """Keeps what it was called with: in another tensor of the same shape, in the same one, or not at all."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def forward(self, x: torch.Tensor, kept: list[torch.Tensor]) -> torch.Tensor:
        if self.how == "replaced":
            kept[0] = x + 1
        elif self.how == "overwritten":
            kept[0].copy_(x)
        return x + kept[0]


@pytest.mark.parametrize(("how", "writes"), [("replaced", True), ("overwritten", True), ("read", False)])
def test_what_is_written_is_noticed_where_the_shapes_stay_the_same(how: str, writes: bool) -> None:
    given = Example((torch.ones(2), [torch.zeros(2)]), {})
    assert _writes(Remembering(how), given) == writes


def test_engines_of_twins_that_hold_weights_are_missed_all_at_once(config: Settings, tmp_path: Path) -> None:
    (found,) = wanted(config, "tiny-wan")
    blocks = [block for _, block in repeated(found.module)]
    # when no engine is built
    with pytest.raises(NotBuiltError) as told:
        chain.accelerate([found], [Holding(EngineCache(tmp_path, 2**30), CPU)], "float32")
    # then those of all blocks are asked for
    assert len(blocks) > 1 and [one.module for one in told.value.missing] == blocks


def test_each_stage_is_judged_by_its_own_precision(config: Settings) -> None:
    for dtype, name in (("float32", "eager"), ("bfloat16", "drifting")):
        assert accelerate(config, "tiny-ltx", decoding, [Drifting()], dtype).choice.name == name


@pytest.mark.parametrize("name", ["tiny-ltx", "tiny-wan"])
def test_each_stage_has_the_precision_of_the_manifest(name: str, config: Settings, tmp_path: Path) -> None:
    # given a denoiser in bfloat16 between a text encoder and a VAE in float32, and the other way round
    for one, other in (("bfloat16", "float32"), ("float32", "bfloat16")):
        root, dtypes = tmp_path / one, {"denoiser": one, "vae": other, "text_encoder": other}
        write_manifest(name, Path(manifest(name, config).folder or ""), root / "models", dtypes=dtypes, dtype=other)
        settings = configured(root)
        device, model = Device(settings, accelerators=[]), manifest(name, settings)
        pipe = device.pipe(name)
        found = [str(part.dtype) for part in (pipe.transformer, pipe.vae, pipe.text_encoder)]
        assert found == [f"torch.{one}", f"torch.{other}", f"torch.{other}"]
        # then it makes clips, and they are another artefact than those of one precision
        renderer = DiffusersRenderer(device, model, settings)
        assert renderer.render(spec(duration_ms=1000, draft=6), tmp_path / "a.mp4", lambda *_: None).frames == 30
        plain = manifest(name, config)
        assert renderer.fingerprint() != DiffusersRenderer(Device(config, []), plain, config).fingerprint()


def test_one_that_drifts_is_refused_and_leaves_no_trace(config: Settings) -> None:
    found, choice = accelerate(config, "tiny-wan", examples, [Drifting(), Eager()])
    assert choice.name == "eager" and "it drifts from eager" in choice.fallbacks[0].reason
    assert "forward" not in found[0].module.__dict__


def test_other_shapes_than_those_prepared_run_on_the_modules_own_forward() -> None:
    module = torch.nn.Linear(4, 4)
    prepared, calls = Example((torch.ones(2, 4),), {}), []
    buckets = Buckets(module.forward)
    buckets.add(prepared, lambda x: calls.append(x) or x)
    buckets(torch.zeros(2, 4))
    assert buckets(torch.zeros(3, 4)).shape == (3, 4) and len(calls) == 1


def test_new_weights_need_no_new_build(config: Settings, inductor: Inductor) -> None:
    ((found,), _) = accelerate(config, "tiny-ltx", examples, [inductor])
    weights = {name: value * 0.5 for name, value in found.module.state_dict().items()}
    with torch.no_grad():
        before = found.module(**found.example.kwargs)[0]
        found.module.load_state_dict(weights)
        after = found.module(**found.example.kwargs)[0]
        restore(found.module)
        plain = found.module(**found.example.kwargs)[0]
    assert not torch.allclose(before, after) and torch.allclose(after, plain, atol=1e-6)


def test_a_tensorrt_that_cannot_be_imported_is_a_reason_and_not_a_crash(
    config: Settings, tmp_path: Path, inductor: Inductor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an installation without it, and one without NVIDIA's libraries: its import raises a bare Exception
    tensorrt = TensorRT(EngineCache(tmp_path, 1000), CPU)
    choice = accelerate(config, "tiny-ltx", examples, [tensorrt, inductor]).choice
    assert choice.name == "inductor" and "torch_tensorrt cannot be imported" in choice.fallbacks[0].reason
    (tmp_path / "torch_tensorrt.py").write_text('raise Exception("libnvinfer.so.10 is missing")')
    monkeypatch.syspath_prepend(tmp_path)
    choice = accelerate(config, "tiny-ltx", examples, [tensorrt]).choice
    assert choice.name == "eager" and "libnvinfer.so.10 is missing" in choice.fallbacks[0].reason


def test_accelerators_are_known_by_name_and_one_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path, 1000)
    found = accelerators(Settings().accelerators, cache, CPU)
    assert [(one.name, type(one)) for one in found] == [
        ("tensorrt", TensorRT), ("inductor", Inductor), ("eager", Eager)
    ]  # fmt: skip
    assert all(one.cache is cache for one in (*found[:2], engines_of("inductor", cache, CPU)))
    with pytest.raises(ConfigurationError, match="there is no accelerator warp"):
        accelerators(["eager", "warp"], cache, CPU)


def test_what_an_engine_depends_on_is_all_told() -> None:
    facts = facts_of(torch.device("cpu"))
    assert set(facts) == {"torch", "diffusers", "cuda", "tensorrt", "torch_tensorrt", "driver", "device", "capability"}
    assert facts["torch"] == torch.__version__


def test_a_device_uses_what_works_tells_what_did_not_and_names_it_in_fingerprint_and_event(
    config: Settings, tmp_path: Path, inductor: Inductor
) -> None:
    device = Device(config, accelerators=[Drifting(), inductor])
    device.engines.prepared("tiny-ltx")
    model = manifest("tiny-ltx", config)
    renderer = DiffusersRenderer(device, model, config)
    clip = renderer.render(spec(duration_ms=1000, draft=6), tmp_path / "a.mp4", lambda *_: None)
    assert clip.details["work"].accelerator == "inductor"
    assert [fallback.backend for fallback in clip.details["fallbacks"]] == ["drifting", "drifting (vae)"]
    # and it makes whole shapes, for which it was prepared
    assert clip.details["work"].frames == model.shapes[0].frames
    assert renderer.fingerprint() != DiffusersRenderer(Device(config, accelerators=[]), model, config).fingerprint()
    assert device.turnstile._scheduler.in_hand == 0


def test_denoiser_and_decoder_each_take_the_first_that_works_and_the_event_names_both(
    config: Settings, tmp_path: Path, inductor: Inductor, engines: EngineCache
) -> None:
    device, model = Device(config, [Denoising(engines, CPU)]), manifest("tiny-ltx", config)
    device.engines.prepared("tiny-ltx")
    renderer = DiffusersRenderer(device, model, config)
    clip = renderer.render(spec(duration_ms=1000, draft=6), tmp_path / "a.mp4", lambda *_: None)
    assert clip.details["work"].accelerator == "inductor, vae eager"
    ((told,),) = [clip.details["fallbacks"]]
    assert (told.backend, told.reason) == ("inductor (vae)", "no decoders")
    both = Device(config, accelerators=[inductor])
    both.engines.prepared("tiny-ltx")
    assert renderer.fingerprint() != DiffusersRenderer(both, model, config).fingerprint()


def test_a_check_tells_what_it_runs_on_here_and_how_near_that_is_to_eager(
    config: Settings, engines: EngineCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device(config, [Denoising(engines, CPU)])
    monkeypatch.setattr(backends, "device", lambda _: device)
    fast, given_up = (one for one in check(manifest("tiny-ltx", config), config, parity=True) if one.what == "fast")
    assert fast.ok and fast.told.startswith("inductor, vae eager; at worst beside eager: ") and "PSNR" in fast.told
    assert (given_up.ok, given_up.told) == (None, "not inductor (vae): no decoders")
    assert not [one for one in check(manifest("tiny-ltx", config), config) if one.what == "fast"]
