"""The GPU bench with a few weights on the CPU: the same code as on a GPU, from the pipeline's folder to the figures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from bench import gpu, gpu_models, report
from bench.gpu_figures import Measured
from bench.gpu_part import RESULT
from schemas.works import RenderWork

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def measured(name: str, clip_s: float = 2.0) -> Measured:
    work = RenderWork(model="wan", width=16, height=32, frames=17, steps=3, accelerator=name, device="NVIDIA H200")
    return Measured(accelerator=name, clip_s=clip_s, step_s=0.5, work=work, memory_gib=3.0, device_gib=5.0)


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where they are kept, on a machine that passes for one with a GPU."""
    monkeypatch.setattr(gpu, "_place", lambda **_: "cpu")
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    return tmp_path / "gpu.json"


def kept(results: Path) -> dict[str, Any]:
    return {one["name"]: one for one in json.loads(results.read_text())["figures"]}


def test_every_accelerator_is_measured_or_given_up_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    # when
    told = {figure.name: figure for figure in gpu.run(tiny=True)}
    # then
    for name in ("eager", "inductor"):
        assert told[f"{name}: a clip"].value > told[f"{name}: a step"].value > 0
    assert "relative error" in told["inductor: ready after"].against
    assert "torch_tensorrt" in told["tensorrt: given up"].against
    assert "the best in the denoiser" not in told
    assert {"torch", "diffusers", "cuda"} <= set(gpu.about())


def test_the_model_of_full_size_is_as_large_as_the_published_one() -> None:
    made = gpu_models.pipeline(gpu_models.FULL, "meta")
    assert 1.3e9 < sum(each.numel() for each in made.transformer.parameters()) < 1.5e9


def test_a_pass_of_full_size_stays_on_the_gpu() -> None:
    # given the model as it is made beside a GPU, of tensors without numbers
    with FakeTensorMode(), torch.no_grad():
        made = gpu_models.pipeline(gpu_models.FULL, "cuda:0")
        noise, text = torch.empty(1, 16, 21, 104, 60, device="cuda:0"), torch.empty(1, 512, 4096, device="cuda:0")
        # when
        denoised = made.transformer(noise, torch.ones(1, device="cuda:0"), text, return_dict=False)[0]
        decoded = made.vae.decode(denoised[:, :, :3], return_dict=False)[0]
    # then what lay elsewhere was not met
    assert denoised.shape == noise.shape and decoded.shape == (1, 3, 9, 832, 480)
    assert denoised.device == decoded.device == torch.device("cuda:0")


def test_what_was_measured_is_kept_before_the_next_begins_whatever_ends_that_one(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a second accelerator whose process is ended, and a third at which somebody ends the bench
    def part(name: str, *_: object, **__: object) -> Measured:
        if name == "tensorrt":
            raise KeyboardInterrupt
        return measured(name) if name == "eager" else Measured(accelerator=name, reason="illegal memory access")

    monkeypatch.setattr(gpu, "part", part)
    # when
    with pytest.raises(KeyboardInterrupt):
        gpu.run()
    # then
    told = kept(results)
    assert told["eager: a clip"]["value"] == 2.0 and "5 GiB" in told["eager: memory at most"]["against"]
    assert "illegal memory access" in told["inductor: given up"]["against"] and "tensorrt: given up" not in told


@pytest.mark.parametrize(
    ("process", "reason"),
    [
        ("import os; os.abort()", "its process was ended by SIGABRT"),
        ("raise SystemExit(3)", "its process ended with 3"),
        ("import time; time.sleep(60)", "it took longer than 2 s"),
    ],
)
def test_a_process_that_dies_or_hangs_is_a_reason_and_what_it_had_measured_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, process: str, reason: str
) -> None:
    monkeypatch.setattr(gpu, "PART_S", 2.0)
    # given one that has measured nothing
    monkeypatch.setattr(gpu, "COMMAND", (sys.executable, "-c", process))
    assert gpu.part("eager", tmp_path, "cpu", tiny=True).reason == reason
    # and one that had measured a clip
    (tmp_path / "eager.json").write_bytes(RESULT.dump_json(measured("eager")))
    found = gpu.part("eager", tmp_path, "cpu", tiny=True)
    assert (found.clip_s, found.reason) == (2.0, "") and reason in found.parity


def test_parts_that_are_measured_one_by_one_are_figures_together(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two accelerators that were measured by a command each
    seconds = {"inductor": 3.0, "tensorrt": 2.0, "eager": 4.0}
    monkeypatch.setattr(gpu, "part", lambda name, *_, **__: measured(name, seconds[name]))
    for name in ("tensorrt", "inductor"):
        gpu.run(only=name)
    # then they stand beside one another
    assert kept(results)["tensorrt beside inductor"]["value"] == 1.5
    # and what another driver did is not beside what this one does
    before = gpu.about()
    monkeypatch.setattr(gpu, "about", lambda: {**before, "driver": "999"})
    gpu.run(only="eager")
    assert "eager: a clip" in kept(results) and "tensorrt: a clip" not in kept(results)
