"""Styles: LoRAs that are loaded when a clip asks for them, mixed by weight, and let go when others need the place."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from gpu_consumers import backends
from gpu_consumers.acceleration import keys
from gpu_consumers.acceleration.backends import Eager, Inductor
from gpu_consumers.acceleration.buckets import keeping
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.acceleration.examples import examples
from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.generation import merging
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.loading import one_step
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.generation.styles import locate_style
from gpu_consumers.ports import Urgency
from infra import flavors
from infra.settings import Settings
from schemas.values import Lane
from tests.models.pipelines_kit import PIPELINES, configured, save, write_flavor, write_manifest
from tests.models.test_scene_models import TIMEOUT, quiet, rendered, shop, small, until

__all__ = ["shop"]

MODELS = ("tiny-ltx", "tiny-wan")
INK, GOLD = ("ink", 1.0), ("gold", 0.7)


def random_lora(name: str, file: Path, seed: int, **kind: Any) -> None:
    """A LoRA of rank 4 with random weights, as training would leave it."""
    torch.manual_seed(seed)
    pipe = PIPELINES[name][0]()
    targets = ["to_q", "to_k", "to_v", "to_out.0"]
    config = LoraConfig(r=4, lora_alpha=8, target_modules=targets, init_lora_weights=False, **kind)
    pipe.transformer.add_adapter(config)
    layers = get_peft_model_state_dict(pipe.transformer)
    told = {"transformer_lora_adapter_metadata": pipe.transformer.peft_config["default"].to_dict()}
    type(pipe).save_lora_weights(str(file.parent), transformer_lora_layers=layers, weight_name=file.name, **told)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("styles")
    torch.set_num_threads(1)
    for name in MODELS:
        styles: dict[str, dict[str, str]] = {"gone": {"file": str(folder / "nowhere.safetensors")}}
        for seed, style in enumerate(("ink", "gold", "noir"), 1):
            file = folder / f"{name}-{style}.safetensors"
            random_lora(name, file, seed)
            styles[style] = {"file": str(file), "trigger": f"in {style}"}
        write_manifest(name, save(name, folder / "weights"), folder / "models", styles=styles, styles_kept=1)
        write_flavor(name, folder / "flavors", styles={"ink": 1.0})
    write_flavor("plain", folder / "flavors", scene_backend="tiny-ltx")
    return configured(folder)


@pytest.fixture(autouse=True)
def _settings(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flavors, "settings", lambda: config)


def clip(config: Settings, name: str, out: Path, *styles: tuple[str, float], urgency: Lane = Lane.INTERACTIVE) -> bytes:
    spec = small()
    spec = type(spec)(**(vars(spec) | {"styles": tuple(sorted(styles))}))
    renderer = backends.renderer(name, config, Urgency(lane=urgency))
    return renderer.render(spec, out, quiet).path.read_bytes()


@pytest.mark.parametrize("name", MODELS)
def test_a_style_changes_the_clip_and_none_is_what_it_was_before_there_were_any(
    name: str, config: Settings, tmp_path: Path
) -> None:
    plain = clip(config, name, tmp_path / "a.mp4")
    ink, gold = clip(config, name, tmp_path / "b.mp4", INK), clip(config, name, tmp_path / "c.mp4", GOLD)
    both, weaker = (
        clip(config, name, tmp_path / "d.mp4", INK, GOLD),
        clip(config, name, tmp_path / "e.mp4", ("ink", 0.5)),
    )
    assert len({plain, ink, gold, both, weaker}) == 5
    assert clip(config, name, tmp_path / "f.mp4") == plain


@pytest.mark.parametrize("name", MODELS)
def test_the_least_recently_used_goes_and_comes_back_the_same(name: str, config: Settings, tmp_path: Path) -> None:
    held = backends.device(config).models.of(name).styles
    ink = clip(config, name, tmp_path / "a.mp4", INK)
    assert held.loaded == ("ink",)
    clip(config, name, tmp_path / "b.mp4", GOLD)
    assert held.loaded == ("gold",)
    # more at once than may stay are all there while they are used
    clip(config, name, tmp_path / "c.mp4", GOLD, INK, ("noir", 0.2))
    assert set(held.loaded) == {"ink", "gold", "noir"}
    assert clip(config, name, tmp_path / "d.mp4", INK) == ink
    assert held.loaded == ("ink",)


def test_clips_of_other_styles_that_take_turns_stay_what_they_are(config: Settings, tmp_path: Path) -> None:
    # given two styled clips made alone
    name, device = "tiny-ltx", backends.device(config)
    alone = [clip(config, name, tmp_path / f"{style}.mp4", (style, 1.0)) for style in ("ink", "gold")]
    reached, calls = threading.Event(), {"count": 0}

    def gate(*_: Any) -> None:
        calls["count"] += 1
        if calls["count"] == 2:
            reached.set()
            until(lambda: len(device.turnstile._places) == 2)

    # when the first gives way to the second after a step
    hook = device.pipe(name).transformer.register_forward_hook(gate)
    try:
        with ThreadPoolExecutor(2) as pool:
            bulk = pool.submit(clip, config, name, tmp_path / "1.mp4", ("ink", 1.0), urgency=Lane.BULK)
            assert reached.wait(TIMEOUT)
            urgent = pool.submit(clip, config, name, tmp_path / "2.mp4", ("gold", 1.0))
            made = [bulk.result(TIMEOUT), urgent.result(TIMEOUT)]
    finally:
        hook.remove()
    # then each is what it was, although the style of the first was let go in between
    assert made == alone


def test_a_style_that_is_not_there_is_told(config: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackendMissingError, match="the style gone of tiny-ltx is not on this machine"):
        clip(config, "tiny-ltx", tmp_path / "a.mp4", ("gone", 1.0))
    with pytest.raises(BackendError, match="tiny-ltx has no style 'water'"):
        clip(config, "tiny-ltx", tmp_path / "b.mp4", ("water", 1.0))
    # and what comes after it is not touched by it
    assert clip(config, "tiny-ltx", tmp_path / "c.mp4") == clip(config, "tiny-ltx", tmp_path / "d.mp4")


def test_the_flavor_mixes_styles_and_its_clips_are_kept_apart(shop: Any) -> None:
    inked, plain = rendered(shop, "tiny-ltx"), rendered(shop, "plain", seed=5)
    assert inked.clip != plain.clip and inked.fallbacks == ()
    assert rendered(shop, "tiny-ltx").reused


def test_words_that_a_style_listens_to_come_first(config: Settings) -> None:
    renderer = backends.renderer("tiny-ltx", config)
    assert isinstance(renderer, DiffusersRenderer)
    spec = small()
    asked = renderer._prompt(type(spec)(**(vars(spec) | {"styles": (GOLD, INK)})))
    assert asked.startswith("in gold in ink ") and asked.endswith(renderer._prompt(spec))


@pytest.mark.timeout(900)
def test_engines_compute_with_the_styles_and_without_them_as_before(
    config: Settings, engines: EngineCache, tmp_path: Path
) -> None:
    # given a model on engines
    device = Device(config, [Inductor(engines, torch.device("cpu"))])
    assert device.engines.prepared("tiny-ltx").label == "inductor"
    pipe, model = device.pipe("tiny-ltx"), manifest("tiny-ltx", config)
    module, styles, graph = pipe.transformer, device.models.of("tiny-ltx").styles, keys.structure(pipe.transformer)
    (found,) = examples(pipe, "", one_step(pipe, model, model.shapes[0]))

    def both(*mix: tuple[str, float]) -> tuple[torch.Tensor, torch.Tensor]:
        styles.use(mix)
        with torch.no_grad():
            fast = module(**found.example.fresh().kwargs)[0]
            with keeping(eager=True):
                return fast, module(**found.example.fresh().kwargs)[0]

    # when a mix is set, and none again
    before, inked, mixed, after = both(), both(INK), both(GOLD, INK), both()
    # then the engine computes what the module does, and no layer was exchanged
    for fast, plain in (before, inked, mixed, after):
        assert torch.allclose(fast, plain, atol=1e-5) and not torch.equal(fast, plain)
    assert not torch.allclose(before[0], inked[0], atol=1e-3) and not torch.allclose(inked[0], mixed[0], atol=1e-3)
    assert torch.equal(before[0], after[0]) and keys.structure(module) == graph
    # and so do clips
    spec = small(0, 2000)
    spec = type(spec)(**(vars(spec) | {"styles": (INK,)}))
    made = DiffusersRenderer(device, model, config).render(spec, tmp_path / "a.mp4", quiet)
    assert made.details["work"].accelerator == "inductor"
    device.stop()


def test_a_style_that_an_engine_would_not_heed_is_refused(config: Settings, tmp_path: Path) -> None:
    # given engines with copies of all that they compute with
    class Holding(Eager):
        name = "holding"

        def holds(self, module: Any) -> Iterable[str]:
            return keys.tensors(module)

    device = Device(config, [Holding()])
    assert device.engines.prepared("tiny-ltx").name == "holding"
    module, styles = device.pipe("tiny-ltx").transformer, device.models.of("tiny-ltx").styles
    kept = keys.weights(module, keys.tensors(module))
    # then
    with pytest.raises(BackendError, match=r"cannot take the style ink: its engine has a copy of") as told:
        styles.use((INK,))
    assert "Take `tensorrt` out of SWIPESTREAM_ACCELERATORS" in told.value.hint
    assert keys.weights(module, keys.tensors(module)) == kept
    device.stop()


def test_a_mix_is_the_weights_and_the_sum_of_what_it_adds_rounded_once(config: Settings) -> None:
    # given a layer in bfloat16
    pipe = PIPELINES["tiny-ltx"][0]()
    pipe.transformer.to(torch.bfloat16)
    weight = pipe.transformer.transformer_blocks[0].attn1.to_q.weight
    before, path = weight.detach().clone(), "transformer.transformer_blocks.0.attn1.to_q"
    files = [locate_style(manifest("tiny-ltx", config), name, config) for name in ("ink", "gold")]
    changes, merged = [merging.read(pipe, file) for file in files], merging.Merged(pipe)
    # when
    merged.set([(changes[0], 0.5), (changes[1], 2.0)])
    # then (r = 4, alpha = 8: what is learned counts twice)
    first, second = (one[path] for one in changes)
    added = 0.5 * 2 * (first.up.float() @ first.down.float()) + 2.0 * 2 * (second.up.float() @ second.down.float())
    assert torch.equal(weight, (before.float() + added).to(torch.bfloat16)) and not torch.equal(weight, before)
    merged.set([])
    assert torch.equal(weight, before)


def test_a_style_that_is_more_than_a_lora_is_refused_and_changes_nothing(config: Settings, tmp_path: Path) -> None:
    pipe = PIPELINES["tiny-ltx"][0]()
    names = keys.tensors(pipe.transformer)
    kept, graph = keys.weights(pipe.transformer, names), keys.structure(pipe.transformer)
    random_lora("tiny-ltx", tmp_path / "dora.safetensors", 1, use_dora=True)
    with pytest.raises(BackendError, match="it is no plain LoRA"):
        merging.read(pipe, tmp_path / "dora.safetensors")
    assert keys.weights(pipe.transformer, names) == kept and keys.structure(pipe.transformer) == graph
