"""Previews while real pipelines denoise: seen before the clip is done, and without a trace in its pixels."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny
from PIL import Image

from gpu_consumers.generation import previews
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.loading import shell
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import MODELS_PART, DiffusersRenderer
from infra.settings import Settings
from tests.models.pipelines_kit import PIPELINES, configured, save, write_manifest
from tests.unit.picture_kit import spec

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> tuple[Device, Settings]:
    folder = tmp_path_factory.mktemp("models")
    torch.set_num_threads(1)
    for name in PIPELINES:
        write_manifest(name, save(name, folder / "weights"), folder / "models")
    config = configured(folder)
    return Device(config), config


@pytest.mark.parametrize("name", PIPELINES)
def test_a_picture_comes_while_it_is_denoised_and_changes_nothing(
    device: tuple[Device, Settings], name: str, tmp_path: Path
) -> None:
    made, config = device
    told: list[tuple[float, bytes | None]] = []

    def clip(out: Path) -> bytes:
        renderer = DiffusersRenderer(made, manifest(name, config), config)
        asked = spec(duration_ms=500, draft=6, seed=7)
        return renderer.render(asked, out, lambda part, picture: told.append((part, picture))).path.read_bytes()

    # when
    with_previews = clip(tmp_path / "one.mp4")
    # then there was one after the first of four steps, or after its first pass where guidance has one of its own
    part, picture = next((part, picture) for part, picture in told if picture)
    assert part == pytest.approx(MODELS_PART / (10 if name == "tiny-wan" else 5))
    shown = Image.open(io.BytesIO(picture or b""))
    assert (shown.format, shown.size[0]) == ("JPEG", previews.PREVIEW_WIDTH)
    assert shown.size[1] > shown.size[0]
    # and without them the clip is the same to the byte
    made.models.of(name).show = None
    told.clear()
    assert clip(tmp_path / "two.mp4") == with_previews
    assert not any(picture for _, picture in told)


@pytest.mark.parametrize("name", PIPELINES)
def test_what_is_expected_after_the_last_step_is_what_comes_out(device: tuple[Device, Settings], name: str) -> None:
    # given
    pipe = shell(device[0].pipe(name))
    watched, ends = previews.Expected(pipe.scheduler), list[torch.Tensor]()
    shape = manifest(name, device[1]).shapes[0]
    # when
    given = {"prompt": "a"} if name != "tiny-svd" else {"image": Image.new("RGB", (shape.width, shape.height))}

    def end(_pipe: object, _step: int, _time: object, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        ends.append(tensors["latents"])
        return {}

    pipe(
        **given, width=shape.width, height=shape.height, num_frames=shape.frames, num_inference_steps=4,
        output_type="latent", generator=torch.Generator("cpu").manual_seed(3), callback_on_step_end=end,
    )  # fmt: skip
    # then the prediction has become the clip, and the first one was far from the noise that was left
    error = (watched.latents - ends[-1]).norm() / ends[-1].norm()
    assert error < 0.05


def test_a_model_without_an_encoder_has_no_previews(device: tuple[Device, Settings]) -> None:
    pipe = shell(device[0].pipe("tiny-wan"))
    pipe.vae.encode = None
    with pytest.raises(TypeError):
        previews.mapping_of(pipe)


def test_latents_of_a_colour_are_shown_in_it() -> None:
    """With a VAE that keeps colours apart, as trained ones do: here one that averages blocks."""

    class Distribution:
        def __init__(self, latents: torch.Tensor) -> None:
            self.latent_dist, self._latents = self, latents

        def mode(self) -> torch.Tensor:
            return self._latents

    class Averaging(torch.nn.Module):
        config = type("Config", (), {"scaling_factor": 0.5})()
        device, dtype = torch.device("cpu"), torch.float32

        def encode(self, clip: torch.Tensor) -> Distribution:
            return Distribution(torch.nn.functional.avg_pool3d(clip, (1, 8, 8)))

    mapping = previews.mapping_of(type("Pipe", (), {"vae": Averaging()})())
    red = np.array([1.0, -1.0, -1.0]).reshape(3, 1, 1) * 0.5
    assert previews.applied(mapping, red)[0, 0].tolist() == [255, 0, 0]


def test_a_tiny_vae_shows_previews_where_it_suits_the_latents_and_changes_no_clip(tmp_path: Path) -> None:
    def tiny(channels: int) -> Path:
        torch.manual_seed(3)
        vae = AutoencoderTiny(
            latent_channels=channels, encoder_block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8),
            num_encoder_blocks=(1, 1, 1, 1), num_decoder_blocks=(1, 1, 1, 1),
        )  # fmt: skip
        vae.save_pretrained(folder := tmp_path / f"tiny-{channels}")
        return folder

    def clip(name: str, **changes: Any) -> tuple[bytes, list[bytes]]:
        """Its bytes, and its previews."""
        root, told = tmp_path / name, list[bytes]()
        write_manifest("tiny-ltx", weights, root / "models", **changes)
        config = configured(root)
        renderer = DiffusersRenderer(Device(config), manifest("tiny-ltx", config), config)
        asked = spec(duration_ms=500, draft=6, seed=7)
        made = renderer.render(asked, root / "clip.mp4", lambda _, picture: told.append(picture) if picture else None)
        return made.path.read_bytes(), told

    # given a tiny VAE for latents of eight channels, as the model has, one for four, and none
    weights = save("tiny-ltx", tmp_path / "weights")
    plain, mapped = clip("plain")
    own, shown = clip("suits", preview_vae=str(tiny(8)))
    other, fallen_back = clip("other", preview_vae=str(tiny(4)))
    _, without = clip("gone", preview_vae=str(tmp_path / "nowhere"))
    # then that which suits is used, the others are not, and the clip is the same
    assert plain == own == other
    assert shown[0] != mapped[0] == fallen_back[0] == without[0]
    assert Image.open(io.BytesIO(shown[0])).size[0] == previews.PREVIEW_WIDTH


def test_the_first_pass_tells_what_its_step_does_where_there_is_no_guidance(device: tuple[Device, Settings]) -> None:
    pipe, shape = shell(device[0].pipe("tiny-wan")), manifest("tiny-wan", device[1]).shapes[0]
    told = list[torch.Tensor]()
    watched = previews.Expected(pipe.scheduler)

    def passed(_module: Any, _args: Any, given: dict[str, Any], made: Any) -> None:
        if not told:
            watched.first(given["hidden_states"], made[0])
            told.append(watched.latents)

    def stepped(_pipe: object, _step: int, _time: object, _tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        told.append(watched.latents)
        return {}

    hook = pipe.transformer.register_forward_hook(passed, with_kwargs=True)
    try:
        pipe(
            prompt="a", guidance_scale=1.0, width=shape.width, height=shape.height, num_frames=shape.frames,
            num_inference_steps=2, output_type="latent", generator=torch.Generator("cpu").manual_seed(3),
            callback_on_step_end=stepped,
        )  # fmt: skip
    finally:
        hook.remove()
    assert torch.allclose(told[0], told[1], atol=1e-5)
