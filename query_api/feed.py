"""Which videos come next for a viewer. Pure: what is published, what was seen and what is liked decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from query_api.cards import VideoCard
from query_api.readmodel.model import Seen

#: Recorded with every impression; changes with the rules below.
POLICY = "made-interest-fresh-1"
#: Videos that a viewer is told would come next, beyond those served.
UPCOMING = 10


class Reason(StrEnum):
    """Why a video is in a feed, in the order of preference."""

    MADE_FOR_YOU = "made_for_you"
    INTEREST = "interest"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class Item:
    """A published video, ready to be ranked."""

    card: VideoCard
    published_us: int
    subject: str
    viewer_id: str | None = None

    @property
    def video_id(self) -> str:
        """The video."""
        return self.card.video_id


@dataclass(frozen=True, slots=True)
class Choice:
    """A video that was chosen, and why."""

    item: Item
    reason: Reason


@dataclass(frozen=True, slots=True)
class Watcher:
    """What the ranking knows of a viewer. `since_us`: when this walk through the feed began."""

    viewer_id: str
    seen: Mapping[str, Seen]
    interests: Mapping[str, float]
    since_us: int
    skip: frozenset[str] = frozenset()


def choose(items: Iterable[Item], watcher: Watcher, most: int) -> list[Choice]:
    """At most `most` videos, best first; each video once, whatever its number of revisions.

    Out are those that the viewer swiped at any time and those served in this walk. What an earlier walk served, but
    nobody swiped, comes again after everything that was never served.
    """
    never: dict[str, Choice] = {}
    again: dict[str, Choice] = {}
    for item in items:
        seen = watcher.seen.get(item.video_id, _NEVER)
        if seen.swiped_us or item.video_id in watcher.skip or seen.served_us >= watcher.since_us:
            continue
        pool = again if seen.served_us else never
        if (known := pool.get(item.video_id)) is None or known.item.card.revision < item.card.revision:
            pool[item.video_id] = Choice(item, _reason(item, watcher))
    best = sorted(never.values(), key=lambda choice: _order(choice, watcher.interests))[:most]
    rest = sorted(again.values(), key=lambda choice: _order(choice, watcher.interests)) if len(best) < most else []
    return [*best, *rest][:most]


_NEVER = Seen()
_RANK = {Reason.MADE_FOR_YOU: 0, Reason.INTEREST: 1, Reason.FRESH: 2}


def _reason(item: Item, watcher: Watcher) -> Reason:
    if item.viewer_id == watcher.viewer_id:
        return Reason.MADE_FOR_YOU
    return Reason.INTEREST if watcher.interests.get(item.subject, 0) > 0 else Reason.FRESH


def _order(choice: Choice, interests: Mapping[str, float]) -> tuple[int, float, int]:
    """By reason, then by how much the subject is liked (or disliked), then the newest."""
    weight = 0.0 if choice.reason is Reason.MADE_FOR_YOU else interests.get(choice.item.subject, 0.0)
    return _RANK[choice.reason], -weight, -choice.item.published_us


def subject_key(subject: str) -> str:
    """Subjects are compared without regard to case and spaces around them."""
    return subject.strip().casefold()


def merged(seen: Sequence[Mapping[str, Seen]]) -> dict[str, Seen]:
    """What several weeks, or several processes, say of the same videos: the latest of each."""
    out: dict[str, Seen] = {}
    for part in seen:
        for video, new in part.items():
            old = out.get(video, _NEVER)
            out[video] = Seen(max(old.served_us, new.served_us), max(old.swiped_us, new.swiped_us))
    return out
