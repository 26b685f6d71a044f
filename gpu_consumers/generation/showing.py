"""How the latents of a loaded model are shown while its clips are made."""

from __future__ import annotations

from functools import partial
from typing import Any

from gpu_consumers.errors import BackendError
from gpu_consumers.generation import previews
from gpu_consumers.generation.manifest import Manifest
from gpu_consumers.generation.tiny import TinyDecoder
from infra.telemetry import logs

log = logs.get("previews")


def show(pipe: Any, wanted: Manifest, place: Any) -> previews.Show | None:
    """By the tiny VAE that the manifest names, where it suits the latents; else by the linear map."""
    mapping = _mapping(pipe, wanted.name)
    if wanted.preview_vae is not None:
        try:
            tiny = TinyDecoder(wanted.preview_vae, place)
        except BackendError as error:
            log.warning("the tiny VAE cannot be used", model=wanted.name, reason=str(error))
        else:
            if mapping is None or tiny.channels == len(mapping) - 1:
                return tiny.decode
            log.warning("the tiny VAE is for other latents", model=wanted.name, channels=tiny.channels)
    return None if mapping is None else partial(previews.applied, mapping)


def _mapping(pipe: Any, name: str) -> previews.Values | None:
    try:
        return previews.mapping_of(pipe)
    except Exception as error:  # noqa: BLE001 - previews are a courtesy: whatever a VAE lacks, clips are made
        log.info("no previews of this model", model=name, reason=f"{type(error).__name__}: {error}"[:300])
        return None
