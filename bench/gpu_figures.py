"""What accelerators did on a GPU, as figures: beside one another, and beside the chip's peak. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.report import Figure
from gpu_consumers.estimates.formula import Architecture, listed, share_of_peak
from gpu_consumers.scheduling.work import Work
from schemas.works import RenderWork

AIM_SHARE, AIM_PREVIEW_S = 0.6, 0.7

#: Of an accelerator that did not run.
NOTHING = RenderWork(model="", width=1, height=1, frames=1, steps=1, accelerator="", device="")


NONE = Architecture(parameters=0, layers=0, width=0)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one accelerator did, or why it did not."""

    accelerator: str
    reason: str = ""
    ready_s: float = 0.0  #: loading, building and a first clip
    clip_s: float = 0.0  #: on the device, median
    file_s: float = 0.0  #: from the request to the finished file
    step_s: float = 0.0
    preview_s: float | None = None
    memory_gib: float | None = None  #: torch's own, at most
    device_gib: float | None = None  #: all that is in use afterwards: torch's cache, engines, other processes
    parity: str = ""
    work: RenderWork = NOTHING
    architecture: Architecture = NONE


def figures(found: Sequence[Measured]) -> Iterator[Figure]:
    """What was measured, as figures. Pure."""
    worked = {one.accelerator: one for one in found if not one.reason}
    for one in found:
        yield from _of(one) if not one.reason else [_given_up(one)]
    if {"tensorrt", "inductor"} <= set(worked):
        ratio = worked["inductor"].clip_s / worked["tensorrt"].clip_s
        yield Figure(name="tensorrt beside inductor", value=ratio, unit="x", aim=">= 1", holds=ratio >= 1)
    shares = [(_share(one, known.peak), known) for one in worked.values() if (known := listed(one.work.device))]
    if shares:
        best, known = max(shares, key=lambda one: one[0])
        yield Figure(
            name="the best in the denoiser", value=100 * best, unit="% of peak", aim=f">= {100 * AIM_SHARE:g}",
            holds=best >= AIM_SHARE, against=f"{known.peak / 1e12:g} Tflop/s dense bf16 ({known.source})",
        )  # fmt: skip


def _of(one: Measured) -> Iterator[Figure]:
    name, work, known = one.accelerator, one.work, listed(one.work.device)
    against = f"{work.width} x {work.height} x {work.frames}, {work.steps} steps; {one.file_s:.3g} s to the file"
    yield Figure(name=f"{name}: a clip", value=one.clip_s, unit="s", against=against)
    tflop = one.architecture.operations(_work(work)) / 1e12
    yield Figure(name=f"{name}: a step", value=one.step_s, unit="s", against=f"{tflop:.3g} Tflop by the formula")
    if known:
        share = _share(one, known.peak)
        yield Figure(name=f"{name}: of the chip's peak", value=100 * share, unit="%", against=known.name)
    if one.preview_s is not None:
        yield Figure(name=f"{name}: first preview", value=one.preview_s, unit="s", aim=f"< {AIM_PREVIEW_S}",
                     holds=one.preview_s < AIM_PREVIEW_S)  # fmt: skip
    if one.memory_gib is not None and one.device_gib is not None:
        against = f"{one.device_gib:.3g} GiB of the device are in use afterwards, torch's cache and engines included"
        yield Figure(name=f"{name}: memory at most", value=one.memory_gib, unit="GiB", against=against)
    yield Figure(name=f"{name}: ready after", value=one.ready_s, unit="s", against=one.parity)


def _given_up(one: Measured) -> Figure:
    return Figure(name=f"{one.accelerator}: given up", value=0, unit="clips", against=one.reason[:1000])


def _share(one: Measured, peak: float) -> float:
    return share_of_peak(one.architecture, _work(one.work), one.step_s, peak)


def _work(done: RenderWork) -> Work:
    return Work(
        model=done.model, width=done.width, height=done.height, frames=done.frames, steps=done.steps,
        backend=done.accelerator,
    )  # fmt: skip
