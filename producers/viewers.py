"""Simulated viewers: they ask for their feed, watch, skip and like, each with a taste of its own. Seeded."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.swipes import Action


@dataclass
class SimulatedViewer:
    """One viewer. Pure: it is told what the feed answered and says what it does next."""

    viewer_id: str
    rng: random.Random
    queue: deque[dict[str, Any]] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)
    tastes: dict[str, float] = field(default_factory=dict)
    position: int = 0

    @property
    def hungry(self) -> bool:
        """Whether the feed should be asked for more."""
        return len(self.queue) < 2

    def served(self, items: list[dict[str, Any]]) -> None:
        """Take what is new of a feed's answer."""
        queued = {item["video_id"] for item in self.queue}
        self.queue.extend(item for item in items if item["video_id"] not in self.seen | queued)

    def swipe(self) -> list[dict[str, Any]]:
        """What the viewer does with the next video: one swipe, and now and then a like. Empty: nothing to watch."""
        if not self.queue:
            return []
        video = self.queue.popleft()
        self.seen.add(video["video_id"])
        liking = self._taste(str(video.get("subject", "")))
        swipes = [self._watch(video, liking)]
        if liking > 0.8 and self.rng.random() < 0.5:
            swipes.append({"video_id": video["video_id"], "action": Action.LIKED.value, "position": self.position})
        self.position += 1
        return swipes

    def _taste(self, subject: str) -> float:
        return self.tastes.setdefault(subject, self.rng.random())

    def _watch(self, video: Mapping[str, Any], liking: float) -> dict[str, Any]:
        """Disliked videos are left within a moment, liked ones are watched to the end and sometimes again."""
        duration = int(video["duration_ms"])
        ratio = 0.05 if liking < 0.25 else min(1.5, liking * self.rng.uniform(0.6, 1.4))
        action = Action.SKIPPED if ratio < 0.15 else Action.WATCHED
        return {
            "video_id": video["video_id"],
            "action": action.value,
            "watched_ms": int(duration * ratio),
            "duration_ms": duration,
            "position": self.position,
        }
