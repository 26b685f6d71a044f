"""Which videos come next for a viewer. Pure: what is published, what was seen and what is liked decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice, repeat

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
    never, again = _sorted(items, watcher)
    chosen = never.choices(watcher.interests, most)
    return chosen + again.choices(watcher.interests, most - len(chosen))


class _Shelves:
    """Videos by the reason for which they would be shown."""

    __slots__ = ("disliked", "fresh", "liked", "made")

    def __init__(self) -> None:
        self.made: list[Item] = []
        self.liked: list[Item] = []
        self.fresh: list[Item] = []
        self.disliked: list[Item] = []

    def choices(self, likes: Mapping[str, float], most: int) -> list[Choice]:
        """The best: by reason, then by how much the subject is liked, then the newest."""
        self.made.sort(key=lambda item: -item.published_us)
        for shelf in (self.liked, self.disliked):
            shelf.sort(key=lambda item: (-likes[item.subject], -item.published_us))
        order = chain(
            zip(self.made, repeat(Reason.MADE_FOR_YOU)),
            zip(self.liked, repeat(Reason.INTEREST)),
            zip(chain(self.fresh, self.disliked), repeat(Reason.FRESH)),
        )
        return [Choice(item, reason) for item, reason in islice(order, most)]


def _sorted(items: Iterable[Item], watcher: Watcher) -> tuple[_Shelves, _Shelves]:
    """What was never served, and what an earlier walk served.

    Longer than other functions here: it looks at every candidate of every request, and calls would double its time.
    """
    taken, never, again = set[str](), _Shelves(), _Shelves()
    viewer, seen, likes = watcher.viewer_id, watcher.seen, watcher.interests
    since_us, skip = watcher.since_us, watcher.skip
    for item in items:
        video = item.video_id
        one = seen.get(video)
        if one is not None and (one.swiped_us or one.served_us >= since_us):
            continue
        if video in taken or (skip and video[:SHORT] in skip):
            continue
        taken.add(video)
        shelves = never if one is None else again
        if item.viewer_id == viewer:
            shelves.made.append(item)
        elif weight := likes.get(item.subject):
            (shelves.liked if weight > 0 else shelves.disliked).append(item)
        else:
            shelves.fresh.append(item)
    return never, again


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
