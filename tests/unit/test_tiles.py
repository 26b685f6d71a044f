"""Whether a model's VAE decodes in tiles on a device."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_consumers.errors import BackendError
from gpu_consumers.generation import tiles
from gpu_consumers.generation.manifest import GIB, Manifest, manifest
from infra.settings import Settings


def taking(weights: float, peak: float, tiled: float | None) -> Manifest:
    told = {
        "name": "some", "title": "Some", "pipeline": "LTXPipeline", "folder": Path("weights"), "steps": 4,
        "shapes": [{"width": 480, "height": 832, "frames": 33}], "fps": 24, "licence": "none",
        "network": {"parameters": 1e9, "layers": 2, "width": 64},
        "memory": {"weights": weights, "peak": peak, "tiled": tiled},
    }  # fmt: skip
    return Manifest.model_validate(told)


@pytest.mark.parametrize(
    ("room", "tiled", "decides", "peak"),
    [(24, 3, False, 10), (23.9, 3, True, 3), (5, 3, True, 3), (23.9, None, False, 10)],
)
def test_tiles_are_taken_where_the_whole_does_not_fit(
    room: float, tiled: float | None, decides: bool, peak: float
) -> None:
    wanted, capacity = taking(14, 10, tiled), int(room * GIB)
    assert tiles.needed(wanted, capacity) is decides
    assert tiles.peak(wanted, capacity) == peak * GIB


def test_a_vae_that_knows_no_tiles_is_told_with_what_to_do() -> None:
    with pytest.raises(BackendError, match="object cannot decode in tiles") as refused:
        tiles.use(object())
    assert "Take `tiled` out" in (refused.value.hint or "")


@pytest.mark.parametrize(("name", "card"), [("ltx", 24), ("wan-small", 24), ("svd-xt", 16), ("wan-5b", 40)])
def test_shipped_models_fit_on_the_cards_that_the_docs_name(name: str, card: int) -> None:
    """What a card has is a little less than its name says: 24 GB are 23.5 GiB at most (RTX 4090), 40 GB 39.4 (A100)."""
    wanted, capacity = manifest(name, Settings()), int((card - 0.6) * 0.9 * GIB)
    assert wanted.held + tiles.peak(wanted, capacity) <= capacity
