"""Classifiers on this machine: any text or image classification model of transformers. Needs the extra `gpu`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.moderation.clips import shown
from gpu_consumers.ports import Finding

if TYPE_CHECKING:
    from gpu_consumers.moderation.models import Classifier


@dataclass(kw_only=True)
class ClassifierModerator:
    """Scores by a model's labels. One that reads texts says nothing of frames, and the other way round."""

    model: str
    categories: dict[str, str] = field(default_factory=dict)
    harmless: tuple[str, ...] = ()
    name: str = "classifier"

    def fingerprint(self) -> str:
        """Changes with the weights (names, sizes and times of their files) and the labels' meaning."""
        files = sorted(path for path in Path(self.model).glob("*") if path.is_file())
        told = [f"{path.name}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path in files]
        sent = json.dumps([self.model, told, sorted(self.categories.items()), self.harmless])
        return f"classifier-1-{hashlib.sha256(sent.encode()).hexdigest()[:16]}"

    def in_text(self, text: str) -> list[Finding]:
        """Raises `BackendMissingError` without torch or weights."""
        return [] if self._sees() else self._found(self._loaded().of_text(text))

    def in_clip(self, clip: Path) -> list[Finding]:
        """The highest score of some frames. Raises as `in_text` does."""
        return self._found(self._loaded().of_pictures(shown(clip))) if self._sees() else []

    def _found(self, scores: dict[str, float]) -> list[Finding]:
        harmless = {label.lower() for label in self.harmless}
        bad = {label: score for label, score in scores.items() if label.lower() not in harmless}
        return [Finding(category=self.categories.get(c, c.lower()), rule=c, score=s) for c, s in bad.items()]

    def _sees(self) -> bool:
        """Whether it is a model for images: those come with a description of how pictures are prepared."""
        if not (Path(self.model) / "config.json").is_file():
            raise BackendMissingError(f"there is no classifier in {self.model}: a folder with config.json is needed")
        return (Path(self.model) / "preprocessor_config.json").is_file()

    def _loaded(self) -> Classifier:
        if find_spec("torch") is None:
            raise BackendMissingError("the classifier needs the extra `gpu`: pip install 'swipestream[gpu]'")
        from gpu_consumers.moderation.models import loaded

        try:
            return loaded(self.model, self._sees())
        except (OSError, ValueError, RuntimeError) as error:
            raise BackendError(f"the classifier in {self.model} cannot be read: {str(error)[:200]}") from error
