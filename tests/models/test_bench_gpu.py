"""The GPU bench with a few weights on the CPU: the same code as on a GPU, from the pipeline's folder to the figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bench import gpu, gpu_models, report
from bench.gpu_figures import Measured
from schemas.values import RenderWork

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def test_every_accelerator_is_measured_or_given_up_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    torch.set_num_threads(1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
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


def test_what_was_measured_is_kept_before_the_next_begins_whatever_ends_that_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given a machine whose second accelerator ends the CUDA context, and whose third ends the bench
    def measured(name: str, *_: object) -> Measured:
        if name == "inductor":
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        if name == "tensorrt":
            raise KeyboardInterrupt
        work = RenderWork(
            model="wan-tiny", width=16, height=32, frames=17, steps=3, accelerator=name, device="NVIDIA H200"
        )
        return Measured(accelerator=name, clip_s=2.0, step_s=0.5, work=work, memory_gib=3.0, device_gib=5.0)

    monkeypatch.setattr(gpu, "_on_a_device", measured)
    monkeypatch.setattr(gpu, "FULL", gpu_models.TINY)
    monkeypatch.setattr(gpu, "_place", lambda **_: "cpu")
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    # when
    with pytest.raises(KeyboardInterrupt):
        gpu.run()
    # then
    told = {one["name"]: one for one in json.loads((tmp_path / "gpu.json").read_text())["figures"]}
    assert told["eager: a clip"]["value"] == 2.0 and "5 GiB" in told["eager: memory at most"]["against"]
    assert "illegal memory access" in told["inductor: given up"]["against"] and "tensorrt: given up" not in told
