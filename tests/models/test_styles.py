"""Styles: LoRAs that are loaded when a clip asks for them, mixed by weight, and let go when others need the place."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from gpu_consumers import backends
from gpu_consumers.acceleration.backends import Inductor
from gpu_consumers.acceleration.cache import EngineCache
from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.ports import Urgency
from infra import flavors
from infra.settings import Settings
from schemas.values import Lane
from tests.models.pipelines_kit import PIPELINES, configured, save, write_flavor, write_manifest
from tests.models.test_scene_models import TIMEOUT, quiet, rendered, shop, small, until

__all__ = ["shop"]

MODELS = ("tiny-ltx", "tiny-wan")
INK, GOLD = ("ink", 1.0), ("gold", 0.7)


def random_lora(name: str, file: Path, seed: int) -> None:
    """A LoRA of rank 4 with random weights, as training would leave it."""
    torch.manual_seed(seed)
    pipe = PIPELINES[name][0]()
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["to_q", "to_k", "to_v", "to_out.0"], init_lora_weights=False)
    pipe.transformer.add_adapter(config)
    layers = get_peft_model_state_dict(pipe.transformer)
    type(pipe).save_lora_weights(str(file.parent), transformer_lora_layers=layers, weight_name=file.name)


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
    held = backends.device(config).styles(name)
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


def test_models_with_styles_run_eagerly_and_say_so(config: Settings, engines: EngineCache) -> None:
    choice = Device(config, [Inductor(engines, torch.device("cpu"))]).prepared("tiny-ltx")
    assert choice.label == "eager, vae inductor" and "styles" in choice.fallbacks[0].reason
    assert manifest("tiny-ltx", config).styles_kept == 1
