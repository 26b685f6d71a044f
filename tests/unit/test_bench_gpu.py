"""What the GPU bench makes of what it measured: operations, shares of a peak, aims; what it says without a GPU."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.gpu_figures import Measured, figures
from bench.report import Figure, document
from gpu_consumers.estimates.formula import CHIPS, Architecture, chip, listed, share_of_peak
from gpu_consumers.scheduling.work import Work
from schemas.works import RenderWork

#: Wan 2.1 1.3B at 480 x 832: 30 x 52 tokens in each of 21 latent frames.
WAN = Architecture(parameters=1.3e9, layers=30, width=1536, passes=2)
WORK = Work(model="wan", width=480, height=832, frames=81, steps=10, backend="eager")
TOKENS = 30 * 52 * 21
OPERATIONS = 2 * (2 * 1.3e9 * TOKENS + 4 * TOKENS**2 * 1536 * 30)


def measured(
    name: str, step_s: float, clip_s: float, preview_s: float | None = 0.5, on: str = "NVIDIA H200"
) -> Measured:
    done = RenderWork(
        model="wan", width=480, height=832, frames=81, steps=10, accelerator=name, device=on, step_s=step_s
    )  # fmt: skip
    return Measured(
        accelerator=name, ready_s=60, clip_s=clip_s, file_s=clip_s + 1, step_s=step_s, preview_s=preview_s,
        memory_gib=20.0, device_gib=30.0, work=done, architecture=WAN,
    )  # fmt: skip


def by_name(*found: Measured) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures(found)}


def test_the_operations_of_a_step_are_those_of_the_formula() -> None:
    assert WAN.tokens(WORK) == TOKENS == 32_760
    assert WAN.operations(WORK) == pytest.approx(OPERATIONS) == pytest.approx(5.658e14, rel=1e-3)


def test_a_step_as_short_as_the_peak_allows_is_all_of_it() -> None:
    peak = CHIPS["H200"].peak
    assert share_of_peak(WAN, WORK, OPERATIONS / peak, peak) == pytest.approx(1.0)
    assert share_of_peak(WAN, WORK, 2 * OPERATIONS / peak, peak) == pytest.approx(0.5)


def test_every_peak_has_a_source_and_unknown_chips_have_none() -> None:
    assert all("data sheet" in one.source or "white paper" in one.source for one in CHIPS.values())
    assert listed("NVIDIA GeForce RTX 4090") == CHIPS["RTX 4090"]
    assert listed("NVIDIA T4") is None
    assert listed("NVIDIA H100 80GB HBM3 MIG 1g.10gb") is None  # a slice has not the peak of the whole
    assert chip("NVIDIA T4") == CHIPS["RTX 4090"]  # for estimates something is better than nothing


def test_aims_are_held_against_what_was_measured() -> None:
    fast, slow = OPERATIONS / 989e12 / 0.65, OPERATIONS / 989e12 / 0.35
    told = by_name(measured("eager", slow, 9.0, 0.9), measured("inductor", fast, 6.0), measured("tensorrt", fast, 5.0))
    assert told["eager: of the chip's peak"].value == pytest.approx(35)
    assert told["the best in the denoiser"].value == pytest.approx(65)
    assert told["the best in the denoiser"].holds
    assert (told["tensorrt beside inductor"].value, told["tensorrt beside inductor"].holds) == (1.2, True)
    assert (told["eager: first preview"].holds, told["inductor: first preview"].holds) == (False, True)


def test_what_was_given_up_or_cannot_be_known_is_said_and_not_made_up() -> None:
    gone = Measured(accelerator="tensorrt", reason="no module torch_tensorrt")
    told = by_name(measured("eager", 1.0, 9.0, None, on="NVIDIA T4"), gone)
    assert told["tensorrt: given up"].against == "no module torch_tensorrt"
    assert not {"eager: first preview", "eager: of the chip's peak", "the best in the denoiser"} & set(told)
    assert "tensorrt beside inductor" not in told


def test_the_document_names_chip_and_versions() -> None:
    assert '"chip": "NVIDIA H200"' in document("gpu", [], {"chip": "NVIDIA H200"})


def test_without_a_gpu_it_says_so_and_measures_nothing() -> None:
    command = [
        sys.executable,
        "-c",
        "import sys; sys.argv[1:] = ['gpu']; import bench.__main__ as b; sys.exit(b.main())",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env={"CUDA_VISIBLE_DEVICES": ""})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert "NVIDIA GPU" in done.stderr or "needs torch" in done.stderr
