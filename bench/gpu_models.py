"""A Wan pipeline with random weights, as large as the published one or tiny: speed does not depend on the weights."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, kw_only=True)
class Size:
    """What of the architecture differs."""

    name: str
    heads: int
    head_width: int
    feed_forward: int
    layers: int
    text_width: int
    vae_width: int
    vae_blocks: int
    dtype: str
    shape: dict[str, int]  #: width, height, frames
    steps: int
    memory: tuple[float, float]  #: GiB: weights, and at most beside them
    draft: int = 1  #: the video is so many times smaller
    duration_ms: int = 5000


#: Wan 2.1 T2V 1.3B, as its repository's config.json gives it (transformer and VAE). The text encoder is two layers of
#: the real one's width: encoding takes a small part of a clip, and no part of the figures for the denoiser.
FULL = Size(
    name="wan-1.3b", heads=12, head_width=128, feed_forward=8960, layers=30, text_width=4096, vae_width=96,
    vae_blocks=2, dtype="bfloat16", shape={"width": 480, "height": 832, "frames": 81}, steps=10, memory=(4, 12),
)  # fmt: skip
TINY = Size(
    name="wan-tiny", heads=2, head_width=12, feed_forward=32, layers=2, text_width=32, vae_width=3, vae_blocks=1,
    dtype="float32", shape={"width": 16, "height": 32, "frames": 17}, steps=3, memory=(0.1, 0.1),
    draft=6, duration_ms=1000,
)  # fmt: skip


#: Weights that the prompt and the time go through, once a pass, and no token of the video.
_OF_THE_PROMPT = re.compile(r"^condition_embedder\.|\.attn2\.(?:to|norm|add)_[kv]\b")


def built(size: Size, root: Path) -> bool:
    """Whether `build` has ended there."""
    return _manifest_file(size, root).is_file()


def build(size: Size, root: Path, place: str) -> int:
    """Write its weights and its manifest below `root`; how many weights the denoiser has. `place`: where it is made."""
    import torch

    from gpu_consumers.generation.loading import quietly

    quietly()
    torch.manual_seed(7)
    pipe = pipeline(size, place)
    parameters = sum(each.numel() for each in pipe.transformer.parameters())
    through = through_tokens(pipe.transformer)
    wanted = getattr(torch, size.dtype)
    for weight in (*pipe.transformer.parameters(), *pipe.text_encoder.parameters()):
        weight.data = weight.data.to(wanted)
    pipe.save_pretrained(root / "weights")
    del pipe, weight
    torch.cuda.empty_cache()  # what it took is no part of what is measured afterwards
    _write_manifest(size, root, through)
    return parameters


def through_tokens(transformer: Any) -> int:
    """How many of its weights each latent token goes through."""
    named = transformer.named_parameters()
    return sum(each.numel() for name, each in named if not _OF_THE_PROMPT.search(name))


def pipeline(size: Size, place: str) -> Any:
    """The pipeline, its modules on that torch device."""
    import torch
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
    from transformers import ByT5Tokenizer, UMT5Config, UMT5EncoderModel

    text = UMT5Config(
        vocab_size=384, d_model=size.text_width, num_layers=2, num_heads=4, d_kv=size.text_width // 4,
        d_ff=2 * size.text_width,
    )  # fmt: skip
    with torch.device(place):
        transformer = WanTransformer3DModel(
            patch_size=(1, 2, 2), num_attention_heads=size.heads, attention_head_dim=size.head_width, in_channels=16,
            out_channels=16, text_dim=size.text_width, freq_dim=256, ffn_dim=size.feed_forward, num_layers=size.layers,
            cross_attn_norm=True, qk_norm="rms_norm_across_heads",
        )  # fmt: skip
        vae = AutoencoderKLWan(
            base_dim=size.vae_width, z_dim=16, dim_mult=[1, 2, 4, 4] if size is FULL else [1, 1, 1, 1],
            num_res_blocks=size.vae_blocks, temperal_downsample=[False, True, True],
        )  # fmt: skip
        encoder = UMT5EncoderModel(text)
    return WanPipeline(
        transformer=transformer, vae=vae, text_encoder=encoder, tokenizer=ByT5Tokenizer(),
        scheduler=UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0),
    )  # fmt: skip


def _write_manifest(size: Size, root: Path, parameters: int) -> None:
    weights, peak = size.memory
    made = {
        "pipeline": "WanPipeline", "folder": str(root / "weights"), "dtype": size.dtype, "dtypes": {"vae": "float32"},
        "steps": size.steps, "guidance": 5.0, "shapes": [size.shape], "multiple": 4, "fps": 16,
        "memory": {"weights": weights, "peak": peak}, "licence": "none: random weights",
        "network": {"parameters": float(parameters), "layers": size.layers, "width": size.heads * size.head_width},
        "post": {"interpolate": "blend"},
    }  # fmt: skip
    file = _manifest_file(size, root)
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(made))


def _manifest_file(size: Size, root: Path) -> Path:
    return root / "models" / size.name / "model.yaml"
