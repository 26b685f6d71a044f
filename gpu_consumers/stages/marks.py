"""The image of a flavor's watermark, in the media store: equal images are one artefact, wherever the flavor lies."""

from __future__ import annotations

from gpu_consumers.errors import BackendError
from gpu_consumers.workshop import Workshop
from infra.flavors import Flavor, beside
from schemas.values import Artifact


def mark_of(shop: Workshop, flavor: Flavor) -> Artifact | None:
    """None where the flavor has no image. Raises `BackendError` where it is named and not there."""
    if flavor.watermark is None or not flavor.watermark.image:
        return None
    path = beside(flavor.name, flavor.watermark.image, shop.settings)
    if path is None:
        raise BackendError(f"flavor {flavor.name!r} names the watermark {flavor.watermark.image!r}, which is not there")
    return shop.blobs.put_file(path, "png")
