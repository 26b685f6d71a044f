"""A tiny VAE for previews: it decodes one frame in milliseconds, sharper than the linear map, and makes no clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_consumers.errors import BackendError


class TinyDecoder:
    """An `AutoencoderTiny` of diffusers (TAESD and its like), trained for the latents of the model that it is shown."""

    def __init__(self, folder: Path, place: Any) -> None:
        """Raises `BackendError` for a folder that holds none."""
        import torch
        from diffusers import AutoencoderTiny

        try:
            vae = AutoencoderTiny.from_pretrained(
                str(folder), torch_dtype=torch.float32, use_safetensors=True, local_files_only=True
            )
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise BackendError(f"{folder} holds no AutoencoderTiny: {error}") from error
        self.channels = int(vae.config.latent_channels)
        self._vae, self._place, self._torch = vae.to(place).eval(), place, torch

    def decode(self, latents: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
        """The picture (h, w, 3) of one frame's latents (channels, h, w), as the denoiser sees them."""
        given = self._torch.from_numpy(latents).to(self._place, self._torch.float32)[None]
        with self._torch.no_grad():
            picture = self._vae.decode(given).sample[0]
        shown = np.nan_to_num((picture.permute(1, 2, 0).cpu().numpy() + 1) / 2)
        return np.asarray(np.clip(shown * 255 + 0.5, 0, 255), np.uint8)
