"""Any moderation service that answers as OpenAI's does: `POST {url}/moderations`, for texts and pictures."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpu_consumers.errors import TransientBackendError
from gpu_consumers.moderation.clips import jpeg, shown
from gpu_consumers.ports import Finding
from gpu_consumers.service import Service


@dataclass(kw_only=True)
class OpenAIModerator:
    """Asks a service. Its categories are taken as they are, or renamed by `categories`."""

    url: str
    model: str = ""
    api_key_env: str | None = None
    timeout_s: float = 10.0
    categories: dict[str, str] = field(default_factory=dict)
    name: str = "openai"

    def fingerprint(self) -> str:
        """The service's own changes cannot be seen from here; its address and model can."""
        sent = f"{self.url}|{self.model}|{sorted(self.categories.items())}"
        return f"openai-moderation-1-{hashlib.sha256(sent.encode()).hexdigest()[:16]}"

    def in_text(self, text: str) -> list[Finding]:
        """Raises `TransientBackendError` for what may pass, else `BackendError`."""
        return self._asked([{"type": "text", "text": text}])

    def in_clip(self, clip: Path) -> list[Finding]:
        """Raises as `in_text` does."""
        return self._asked([_image(jpeg(picture)) for picture in shown(clip)])

    def _asked(self, content: list[dict[str, Any]]) -> list[Finding]:
        service = Service(
            label="moderation service", url=self.url, api_key_env=self.api_key_env, timeout_s=self.timeout_s
        )
        found: dict[str, float] = {}
        for piece in content:  # one at a time: a service may take one picture in a request only
            answer = service.post("moderations", {"model": self.model, "input": [piece]})
            for category, score in _scores(answer).items():
                found[category] = max(found.get(category, 0.0), score)
        return [Finding(category=self.categories.get(c, c), rule=c, score=s) for c, s in found.items()]


def _image(data: bytes) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"}}


def _scores(answer: bytes) -> dict[str, float]:
    try:
        results = json.loads(answer)["results"]
        return {
            str(category): min(max(float(score), 0.0), 1.0)
            for result in results
            for category, score in result["category_scores"].items()
        }
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise TransientBackendError("the moderation service's answer has no scores") from error
