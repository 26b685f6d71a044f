"""What was given up, counted for alerts. What is only found again was counted when it was made."""

from __future__ import annotations

from collections.abc import Iterable

from infra.telemetry import metrics
from schemas.videos import Fallback, Stage


def count_fallbacks(stage: Stage, fallbacks: Iterable[Fallback]) -> None:
    """One for each backend that was tried in vain."""
    for one in fallbacks:
        metrics.FALLBACKS.labels(stage=stage.value, backend=one.backend).inc()
