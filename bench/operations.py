"""What a step of the shipped models computes, counted by torch's own counter at full size on tensors without numbers,
beside the formula that estimates, deadlines and the share of a chip's peak are reckoned with.

Counted: matrix products and convolutions of the denoiser, attention written out; the smaller rest is left out by both.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.memory_models import shipped, without_numbers
from bench.report import Figure
from gpu_consumers.generation.manifest import Manifest
from gpu_consumers.scheduling.work import Work

#: Of models whose two prompts go through in one call: what is counted is the whole step.
TOGETHER = ("ltx", "svd-xt")
#: How far the formula may be off.
CLOSE = 0.04


def run() -> Sequence[Figure]:
    """Operations of a step at the largest shape. Raises `UnavailableError` without torch."""
    return [_figure(wanted) for wanted in shipped()]


def _figure(wanted: Manifest) -> Figure:
    found, told = counted(wanted), formula(wanted)
    return Figure(
        name=f"{wanted.name}: a step", value=found / 1e12, unit="Tflop", aim=f"{told / 1e12:.1f} by the formula",
        holds=abs(told / found - 1) <= CLOSE,
    )  # fmt: skip


def formula(wanted: Manifest) -> float:
    """Operations of a step at its largest shape, as estimates take them."""
    largest = wanted.largest
    work = Work(
        model=wanted.name, width=largest.width, height=largest.height, frames=largest.frames, steps=1, backend="eager"
    )
    return wanted.architecture.operations(work)


def counted(wanted: Manifest) -> int:
    """The same, counted."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    # The fused kernels of a CPU are unknown to the counter.
    with without_numbers(wanted) as parts, sdpa_kernel(SDPBackend.MATH):
        denoiser = parts["denoiser"]
        with FlopCounterMode(display=False) as counter:
            denoiser.call(denoiser.module)
    return int(counter.get_total_flops()) * (1 if wanted.name in TOGETHER else wanted.network.passes)
