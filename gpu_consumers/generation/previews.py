"""Previews: small pictures of what a clip will be, from its latents, while it is still being denoised.

A linear map from the latents' channels to colours, fitted to the model's own VAE when it is loaded: a picture of known
colours is encoded once, and least squares say which colour each latent stands for. It costs a product of small matrices
where decoding costs a second, and needs no weights of its own. A manifest may name a tiny VAE in its place (`tiny`).

What is shown is the clip as the denoiser expects it to end (the prediction of x0), not the noise that is left in it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from gpu_consumers.picture.renderer import PREVIEW_WIDTH, SHOWN_EVERY_S

Values = npt.NDArray[np.float64]
#: From the latents (channels, h, w) of a frame to its picture (h, w, 3).
Show = Callable[[Values], npt.NDArray[np.uint8]]
#: Sides of the picture that the map is fitted to, in pixels: every VAE's compression divides them.
SIDE = 256
_PATCHES = 8


def fitted(latents: Values, colours: Values) -> Values:
    """The map (channels + 1, 3) for which `latents` (n, channels), with a 1 beside them, come nearest to `colours`."""
    found = np.linalg.lstsq(_beside_one(latents), colours, rcond=None)
    return np.asarray(found[0], np.float64)


def applied(mapping: Values, latents: Values) -> npt.NDArray[np.uint8]:
    """The picture (h, w, 3) of latents (channels, h, w). Pure."""
    channels, height, width = latents.shape
    colours = _beside_one(latents.reshape(channels, -1).T) @ mapping
    return np.clip(np.nan_to_num(colours) * 255 + 0.5, 0, 255).astype(np.uint8).reshape(height, width, 3)


def jpeg(picture: npt.NDArray[np.uint8]) -> bytes:
    """The picture, enlarged smoothly to a preview's width."""
    height, width = picture.shape[:2]
    tall = max(2, round(PREVIEW_WIDTH * height / width))
    held = io.BytesIO()
    Image.fromarray(picture).resize((PREVIEW_WIDTH, tall), Image.Resampling.BICUBIC).save(held, "JPEG", quality=72)
    return held.getvalue()


def patches() -> npt.NDArray[np.float32]:
    """A picture (3, SIDE, SIDE) from 0 to 1 that holds many colours, in soft patches."""
    chance = np.random.default_rng(1)
    small = Image.fromarray(chance.integers(0, 256, (_PATCHES, _PATCHES, 3), dtype=np.uint8))
    large = small.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(np.asarray(large, np.float32).transpose(2, 0, 1) / np.float32(255), np.float32)


def _beside_one(latents: Values) -> Values:
    return np.concatenate([latents, np.ones((len(latents), 1))], axis=1)


def mapping_of(pipe: Any) -> Values:
    """The map of a pipeline, fitted to its VAE. Raises whatever a VAE without an encoder raises."""
    import torch

    picture = patches()
    given = torch.from_numpy(picture * 2 - 1)[None].to(pipe.vae.device, pipe.vae.dtype)
    with torch.no_grad():
        encoded = pipe.vae.encode(given if _of_images(pipe) else given[:, :, None]).latent_dist.mode()
    latents = _normalised(pipe.vae, encoded)[0]
    grid = np.asarray(latents.reshape(latents.shape[0], *latents.shape[-2:]).float().cpu().numpy(), np.float64)
    channels, height, width = grid.shape
    colours = picture.reshape(3, height, SIDE // height, width, SIDE // width).mean(axis=(2, 4))
    return fitted(grid.reshape(channels, -1).T, colours.reshape(3, -1).T.astype(np.float64))


def _of_images(pipe: Any) -> bool:
    """Whether its VAE encodes frames one by one, as that of Stable Video Diffusion does."""
    return hasattr(pipe, "unet")


def _normalised(vae: Any, latents: Any) -> Any:
    """As the pipeline's denoiser sees them."""
    import torch

    shape = (1, -1, *[1] * (latents.dim() - 2))
    scale = float(getattr(vae.config, "scaling_factor", None) or 1.0)
    mean, std = (_channels(vae, name) for name in ("latents_mean", "latents_std"))
    if mean is None or std is None:
        return latents * scale
    mean, std = (torch.as_tensor(each).to(latents).view(shape) for each in (mean, std))
    return (latents - mean) * scale / std


def _channels(vae: Any, name: str) -> Any:
    return getattr(vae, name, None) if name in dict(vae.named_buffers()) else getattr(vae.config, name, None)


class Expected:
    """The clip as the denoiser expects it to end, noted after each step of a scheduler that belongs to one clip."""

    def __init__(self, scheduler: Any) -> None:
        self.latents: Any = None
        self._scheduler, self._step = scheduler, scheduler.step
        scheduler.step = self._noting

    def first(self, sample: Any, model_output: Any) -> None:
        """Note what a flow's first pass expects, before any step and without guidance yet."""
        self.latents = sample - self._scheduler.sigmas[0].to(sample.device) * model_output

    def _noting(self, model_output: Any, timestep: Any, sample: Any, *args: Any, **kwargs: Any) -> Any:
        made = self._step(model_output, timestep, sample, *args, **kwargs)
        told = getattr(made, "pred_original_sample", None)
        self.latents = told if told is not None else self._of_flow(model_output, sample)
        return made

    def _of_flow(self, model_output: Any, sample: Any) -> Any:
        """Of a flow: the sample less its noise."""
        sigma = self._scheduler.sigmas[max(0, self._scheduler.step_index - 1)].to(sample.device)
        return sample - sigma * model_output


def middle(pipe: Any, latents: Any, width: int, height: int) -> Values:
    """The middle frame (channels, h, w) of a pipeline's latents, for a clip of that size in pixels."""
    if latents.dim() == 3:  # LTX: (batch, frames x rows x columns, channels)
        edge = pipe.vae_spatial_compression_ratio
        one = latents[0].unflatten(0, (-1, height // edge, width // edge))
        one = one[len(one) // 2].permute(2, 0, 1)
    elif _of_images(pipe):  # (batch, frames, channels, rows, columns)
        one = latents[0, latents.shape[1] // 2]
    else:  # (batch, channels, frames, rows, columns)
        one = latents[0, :, latents.shape[2] // 2]
    return np.asarray(one.float().cpu().numpy(), np.float64)


def _is_flow(scheduler: Any) -> bool:
    """Whether a scheduler's model tells velocities of a flow from noise to clip."""
    return "Flow" in type(scheduler).__name__ or scheduler.config.get("prediction_type") == "flow_prediction"


class Watcher:
    """Pictures of one clip in the making. Its pipeline is a shell: the scheduler belongs to this clip."""

    def __init__(self, pipe: Any, show: Show | None, width: int, height: int) -> None:
        self._pipe, self._show, self._size = pipe, show, (width, height)
        self._expected = Expected(pipe.scheduler) if show is not None else None
        self._shown: float | None = None

    def first(self, given: Mapping[str, Any], made: Any) -> bytes | None:
        """A JPEG after the first pass, where that says what is expected: of a flow whose guidance has a pass of its own
        (Wan). Models that do both in one pass are through with their step."""
        sample, flow = given.get("hidden_states"), _is_flow(self._pipe.scheduler)
        if self._expected is None or sample is None or sample.dim() != 5 or not flow:
            return None
        velocity = made[0] if isinstance(made, tuple) else made.sample
        self._expected.first(sample[:, : velocity.shape[1]], velocity)  # pictures to begin with come behind the latents
        return self.look()

    def look(self) -> bytes | None:
        """A JPEG, after the first step and then now and then; None in between, and where nothing can show it."""
        now = monotonic()
        if self._show is None or self._expected is None or self._expected.latents is None:
            return None
        if self._shown is not None and now - self._shown < SHOWN_EVERY_S:
            return None
        self._shown = now
        return jpeg(self._show(middle(self._pipe, self._expected.latents, *self._size)))
