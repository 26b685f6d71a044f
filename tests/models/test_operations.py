"""What estimates, deadlines and the share of a chip's peak are reckoned with is what the shipped models compute."""

from __future__ import annotations

import pytest
import torch

from bench import memory_models, operations
from bench.gpu_models import FULL, through_tokens
from gpu_consumers.estimates.formula import Architecture
from gpu_consumers.generation.manifest import manifests
from gpu_consumers.scheduling.work import Work
from infra.settings import Settings


@pytest.mark.parametrize("name", memory_models.MODELS)
def test_the_formula_is_close_to_what_is_counted(name: str) -> None:
    """It took a U-Net for a transformer that attends to all frames at once: 63 times what SVD computes."""
    wanted = manifests(Settings())[name]
    assert operations.formula(wanted) == pytest.approx(operations.counted(wanted), rel=0.02)


def test_the_bench_counts_no_weight_that_no_token_goes_through() -> None:
    """Its figure is the share of a chip's peak: an operation that is not done must not be counted."""
    shape = FULL.shape
    with torch.device("meta"):
        denoiser = memory_models.wan(shape["width"], shape["height"], shape["frames"])["denoiser"].module
    told = Architecture(parameters=through_tokens(denoiser), layers=FULL.layers, width=FULL.heads * FULL.head_width)
    work = Work(model="wan", steps=1, backend="eager", **shape)
    counted = operations.counted(manifests(Settings())["wan-small"])
    assert 0.98 * counted < told.operations(work) <= counted
