"""Text and image classifiers of random weights, read from folders as real ones are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    ViTConfig,
    ViTForImageClassification,
)

from gpu_consumers.moderation.classifier import ClassifierModerator
from gpu_consumers.moderation.panel import Panel
from infra.flavors import Flavor, JudgeSpec, Moderation
from schemas.videos import Judged
from tests.unit.test_moderation_panel import clip

LABELS = {0: "safe", 1: "Toxic", 2: "Violence"}


@pytest.fixture(scope="module")
def reader(language_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of texts."""
    folder = tmp_path_factory.mktemp("reader")
    tokenizer = AutoTokenizer.from_pretrained(language_model, local_files_only=True)
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=64, id2label=LABELS, label2id={v: k for k, v in LABELS.items()},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def watcher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of pictures."""
    folder = tmp_path_factory.mktemp("watcher")
    torch.manual_seed(2)
    config = ViTConfig(
        image_size=32, patch_size=16, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        id2label=LABELS, label2id={v: k for k, v in LABELS.items()},
    )  # fmt: skip
    ViTForImageClassification(config).save_pretrained(folder)
    prepared = {"size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(prepared))
    return folder


def test_a_text_gets_a_score_for_every_label_that_is_not_harmless(reader: Path) -> None:
    judge = ClassifierModerator(model=str(reader), categories={"Toxic": "hate"}, harmless=("safe",))
    found = {finding.category: finding for finding in judge.in_text("any text at all")}
    assert set(found) == {"hate", "violence"} and found["hate"].rule == "Toxic"
    assert all(0 < finding.score < 1 for finding in found.values())
    assert judge.in_text("any text at all") == judge.in_text("any text at all")


def test_a_long_text_is_read_to_its_end(reader: Path) -> None:
    judge = ClassifierModerator(model=str(reader))
    assert judge.in_text("word " * 400) != judge.in_text("word " * 10)


def test_pictures_are_seen_and_texts_are_not(watcher: Path, tmp_path: Path) -> None:
    judge = ClassifierModerator(model=str(watcher), harmless=("safe",))
    assert judge.in_text("x") == []
    assert {finding.category for finding in judge.in_clip(clip(tmp_path / "c.mp4", 0))} == {"toxic", "violence"}


def test_the_flavors_thresholds_decide(reader: Path) -> None:
    spec = JudgeSpec(backend="classifier", model=str(reader), content=("prompt",))
    for threshold, allowed in ((0.0, False), (1.0, True)):
        policy = Moderation(judges=(spec,), thresholds={"default": threshold})
        (found,) = Panel.of(Flavor(name="x", moderation=policy)).on_text("x", Judged.PROMPT)
        assert (found.allowed, found.moderator) == (allowed, "classifier")
