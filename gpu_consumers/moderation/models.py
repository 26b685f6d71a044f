"""The classifiers themselves: weights in memory, loaded once in a process. Needs the extra `gpu`."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from transformers import AutoModelForImageClassification, AutoModelForSequenceClassification, AutoTokenizer

from gpu_consumers.placement import placed
from infra.settings import settings


@dataclass(kw_only=True)
class Classifier:
    """A model and what prepares its input."""

    model: Any
    prepare: Any
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def of_text(self, text: str) -> dict[str, float]:
        """Scores by label. A text longer than the model can read is read in pieces; the highest score counts."""
        options = {"truncation": True, "return_overflowing_tokens": True, "padding": True, "return_tensors": "pt"}
        read = self.prepare(text, max_length=self._longest(), stride=16, **options)
        return self._scores({name: read[name] for name in ("input_ids", "attention_mask")})

    def of_pictures(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> dict[str, float]:
        """The highest score of any picture, by label."""
        if not pictures:
            return {}
        return self._scores({"pixel_values": torch.from_numpy(np.stack([self.prepare(each) for each in pictures]))})

    def _longest(self) -> int:
        return int(min(getattr(self.model.config, "max_position_embeddings", 512), 512))

    def _scores(self, inputs: dict[str, Any]) -> dict[str, float]:
        inputs = {name: value.to(self.model.device) for name, value in inputs.items()}
        with self._turn, torch.inference_mode():
            logits = self.model(**inputs).logits.float()
        several = self.model.config.problem_type == "multi_label_classification" or logits.shape[-1] == 1
        chances = (torch.sigmoid(logits) if several else torch.softmax(logits, dim=-1)).amax(dim=0)
        return {self.model.config.id2label[index]: round(float(chance), 6) for index, chance in enumerate(chances)}


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """Prepares a picture as `preprocessor_config.json` says: scaled, and moved to the mean and spread of the training.

    transformers' own processors want torchvision, which nothing else here needs.
    """

    size: tuple[int, int]  #: (width, height)
    mean: Sequence[float]
    spread: Sequence[float]

    @classmethod
    def of(cls, folder: str) -> Pixels:
        """As the folder says. Raises OSError or ValueError."""
        told = json.loads((Path(folder) / "preprocessor_config.json").read_bytes())
        size: Any = told.get("crop_size") or told.get("size") or 224
        sides: dict[str, Any] = size if isinstance(size, dict) else {"height": size, "width": size}
        edge = sides.get("shortest_edge", 224)
        return cls(
            size=(int(sides.get("width", edge)), int(sides.get("height", edge))),
            mean=told.get("image_mean") or (0.5, 0.5, 0.5), spread=told.get("image_std") or (0.5, 0.5, 0.5),
        )  # fmt: skip

    def __call__(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """float32 of shape (3, height, width). The whole picture is kept: what is at its edge counts too."""
        small = np.asarray(Image.fromarray(picture).resize(self.size, Image.Resampling.BICUBIC), np.float32) / 255
        moved = (small - np.asarray(self.mean, np.float32)) / np.asarray(self.spread, np.float32)
        return np.ascontiguousarray(moved.transpose(2, 0, 1), np.float32)


@lru_cache(maxsize=4)
def loaded(folder: str, sees: bool) -> Classifier:
    """The classifier of a folder. Nothing is downloaded. Raises OSError or ValueError."""
    kind = AutoModelForImageClassification if sees else AutoModelForSequenceClassification
    prepare = Pixels.of(folder) if sees else AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = kind.from_pretrained(folder, local_files_only=True)
    return Classifier(model=model.to(placed(settings().device)).eval(), prepare=prepare)
