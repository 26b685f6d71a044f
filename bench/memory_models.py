"""The parts of the shipped models at full size, and what each is called with at the largest shape.

Sizes: of LTX-Video 0.9 and SVD-XT the defaults of diffusers' classes; of Wan as diffusers'
`scripts/convert_wan_to_diffusers.py` and the authors' own `wan_ti2v_5B.py` and `vae2_2.py` give them; T5 and UMT5 as
`google/t5-v1_1-xxl` and `google/umt5-xxl`, the picture encoder as `laion/CLIP-ViT-H-14-laion2B-s32B-b79K`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gpu_consumers.generation.manifest import Manifest, manifests
from infra.errors import UnavailableError
from infra.settings import settings

#: Tokens of a prompt, as the pipelines cut it.
LTX_WORDS, WAN_WORDS = 128, 512


@dataclass(frozen=True, slots=True)
class Part:
    """A module, and a call of it as the pipeline makes it."""

    module: Any
    call: Callable[[Any], object]


def ltx(width: int, height: int, frames: int) -> Mapping[str, Part]:
    """LTX-Video, with the prompt and the negative one in one pass."""
    import torch
    from diffusers import AutoencoderKLLTXVideo, LTXVideoTransformer3DModel
    from transformers import T5Config, T5EncoderModel

    size = (frames - 1) // 8 + 1, height // 32, width // 32
    denoiser = LTXVideoTransformer3DModel()
    latents, words = torch.empty(2, size[0] * size[1] * size[2], 128), torch.empty(2, LTX_WORDS, 4096)
    return {
        "encoder": Part(T5EncoderModel(T5Config(vocab_size=32128, **_xxl())), _encode(2, LTX_WORDS)),
        "denoiser": Part(denoiser, lambda model: model(
            hidden_states=latents, encoder_hidden_states=words, timestep=torch.empty(2),
            encoder_attention_mask=torch.ones(2, LTX_WORDS), num_frames=size[0], height=size[1], width=size[2],
        )),
        "vae": Part(AutoencoderKLLTXVideo(), lambda vae: vae.decode(torch.empty(1, 128, *size))),
    }  # fmt: skip


def wan(width: int, height: int, frames: int, *, large: bool = False) -> Mapping[str, Part]:
    """Wan 2.1 with 1.3 billion weights, or Wan 2.2 with 5, each prompt in a pass of its own; the VAE in float32."""
    import torch
    from diffusers import AutoencoderKLWan, WanTransformer3DModel
    from transformers import UMT5Config, UMT5EncoderModel

    channels, edge = (48, 16) if large else (16, 8)
    size = (frames - 1) // 4 + 1, height // edge, width // edge
    layers = {"num_attention_heads": 24, "ffn_dim": 14336} if large else {"num_attention_heads": 12, "ffn_dim": 8960}
    denoiser = WanTransformer3DModel(**layers, num_layers=30, in_channels=channels, out_channels=channels)  # type: ignore[arg-type]
    residual: dict[str, Any] = {
        "base_dim": 160, "decoder_base_dim": 256, "z_dim": 48, "is_residual": True, "in_channels": 12,
        "out_channels": 12, "patch_size": 2, "scale_factor_spatial": 16, "temperal_downsample": [False, True, True],
        "latents_mean": [0.0] * 48, "latents_std": [1.0] * 48,
    }  # fmt: skip
    with numbers_of(torch.float32):
        vae = AutoencoderKLWan(**residual if large else {})
    return {
        "encoder": Part(UMT5EncoderModel(UMT5Config(vocab_size=256384, **_xxl())), _encode(1, WAN_WORDS)),
        "denoiser": Part(denoiser, lambda model: model(
            hidden_states=torch.empty(1, channels, *size), timestep=torch.empty(1, dtype=torch.long),
            encoder_hidden_states=torch.empty(1, WAN_WORDS, 4096),
        )),
        "vae": Part(vae, lambda vae: vae.decode(torch.empty(1, channels, *size, dtype=torch.float32))),
    }  # fmt: skip


def svd(width: int, height: int, frames: int, *, at_once: int = 4) -> Mapping[str, Part]:
    """Stable Video Diffusion XT, with and without the picture in one pass; `at_once` frames are decoded together."""
    import torch
    from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    seeing = CLIPVisionConfig(
        hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=16, patch_size=14,
        projection_dim=1024,
    )  # fmt: skip
    denoiser = UNetSpatioTemporalConditionModel(num_attention_heads=(5, 10, 20, 20), num_frames=frames)
    decoder = AutoencoderKLTemporalDecoder(
        block_out_channels=(128, 256, 512, 512), layers_per_block=2, down_block_types=("DownEncoderBlock2D",) * 4,
    )  # fmt: skip
    rows, columns = height // 8, width // 8
    latents, frame = torch.empty(2, frames, 8, rows, columns), torch.empty(at_once, 4, rows, columns)
    return {
        "encoder": Part(CLIPVisionModelWithProjection(seeing), lambda model: model(torch.empty(1, 3, 224, 224))),
        "denoiser": Part(denoiser, lambda model: model(
            latents, torch.empty(1), encoder_hidden_states=torch.empty(2, 1, 1024), added_time_ids=torch.empty(2, 3),
        )),
        "vae": Part(decoder, lambda vae: vae.decode(frame, num_frames=at_once)),
    }  # fmt: skip


def _xxl() -> dict[str, Any]:
    return {
        "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64,
        "feed_forward_proj": "gated-gelu",
    }  # fmt: skip


def _encode(prompts: int, words: int) -> Callable[[Any], object]:
    import torch

    return lambda model: model(input_ids=torch.ones(prompts, words, dtype=torch.long))


@contextmanager
def numbers_of(dtype: Any) -> Iterator[None]:
    """Tensors that are made until the end hold numbers of that type, where nobody says otherwise."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


#: By the name of the manifest.
MODELS: dict[str, Callable[[int, int, int], Mapping[str, Part]]] = {
    "ltx": ltx,
    "wan-small": wan,
    "wan-5b": lambda width, height, frames: wan(width, height, frames, large=True),
    "svd-xt": svd,
}


def shipped() -> list[Manifest]:
    """The manifests of these. Raises `UnavailableError` without torch."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise UnavailableError("models need torch", hint="make .venv-gpu/.ready; .venv-gpu/bin/python …") from error
    found = manifests(settings())
    return [found[name] for name in MODELS]


@contextmanager
def without_numbers(wanted: Manifest) -> Iterator[Mapping[str, Part]]:
    """The parts of a shipped model for its largest shape; until the end tensors have a shape and no numbers."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    largest = wanted.largest
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), numbers_of(getattr(torch, wanted.dtype)):
        yield MODELS[wanted.name](largest.width, largest.height, largest.frames)
