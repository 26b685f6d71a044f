"""FP8: the layers of a transformer's blocks in 8 bits; computed as stated, near enough, refused where it cannot be."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from torch._subclasses.fake_tensor import FakeTensorMode

from gpu_consumers.acceleration import keys
from gpu_consumers.acceleration.backends import Eager, Inductor, contiguous
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.chain import accelerate
from gpu_consumers.acceleration.examples import examples
from gpu_consumers.acceleration.parity import compare, numbers
from gpu_consumers.acceleration.trt import TensorRT
from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.generation import comparing, float8
from gpu_consumers.generation.checks import check
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.float8 import FORMAT, Float8Linear, fuses, placed, product, readied, scaled
from gpu_consumers.generation.loading import load, load_part, one_step, outlined
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from infra.settings import Settings
from tests.models.pipelines_kit import PIPELINES, configured, save, write_manifest
from tests.models.test_scene_models import quiet, small

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
MODELS = ("tiny-ltx", "tiny-wan")
#: Large enough that most of their weights are in layers whose sides are multiples of 16.
SIZES: dict[str, dict[str, int]] = {"tiny-ltx": {"layers": 4}, "tiny-wan": {"layers": 4, "head": 16, "hidden": 64}}
FP8 = {"denoiser": "fp8"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Each model twice: as it is in bfloat16, and with `fp8`."""
    root = tmp_path_factory.mktemp("float8")
    torch.set_num_threads(1)
    for name in PIPELINES:
        folder = save(name, root / "weights", **SIZES.get(name, {}))
        style = {"ink": {"file": str(root / f"{name}.safetensors")}} if name in MODELS else {}
        for own, dtypes in ((name, {"denoiser": "bfloat16"}), (f"{name}-fp8", FP8)):
            write_manifest(own, folder, root / "models", kind=name, dtypes=dtypes, styles=style)
            write_manifest(f"{own}-plain", folder, root / "models", kind=name, dtypes=dtypes)
    return configured(root)


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    yield
    fuses.cache_clear()


def loaded(config: Settings, name: str) -> Any:
    model = manifest(name, config)
    return load(model, Path(model.folder or ""))


def random(rows: int, columns: int, seed: int) -> torch.Tensor:
    made = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    return (made * torch.logspace(-3, 3, rows)[:, None]).to(torch.bfloat16)


def test_a_layer_multiplies_what_is_left_of_both_in_8_bits_and_each_row_has_its_scale() -> None:
    # given rows of very different sizes: one scale for all would make nothing of the small ones
    plain = torch.nn.Linear(64, 48, dtype=torch.bfloat16)
    plain.weight.data = random(48, 64, 1)
    tokens = random(37, 64, 2)
    layer = Float8Linear(plain)
    with torch.no_grad():
        made, exact = layer(tokens[None])[0].float().numpy(), plain(tokens).float().numpy()

    def rounded(rows: torch.Tensor) -> Any:
        # of E4M3: the largest of each row becomes 448, what is above 2**-6 keeps 3 bits after the first
        values = rows.float().numpy()
        scale = np.abs(values).max(axis=1, keepdims=True) / np.float32(448)
        within = (values / scale).astype(np.float64)
        fine = 2.0 ** np.maximum(np.floor(np.log2(np.abs(within) + 1e-30)), -6) / 8
        return np.round(within / fine) * fine * scale

    bias = plain.bias.detach().double().numpy()
    expected = rounded(tokens) @ rounded(plain.weight.detach()).T + bias
    assert made.shape == exact.shape
    assert np.linalg.norm(made - expected, axis=1) / np.linalg.norm(expected, axis=1) == pytest.approx(0, abs=0.008)
    off = np.linalg.norm(made - exact, axis=1) / np.linalg.norm(exact, axis=1)
    assert (off < 0.1).all() and 0.01 < off.mean() < 0.06


def test_the_product_that_takes_the_scales_along_is_given_what_a_gpu_asks_for() -> None:
    # given no GPU, but torch's own check of what its product gets there: shapes, strides, types
    with FakeTensorMode():
        tokens, weight = (torch.empty(37, 64, device="cuda", dtype=FORMAT), torch.empty(48, 64, device="cuda"))
        eighths, scales = scaled(weight)
        scale = torch.empty(37, 1, device="cuda")
        bias = torch.empty(48, device="cuda", dtype=torch.bfloat16)
        made = product(tokens, scale, eighths, scales, bias, torch.bfloat16, fused=True)
        assert (tuple(made.shape), made.dtype) == ((37, 48), torch.bfloat16)
        with pytest.raises(RuntimeError, match="scaling"):
            product(tokens, scale[:30], eighths, scales, bias, torch.bfloat16, fused=True)


@pytest.mark.parametrize("name", MODELS)
def test_it_takes_the_layers_of_the_blocks_and_leaves_norms_embeddings_and_both_ends(
    config: Settings, name: str
) -> None:
    module = loaded(config, f"{name}-fp8").transformer
    taken = {path for path, each in module.named_modules() if isinstance(each, Float8Linear)}
    left = {path for path, each in module.named_modules() if type(each) is torch.nn.Linear}
    assert len(taken) >= 10 * 4 and all("blocks." in path and "norm" not in path for path in taken)
    assert "proj_out" in left and not any("blocks." in path for path in left)
    others = {value.dtype for path, value in module.named_parameters() if path.removesuffix(".weight") not in taken}
    assert others <= {torch.bfloat16, torch.float32}


@pytest.mark.parametrize("name", MODELS)
def test_a_clip_is_made_with_it_the_same_each_time_and_is_another_than_without(
    config: Settings, name: str, tmp_path: Path
) -> None:
    device = Device(config, accelerators=[])
    plain, eighths = (DiffusersRenderer(device, manifest(one, config), config) for one in (name, f"{name}-fp8"))
    clips = [one.render(small(), tmp_path / f"{n}.mp4", quiet) for n, one in enumerate((plain, eighths, eighths))]
    made = [clip.path.read_bytes() for clip in clips]
    assert made[1] == made[2] != made[0] and eighths.fingerprint() != plain.fingerprint()
    # and it tells, so that what it takes is learned apart
    assert [clip.details["work"].precision for clip in clips] == ["", "fp8", "fp8"]


@pytest.mark.parametrize("name", MODELS)
def test_a_check_tells_how_near_it_comes_and_what_it_saves(config: Settings, name: str) -> None:
    (found,) = (one for one in check(manifest(f"{name}-fp8-plain", config), config, parity=True) if one.what == "fp8")
    assert found.ok and "relative error" in found.told and "times smaller" in found.told
    (found,) = (one for one in check(manifest(f"{name}-fp8", config), config) if one.what == "fp8")
    assert found.ok is None and "--parity" in found.told
    assert not [one for one in check(manifest(name, config), config, parity=True) if one.what == "fp8"]


def test_one_that_it_spoils_is_refused(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def coarse(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        eighths, scale = scaled(rows)
        return (eighths.float() / 448).round().mul(448).to(FORMAT), scale

    monkeypatch.setattr(float8, "scaled", coarse)
    (found,) = (one for one in check(manifest("tiny-wan-fp8", config), config, parity=True) if one.what == "fp8")
    assert found.ok is False and "relative error" in found.told and "denoiser: fp8" in found.hint


def test_it_is_proven_without_what_the_other_precision_has_left_behind(config: Settings) -> None:
    made = comparing.in_eighths(manifest("tiny-ltx-fp8", config), config, torch.device("cpu"))
    assert 0.001 < made.parity.relative < 0.1 and made.smaller > 1.3


def test_a_chip_without_it_is_refused_in_one_line_before_anything_is_loaded(
    config: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise RuntimeError("torch._scaled_mm is only supported on devices of compute capability >= 8.9\nC++ trace")

    monkeypatch.setattr(torch, "_scaled_mm", refuses)
    fuses.cache_clear()
    device, model = Device(config, accelerators=[]), manifest("tiny-ltx-fp8", config)
    monkeypatch.setattr("gpu_consumers.generation.resident.load", lambda *_: pytest.fail("it was loaded"))
    with pytest.raises(BackendMissingError, match=r"^the CPU cannot multiply in FP8: [^\n]*$"):
        DiffusersRenderer(device, model, config).render(small(), tmp_path / "a.mp4", quiet)
    (found,) = (one for one in check(model, config) if one.what == "fp8")
    assert found.ok is False and "compute capability 8.9 (Ada, Hopper)" in found.hint
    # a device that computes something else is as little use
    monkeypatch.setattr(torch, "_scaled_mm", lambda *_, **__: torch.zeros(16, 16))
    with pytest.raises(BackendMissingError, match="16 ones times 16 ones are 0"):
        fuses(torch.device("cpu"))


def test_a_model_that_is_mostly_convolutions_is_refused(config: Settings) -> None:
    with pytest.raises(BackendError, match=r"tiny-svd-fp8: FP8 would take \d+% of the weights of its unet"):
        loaded(config, "tiny-svd-fp8")
    (found,) = (one for one in check(manifest("tiny-svd-fp8", config), config, parity=True) if one.what == "fp8")
    assert found.ok is False and "gains nothing" in found.told


def test_accelerators_get_it_like_any_module_and_those_that_have_none_say_so(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "tiny-ltx-fp8"
    model, pipe = manifest(name, config), placed(loaded(config, name), torch.device("cpu"))
    found = examples(pipe, "any", one_step(pipe, model, model.shapes[0]))
    monkeypatch.setattr("gpu_consumers.acceleration.trt.torch_tensorrt", lambda: None)
    tensorrt = TensorRT(EngineCache(tmp_path, 1000), torch.device("cpu"))
    inductor = Inductor(EngineCache(tmp_path, 1000), torch.device("cpu"))
    choice = accelerate(found, [tensorrt, inductor, Eager()], "fp8")
    assert [one.backend for one in choice.fallbacks] == ["tensorrt", "inductor"]
    assert all("FP8" in one.reason for one in choice.fallbacks)
    # inductor, on GPUs, is given its graph, which computes the same
    (one,) = found
    given = contiguous(one.example.fresh())
    with torch.no_grad():
        program = torch.export.export(one.module, given.args, dict(given.kwargs), strict=False).module()
        made = [numbers(each(*given.args, **given.kwargs)) for each in (one.module, program)]
    assert compare(*made).relative < 0.06
    # by a process that makes the same layers of what lies on the disk
    other = load_part(Path(str(model.folder)), one.part, "bfloat16", fp8=True)
    readied(other, torch.device("cpu"))
    held = keys.tensors(other)
    assert keys.structure(other) == keys.structure(one.module)
    assert keys.weights(other, held) == keys.weights(one.module, held)
    # and of a block without its weights
    shutil.copytree(str(model.folder), tmp_path / "bare", ignore=shutil.ignore_patterns("*.safetensors"))
    block = one.blocks[0]
    bare = load_part(tmp_path / "bare", block.part, "bfloat16", fp8=True, outline=outlined(block.module))
    readied(bare, torch.device("cpu"))
    assert keys.structure(bare) == keys.structure(block.module) and set(outlined(bare).values()) == {
        "float8_e4m3fn", "bfloat16", "float32"
    }  # fmt: skip


def test_new_weights_are_brought_to_8_bits_too(config: Settings) -> None:
    module = loaded(config, "tiny-ltx-fp8").transformer
    plain = {path: value * 0.5 for path, value in loaded(config, "tiny-ltx").transformer.state_dict().items()}
    module.load_state_dict(plain, strict=False)
    path = next(path for path, each in module.named_modules() if isinstance(each, Float8Linear))
    layer = module.get_submodule(path)
    near = layer.weight.float() * layer.scale
    assert layer.weight.dtype == FORMAT
    assert compare(plain[f"{path}.weight"].float().numpy(), near.numpy()).relative < 0.04


@pytest.mark.parametrize("name", MODELS)
def test_a_style_is_brought_to_8_bits_with_the_weights_and_goes_without_a_trace(config: Settings, name: str) -> None:
    # given a LoRA as training would leave it
    file = Path(str(manifest(f"{name}-fp8", config).styles["ink"].file))
    trained = PIPELINES[name][0](**SIZES[name])
    torch.manual_seed(3)
    wanted = LoraConfig(r=4, lora_alpha=8, target_modules=["to_v", "to_out.0"], init_lora_weights=False)
    trained.transformer.add_adapter(wanted)
    layers = get_peft_model_state_dict(trained.transformer)
    type(trained).save_lora_weights(str(file.parent), transformer_lora_layers=layers, weight_name=file.name)
    device, passes = Device(config, accelerators=[]), {}
    for own in (name, f"{name}-fp8"):
        model, pipe = manifest(own, config), device.pipe(own)
        (found,) = examples(pipe, "any", one_step(pipe, model, model.shapes[0]))
        plain = found.result()
        device.models.of(own).styles.use((("ink", 1.0),))
        passes[own] = plain, found.result()
        device.models.of(own).styles.use(())
        assert np.array_equal(found.result(), plain)
    assert any(value.dtype is FORMAT for value in pipe.transformer.parameters())
    # then it changes what is made, and as it does without FP8
    (plain, styled), (plain8, styled8) = passes[name], passes[f"{name}-fp8"]
    changed = compare(plain, styled).relative
    assert changed > 0.05 and compare(styled, styled8).relative < changed / 2
    assert not np.array_equal(plain8, styled8)


def test_what_it_saves_is_taken_off_the_memory(config: Settings) -> None:
    # given a transformer of 5e9 parameters in 2 bytes each, among 24 GiB of weights
    shipped = manifest("wan-5b", config)
    eighths = shipped.model_copy(update={"dtypes": shipped.dtypes.model_copy(update={"denoiser": "fp8"})})
    assert shipped.held == 23 * 2**30 and 4.8e9 < shipped.held - eighths.held < 5e9
    assert eighths.architecture.weights == eighths.held
