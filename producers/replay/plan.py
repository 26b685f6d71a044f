"""What a replay would do: how many records of which types, which videos, and what they cost when they were made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.contracts.slices import Slice
from producers.replay.died import died
from producers.replay.history import History
from producers.replay.log import histories, readable
from producers.replay.selection import concerns, in_range, is_meant
from schemas.replays import Selection
from schemas.works import Cost

#: (video, viewer, type) → records. An empty text where an event names none.
Counts = Counter[tuple[str, str, str]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The videos are in the order of their first event."""

    by_type: dict[str, int]
    videos: tuple[History, ...]

    @property
    def records(self) -> int:
        """How many records are meant."""
        return sum(self.by_type.values())

    @property
    def estimate(self) -> Cost:
        """The recorded costs of these very videos: an upper bound, since what is unchanged is reused."""
        return sum((video.cost for video in self.videos), Cost())

    def as_json(self) -> dict[str, Any]:
        """For people and scripts."""
        return {
            "records": self.records,
            "by_type": self.by_type,
            "videos": len(self.videos),
            "video_ids": [video.video_id for video in self.videos],
            "estimate": self.estimate.model_dump(),
        }


def read(bootstrap: str, selection: Selection, progress: Progress = lambda _done, _total: None) -> Plan:
    """Read the log twice: for what is meant, then for the videos that it is about. Raises UnavailableError.

    With a failure, the dead letters too: a video may hang on one without ever having failed.
    """
    counts: Counts = Counter()
    for topic in selection.topics:
        counts += _count(bootstrap, topic, selection, progress)
    known = histories(bootstrap, {video for video, _, _ in counts if video})
    for video, letters in died(bootstrap).items() if selection.failure else ():
        if history := known.get(video):
            history.letters += letters
    return plan(counts, known, selection)


def _count(bootstrap: str, topic: str, selection: Selection, progress: Progress) -> Counts:
    counts: Counts = Counter()
    with Slice(bootstrap, topic, since_ms=selection.since_ms, until_ms=selection.until_ms) as records:
        for received in readable(record for record in records if in_range(selection, record)):
            event = received.envelope.data
            if is_meant(selection, event):
                viewer = getattr(event, "viewer_id", None)
                counts[(getattr(event, "video_id", ""), viewer or "", event.TYPE)] += 1
            if records.done % 500 == 0:
                progress(records.done, records.total)
        progress(records.total, records.total)
    return counts


def plan(counts: Counts, known: Mapping[str, History], selection: Selection) -> Plan:
    """The records whose videos fit, and those videos. Pure."""
    by_type: Counter[str] = Counter()
    chosen: dict[str, History] = {}
    for (video, viewer, kind), number in counts.items():
        history = known.get(video)
        if concerns(selection, history, viewer or None):
            by_type[kind] += number
            if history is not None:
                chosen[video] = history
    ordered = sorted(chosen.values(), key=lambda one: (one.prompt.ts_us if one.prompt else one.last_us, one.video_id))
    return Plan(by_type=dict(sorted(by_type.items())), videos=tuple(ordered))
