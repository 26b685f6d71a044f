"""Every model of a process computes where the process is told to."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gpu_consumers.moderation import models as classifiers
from gpu_consumers.placement import placed
from gpu_consumers.script import language_model as scripts
from infra.settings import settings


def test_the_device_that_is_named_or_the_one_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert placed("auto") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    assert placed("auto") == placed("cuda") == torch.device("cuda:1")
    assert (placed("cuda:3"), placed("cpu")) == (torch.device("cuda:3"), torch.device("cpu"))


def test_the_script_model_and_the_classifiers_go_there_too(
    language_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine with two GPUs those of the second worker filled the memory of the first one's."""
    asked: list[str] = []

    def meta(name: str) -> torch.device:
        asked.append(name)
        return torch.device("meta")

    monkeypatch.setenv("SWIPESTREAM_DEVICE", "cuda:1")
    settings.cache_clear()
    try:
        for module in (scripts, classifiers):
            monkeypatch.setattr(module, "placed", meta)
        assert scripts.loaded.__wrapped__(str(language_model)).model.device.type == "meta"
        assert classifiers.loaded.__wrapped__(str(language_model), False).model.device.type == "meta"
    finally:
        settings.cache_clear()
    assert asked == ["cuda:1", "cuda:1"]
