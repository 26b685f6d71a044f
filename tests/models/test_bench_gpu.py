"""The GPU bench with a few weights on the CPU: the same code as on a GPU, from the pipeline's folder to the figures."""

from __future__ import annotations

import pytest
import torch

from bench import gpu

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
