"""Alerts: what is odd about a scene becomes an event and a metric. One watch for each process, taught by the log."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from gpu_consumers.estimates.history import scenes
from gpu_consumers.quality.watch import KINDS, Watch, kind
from infra.telemetry import logs, metrics
from schemas import base
from schemas.topics import DAY_MS
from schemas.videos import AnomalyFound, SceneRendered
from schemas.works import Outlier

log = logs.get("alerts")
#: What was usual before that may have been made by other code.
SINCE_MS = DAY_MS
#: Not judged in a process's first scene of a kind, which pays for what is loaded once.
SPENT = frozenset(["seconds", "amount"])


class Alerts:
    """Judges each scene that this process has made, beside those that all made lately. Threads may share it."""

    def __init__(self) -> None:
        self._watch, self._lock = Watch(), threading.Lock()
        self._begun: set[str] = set()

    def recall(self, bootstrap: str) -> int:
        """Learn what the log of the last day says; how many scenes that were."""
        return scenes(bootstrap, int(time.time() * 1000) - SINCE_MS, self._learn)

    def _learn(self, event: SceneRendered) -> None:
        with self._lock:
            self._watch.learn(event)

    def judged(self, scene: SceneRendered) -> AnomalyFound | None:
        """What is odd about a scene, if anything. It is remembered all the same."""
        with self._lock:
            found, seen = self._watch.judge(scene), self._watch.seen(scene)
            if kind(scene) not in self._begun:
                found = tuple(one for one in found if one.figure not in SPENT)
            self._begun = {*self._begun, kind(scene)} if len(self._begun) < KINDS else {kind(scene)}
            self._watch.learn(scene)
        if not found:
            return None
        self._count(scene, found)
        return AnomalyFound(
            video_id=scene.video_id, revision=scene.revision, ts_us=base.rising(scene.ts_us), scene_id=scene.scene_id,
            scene_number=scene.scene_number, model=scene.model, kind=kind(scene), seen=seen, outliers=found,
        )  # fmt: skip

    def _count(self, scene: SceneRendered, found: Sequence[Outlier]) -> None:
        for one in found:
            metrics.ANOMALIES.labels(model=scene.model, figure=one.figure).inc()
            log.warning(
                "far outside of what is usual", video=scene.video_id, scene=scene.scene_number, kind=kind(scene),
                figure=one.figure, value=one.value, typical=one.typical,
            )  # fmt: skip
