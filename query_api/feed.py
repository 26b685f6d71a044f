"""Which videos come next for a viewer. Pure: what is published, what was seen and what is liked decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from heapq import merge as merge_sorted
from itertools import groupby, islice

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

    def has_never_had(self, item: Item) -> bool:
        """Whether a video was neither served nor swiped."""
        return item.video_id not in self.seen and item.video_id[:SHORT] not in self.skip

    def may_have_again(self, item: Item) -> bool:
        """Whether an earlier walk served a video, and the viewer did nothing with it."""
        seen = self.seen.get(item.video_id)
        known = seen is not None and not seen.swiped_us and seen.served_us < self.since_us
        return known and item.video_id[:SHORT] not in self.skip


class Catalogue:
    """Videos, newest first and each once; found by their subject, and by whom they were made for."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self.items = newest_revisions(items)
        self.subjects: defaultdict[str, list[Item]] = defaultdict(list)
        self.viewers: defaultdict[str | None, list[Item]] = defaultdict(list)
        for item in self.items:
            self.subjects[item.subject].append(item)
            self.viewers[item.viewer_id].append(item)
        self._ids = frozenset(item.video_id for item in self.items)

    def __contains__(self, item: Item) -> bool:
        return item.video_id in self._ids


def choose(catalogue: Catalogue, made: Iterable[Item], watcher: Watcher, most: int) -> list[Choice]:
    """At most `most` videos, best first, from a catalogue and from what was `made` for the viewer, newest first.

    Out are those that the viewer swiped at any time and those served in this walk. What an earlier walk served, but
    nobody swiped, comes again after everything that was never served. Each video comes once: the catalogue's counts.
    """
    # Lazily: what is looked at is what is shown, and what has to be skipped to get there.
    own = [item for item in made if item not in catalogue]
    never = (choice for choice in _ranked(catalogue, own, watcher) if watcher.has_never_had(choice[0]))
    chosen = list(islice(never, most))
    if len(chosen) < most:
        again = (choice for choice in _ranked(catalogue, own, watcher) if watcher.may_have_again(choice[0]))
        chosen += islice(again, most - len(chosen))
    return [Choice(item, reason) for item, reason in chosen]


def _ranked(catalogue: Catalogue, made: Iterable[Item], watcher: Watcher) -> Iterator[tuple[Item, Reason]]:
    """All there is for a viewer: by reason, then by how much the subject is liked, then the newest."""
    viewer, likes = watcher.viewer_id, watcher.interests
    own = merge_sorted(catalogue.viewers.get(viewer, ()), made, key=_age)
    liked = _by_weight(catalogue, {name: weight for name, weight in likes.items() if weight > 0})
    disliked = _by_weight(catalogue, {name: weight for name, weight in likes.items() if weight < 0})
    fresh = (item for item in catalogue.items if not likes.get(item.subject))
    for item in own:
        yield item, Reason.MADE_FOR_YOU
    for several, reason in ((liked, Reason.INTEREST), (fresh, Reason.FRESH), (disliked, Reason.FRESH)):
        for item in several:
            if item.viewer_id != viewer:
                yield item, reason


def _by_weight(catalogue: Catalogue, likes: Mapping[str, float]) -> Iterator[Item]:
    """What is liked most comes first; of subjects that are liked as much, the newest."""
    for _, names in groupby(sorted(likes, key=lambda name: -likes[name]), key=lambda name: likes[name]):
        yield from merge_sorted(*(catalogue.subjects.get(name, ()) for name in names), key=_age)


def _age(item: Item) -> int:
    return -item.published_us


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
