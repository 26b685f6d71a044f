"""Tiny video pipelines with random weights, in folders as a hub holds them, and manifests and flavors for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import yaml
from diffusers import (
    AutoencoderKLLTXVideo,
    AutoencoderKLTemporalDecoder,
    AutoencoderKLWan,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    LTXPipeline,
    LTXVideoTransformer3DModel,
    StableVideoDiffusionPipeline,
    UNetSpatioTemporalConditionModel,
    UniPCMultistepScheduler,
    WanPipeline,
    WanTransformer3DModel,
)
from transformers import (
    ByT5Tokenizer,
    CLIPImageProcessor,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

from gpu_consumers.acceleration.backends import Inductor
from gpu_consumers.errors import BackendError
from gpu_consumers.ports import Example
from infra.settings import Settings

T5 = {"vocab_size": 384, "d_model": 32, "num_layers": 2, "num_heads": 4, "d_kv": 8, "d_ff": 37}


def ltx(layers: int = 1, head: int = 8) -> Any:
    """132,000 weights; its scheduler has no memory."""
    transformer = LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, patch_size=1, patch_size_t=1, num_attention_heads=4, attention_head_dim=head,
        cross_attention_dim=4 * head, num_layers=layers, caption_channels=32,
    )  # fmt: skip
    vae = AutoencoderKLLTXVideo(
        in_channels=3, out_channels=3, latent_channels=8, block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8), layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1), spatio_temporal_scaling=(True, True, False, False),
        decoder_spatio_temporal_scaling=(True, True, False, False),
        decoder_inject_noise=(False, False, False, False, False), upsample_residual=(False, False, False, False),
        upsample_factor=(1, 1, 1, 1), timestep_conditioning=False, patch_size=1, patch_size_t=1, encoder_causal=True,
        decoder_causal=False,
    )  # fmt: skip
    return LTXPipeline(
        transformer=transformer, vae=vae, scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=T5EncoderModel(T5Config(**T5)), tokenizer=ByT5Tokenizer(),
    )  # fmt: skip


def wan(layers: int = 2, head: int = 12, hidden: int = 32) -> Any:
    """68,000 weights; a scheduler that looks back at earlier steps, a VAE that keeps frames between pieces."""
    transformer = WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=head, in_channels=16, out_channels=16,
        text_dim=32, freq_dim=256, ffn_dim=hidden, num_layers=layers, cross_attn_norm=True,
        qk_norm="rms_norm_across_heads", rope_max_seq_len=32,
    )  # fmt: skip
    vae = AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    )
    scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    return WanPipeline(
        transformer=transformer, vae=vae, scheduler=scheduler, text_encoder=UMT5EncoderModel(UMT5Config(**T5)),
        tokenizer=ByT5Tokenizer(),
    )  # fmt: skip


def svd() -> Any:
    """2.5 million weights; it sets a picture in motion."""
    unet = UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64), layers_per_block=2, sample_size=32, in_channels=8, out_channels=4,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"), cross_attention_dim=32,
        num_attention_heads=8, projection_class_embeddings_input_dim=96, addition_time_embed_dim=32,
    )  # fmt: skip
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", interpolation_type="linear",
        num_train_timesteps=1000, prediction_type="v_prediction", sigma_max=700, sigma_min=0.002, steps_offset=1,
        timestep_spacing="leading", timestep_type="continuous", use_karras_sigmas=True,
    )  # fmt: skip
    vae = AutoencoderKLTemporalDecoder(
        block_out_channels=[32, 64], in_channels=3, out_channels=3,
        down_block_types=["DownEncoderBlock2D", "DownEncoderBlock2D"], latent_channels=4,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=32, projection_dim=32, num_hidden_layers=2, num_attention_heads=4, image_size=224,
        intermediate_size=37, patch_size=32,
    )  # fmt: skip
    return StableVideoDiffusionPipeline(
        unet=unet, image_encoder=CLIPVisionModelWithProjection(vision), scheduler=scheduler, vae=vae,
        feature_extractor=CLIPImageProcessor(crop_size=224, size=224),
    )  # fmt: skip


PIPELINES: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "tiny-ltx": (ltx, {"shapes": [{"width": 32, "height": 64, "frames": 25}], "multiple": 8, "fps": 12}),
    "tiny-wan": (wan, {"shapes": [{"width": 16, "height": 32, "frames": 17}], "multiple": 4, "fps": 8}),
    "tiny-svd": (
        svd,
        {
            "shapes": [{"width": 32, "height": 64, "frames": 4}], "multiple": 1, "fps": 4, "image": True,
            "options": {"decode_chunk_size": 2},
        },
    ),
}  # fmt: skip


CLASSES = {"tiny-ltx": "LTXPipeline", "tiny-wan": "WanPipeline", "tiny-svd": "StableVideoDiffusionPipeline"}


def save(name: str, weights: Path, **shape: int) -> Path:
    """The pipeline's folder, as `models pull` would leave it."""
    torch.manual_seed(7)
    folder = weights / name
    PIPELINES[name][0](**shape).save_pretrained(folder)
    return folder


def write_manifest(name: str, folder: Path, models: Path, *, kind: str | None = None, **changes: Any) -> None:
    """A manifest of that name for a pipeline; `kind`: of the pipelines here, where the name is another."""
    kind = kind or name
    made: dict[str, Any] = {
        "pipeline": CLASSES[kind],
        "folder": str(folder), "dtype": "float32", "steps": 4,
        "memory": {"weights": 0.1, "peak": 0.1}, "network": {"parameters": 1e5, "layers": 1, "width": 32},
        "licence": "none: random weights", "post": {"interpolate": "blend"}, **PIPELINES[kind][1],
    }  # fmt: skip
    (models / name).mkdir(parents=True, exist_ok=True)
    (models / name / "model.yaml").write_text(yaml.safe_dump(made | changes))


def every_kind(folder: Path) -> Settings:
    """All of `PIPELINES`, each with its manifest, below a folder."""
    torch.set_num_threads(1)
    for name in PIPELINES:
        write_manifest(name, save(name, folder / "weights"), folder / "models")
    return configured(folder)


def write_flavor(name: str, flavors: Path, **changes: Any) -> None:
    """A flavor that asks for a backend, in small pictures."""
    (flavors / name).mkdir(parents=True, exist_ok=True)
    made = {"title": name, "scene_backend": name, "draft": 6, "voices": [{"backend": "silent"}], **changes}
    (flavors / name / "flavor.yaml").write_text(yaml.safe_dump(made))


def configured(root: Path) -> Settings:
    """Settings over the folders `models` and `flavors` below `root`, on the CPU."""
    return Settings(
        data_dir=root / "data", model_dirs=(root / "models",), flavor_dirs=(root / "flavors",), device="cpu"
    )  # fmt: skip


class Denoising(Inductor):
    """Takes denoisers alone."""

    def ready(self, module: Any, example: Example, shape_bucket: str) -> bool:
        if "Decoder" in type(module).__name__:
            raise BackendError("no decoders")
        return super().ready(module, example, shape_bucket)
