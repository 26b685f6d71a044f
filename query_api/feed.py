"""Which videos come next for a viewer. Pure: what is published, what was seen and what is liked decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from enum import StrEnum

from query_api.readmodel.model import Seen

#: Recorded with every impression; changes with the rules below.
POLICY = "made-interest-fresh-1"
#: Videos that a viewer is told would come next, beyond those served.
UPCOMING = 10
#: So much of a video's id tells it from all others (64 bits).
SHORT = 18


class Reason(StrEnum):
    """Why a video is in a feed, in the order of preference."""

    MADE_FOR_YOU = "made_for_you"
    INTEREST = "interest"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class Item:
    """A published video, ready to be ranked. `card` is the JSON of its VideoCard, an object without `reason`."""

    video_id: str
    revision: int
    published_us: int
    subject: str
    card: str
    viewer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A video that was chosen, and why."""

    item: Item
    reason: Reason


@dataclass(frozen=True, slots=True)
class Watcher:
    """What the ranking knows of a viewer.

    `since_us`: when this walk through the feed began. `skip`: ids, shortened to `SHORT`, that the walk has had lately.
    """

    viewer_id: str
    seen: Mapping[str, Seen]
    interests: Mapping[str, float]
    since_us: int
    skip: frozenset[str] = frozenset()


def choose(items: Iterable[Item], watcher: Watcher, most: int) -> list[Choice]:
    """At most `most` videos, best first, from items that come newest first.

    Out are those that the viewer swiped at any time and those served in this walk. What an earlier walk served, but
    nobody swiped, comes again after everything that was never served. Each video comes once: its first item counts.
    """
    never: list[Item] = []
    again: list[Item] = []
    for item in _unseen(items, watcher):
        (again if item.video_id in watcher.seen else never).append(item)
    best = _ranked(never, watcher)
    if len(best) < most:
        best += _ranked(again, watcher)
    return best[:most]


def _unseen(items: Iterable[Item], watcher: Watcher) -> Iterator[Item]:
    """This sees every candidate of every request, so it looks up as little as it can."""
    taken, skip, seen, since_us = set[str](), watcher.skip, watcher.seen, watcher.since_us
    for item in items:
        video = item.video_id
        if video in taken or (skip and video[:SHORT] in skip):
            continue
        one = seen.get(video)
        if one is None or not (one.swiped_us or one.served_us >= since_us):
            taken.add(video)
            yield item


def _ranked(items: list[Item], watcher: Watcher) -> list[Choice]:
    """By reason, then by how much the subject is liked, then the newest; what is disliked comes last."""
    likes, viewer = watcher.interests, watcher.viewer_id
    made: list[Item] = []
    liked: list[Item] = []
    fresh: list[Item] = []
    disliked: list[Item] = []
    for item in items:
        weight = likes.get(item.subject, 0.0)
        shelf = made if item.viewer_id == viewer else liked if weight > 0 else disliked if weight < 0 else fresh
        shelf.append(item)
    made.sort(key=lambda item: -item.published_us)
    for shelf in (liked, disliked):
        shelf.sort(key=lambda item: (-likes[item.subject], -item.published_us))
    return [
        *(Choice(item, Reason.MADE_FOR_YOU) for item in made),
        *(Choice(item, Reason.INTEREST) for item in liked),
        *(Choice(item, Reason.FRESH) for item in (*fresh, *disliked)),
    ]


def subject_key(subject: str) -> str:
    """Subjects are compared without regard to case and spaces around them."""
    return subject.strip().casefold()


def newest_revisions(items: Iterable[Item]) -> list[Item]:
    """One item for each video, the one of its highest revision; newest first."""
    best: dict[str, Item] = {}
    for item in items:
        if (known := best.get(item.video_id)) is None or known.revision < item.revision:
            best[item.video_id] = item
    return sorted(best.values(), key=lambda item: -item.published_us)


def merge(into: MutableMapping[str, Seen], more: Mapping[str, Seen]) -> None:
    """What several weeks, or several processes, say of the same videos: the latest of each."""
    for video, new in more.items():
        old = into.get(video)
        into[video] = new if old is None else Seen(max(old.served_us, new.served_us), max(old.swiped_us, new.swiped_us))
