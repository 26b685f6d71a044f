"""Pipelines of diffusers: loaded once, shared by every clip; and what each clip has of its own.

A pipeline's modules are pure, so clips that take turns can share them. Its scheduler, and the frame cache of some VAEs,
are not: each clip gets a shell with copies of those, which cost next to nothing.
"""

from __future__ import annotations

import copy
import functools
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.generation.manifest import Manifest, Shape, Stage

#: Components that denoise, in the order in which they are looked for.
DENOISERS = ("transformer", "transformer_2", "unet")
#: Components by the stage whose precision they have; all others have the manifest's.
STAGES: dict[Stage, tuple[str, ...]] = {
    "denoiser": DENOISERS,
    "vae": ("vae",),
    "text_encoder": ("text_encoder", "text_encoder_2", "text_encoder_3"),
}
_INSTALL = "Install the extra `gpu`: pip install 'swipestream[gpu]'"


def load(manifest: Manifest, folder: Path) -> Any:
    """The pipeline, on the CPU. Raises `BackendMissingError` without torch, `BackendError` for what does not load."""
    kind = pipeline_class(manifest)
    import torch

    quietly()
    wanted = {name: getattr(torch, manifest.precision(stage)) for stage, parts in STAGES.items() for name in parts}
    wanted["default"] = getattr(torch, manifest.dtype)
    try:
        pipe = kind.from_pretrained(
            str(folder), torch_dtype=wanted, use_safetensors=True, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise BackendError(
            f"{manifest.name}: {folder} cannot be loaded: {error}",
            hint=f"See what is wrong with it: swipestream models check {manifest.name}",
        ) from error
    pipe.set_progress_bar_config(disable=True)
    if manifest.fp8:
        from gpu_consumers.generation.float8 import quantize

        quantize(pipe, manifest.name)
    if manifest.precision("text_encoder") != manifest.precision("denoiser"):
        _encode_for(pipe, wanted[DENOISERS[0]])
    return pipe


def load_part(
    folder: Path, part: str, dtype: str, *, fp8: bool = False, outline: Mapping[str, str] | None = None
) -> Any:
    """One module of a pipeline, on the CPU, without the others: `transformer`, `vae.decoder`; with `fp8` its linear
    layers are brought to 8 bits. With an `outline` (see `outlined`) no weights are read: any numbers stand in their
    place. Raises `BackendError`."""
    import diffusers

    quietly()
    component, _, inner = part.partition(".")
    try:
        _, kind = json.loads((folder / "model_index.json").read_text("utf-8"))[component]
        module = (_empty if outline else _read)(getattr(diffusers, kind), folder / component, dtype)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise BackendError(f"{folder}: its {component} cannot be loaded: {error}") from error
    module.eval()  # before: layers of 8 bits are as they are made, as in `load`
    if fp8:
        from gpu_consumers.generation.float8 import quantize

        quantize(SimpleNamespace(**{component: module}), folder.name)
    module = module.get_submodule(inner) if inner else module
    return _filled(module, outline) if outline else module


def _read(kind: Any, folder: Path, dtype: str) -> Any:
    import torch

    return kind.from_pretrained(
        str(folder), torch_dtype=getattr(torch, dtype), use_safetensors=True, local_files_only=True
    )


def _empty(kind: Any, folder: Path, _dtype: str) -> Any:
    from accelerate import init_empty_weights

    with init_empty_weights():
        return kind.from_config(kind.load_config(str(folder), local_files_only=True))


def outlined(module: Any) -> dict[str, str]:
    """The types of all tensors that a module computes with, by name."""
    return {name: str(value.dtype).removeprefix("torch.") for name, value in _tensors(module)}


def _filled(module: Any, outline: Mapping[str, str]) -> Any:
    """A module without weights with some of these types, on the CPU: at random, since compilers use what is alike."""
    import torch

    module.to_empty(device="cpu")
    for name, value in _tensors(module):
        value.data = torch.rand(value.shape).to(getattr(torch, outline.get(name, "float32")))
    return module


def _tensors(module: Any) -> Iterator[tuple[str, Any]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


def _encode_for(pipe: Any, dtype: Any) -> None:
    """Hand prompts to the denoiser in its own precision: not every pipeline does."""
    encode = getattr(pipe, "encode_prompt", None)
    if encode is None:
        return

    @functools.wraps(encode)
    def cast(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        made = encode(*args, **kwargs)
        return tuple(
            one.to(dtype) if hasattr(one, "is_floating_point") and one.is_floating_point() else one for one in made
        )

    pipe.encode_prompt = cast


def quietly() -> None:
    """Let neither library draw progress bars."""
    import diffusers.utils.logging
    import transformers.utils.logging

    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()


def pipeline_class(manifest: Manifest) -> Any:
    """The class that a manifest names. Raises `BackendMissingError`, `BackendError`."""
    try:
        import diffusers
    except ImportError as error:
        raise BackendMissingError("generative models need torch and diffusers", hint=_INSTALL) from error
    kind = getattr(diffusers, manifest.pipeline, None)
    if not (inspect.isclass(kind) and issubclass(kind, diffusers.DiffusionPipeline)):
        raise BackendError(f"{manifest.name}: diffusers {diffusers.__version__} has no pipeline {manifest.pipeline}")
    return kind


def denoisers(pipe: Any) -> list[tuple[str, Any]]:
    """The modules that denoise, by name."""
    found = ((name, getattr(pipe, name, None)) for name in DENOISERS)
    return [(name, module) for name, module in found if module is not None]


def shell(pipe: Any) -> Any:
    """A pipeline for one clip: the same modules, a scheduler and a VAE state of its own."""
    own = copy.copy(pipe)
    own.scheduler = copy.deepcopy(pipe.scheduler)
    own.vae = copy.copy(pipe.vae)
    return own


def call_arguments(pipe: Any, manifest: Manifest, **given: Any) -> dict[str, Any]:
    """Those of the given arguments that the pipeline takes, and the manifest's options."""
    taken = inspect.signature(pipe.__call__).parameters
    return {name: value for name, value in {**given, **manifest.options}.items() if name in taken and value is not None}


def one_step(pipe: Any, manifest: Manifest, shape: Shape, clips: int = 1) -> dict[str, Any]:
    """Arguments of a call that makes one step at a shape, of one clip or of several, and decodes nothing."""
    from PIL import Image

    return call_arguments(
        pipe, manifest, **prompts(manifest, ["a"] * clips, [0] * clips), width=shape.width,
        height=shape.height, num_frames=shape.frames, num_inference_steps=1, guidance_scale=manifest.guidance,
        image=Image.new("RGB", (shape.width, shape.height)) if manifest.image else None, output_type="latent",
        frame_rate=manifest.fps,
    )  # fmt: skip


def prompts(manifest: Manifest, texts: Sequence[str], seeds: Sequence[int]) -> dict[str, Any]:
    """The arguments that each of several clips has of its own: prompt, negative prompt, noise."""
    import torch

    noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
    told = [manifest.negative_prompt] * len(texts) if manifest.negative_prompt else None
    if len(texts) > 1:
        return {"prompt": list(texts), "negative_prompt": told, "generator": noise}
    return {"prompt": texts[0], "negative_prompt": told and told[0], "generator": noise[0]}
