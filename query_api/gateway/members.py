"""Who is connected and what each of them wants to hear."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal, Protocol

from query_api.gateway.entries import Entry
from query_api.gateway.frames import Message
from query_api.identity.principal import Principal

#: The frames of an entry.
Side = Literal["public", "private"]


class Sink(Protocol):
    """Where a client's messages go: a websocket, a server-sent event stream, a list in a test."""

    def offer(self, message: Message) -> None:
        """Take a message without waiting and without raising. A sink that holds too much ends itself."""
        ...

    @property
    def buffered(self) -> int:
        """Bytes that the client has not read yet."""
        ...


@dataclass(slots=True, eq=False)
class Member:
    """A client. It has heard everything up to and including entry `after`."""

    sink: Sink
    viewer_id: str
    after: int
    videos: set[str] = field(default_factory=set)
    lobby: bool = False
    who: Principal = field(default_factory=lambda: Principal(None))

    def may_hear(self, owner: str | None) -> bool:
        """Whether how a video comes to be is theirs to know."""
        return self.who.may_see(owner)

    def side(self, entry: Entry, starter: bool) -> Side | None:
        """Which frame of an entry this client gets; None: neither. `starter`: the lobby may see the video be made."""
        owns, watches = entry.owner == self.viewer_id, entry.video_id in self.videos
        if entry.public is not None and not owns:
            return "public" if not entry.ahead or self.lobby or watches else None
        if entry.public is None and entry.revision > 1:
            owns = starter = False
        return "private" if owns or (watches and self.may_hear(entry.owner)) or (starter and self.lobby) else None


class Members:
    """All clients of one hub, found by viewer and by video."""

    def __init__(self) -> None:
        self._all: dict[Member, None] = {}  # a dict keeps the order of arrival
        self._viewers: defaultdict[str, set[Member]] = defaultdict(set)
        self._watchers: defaultdict[str, set[Member]] = defaultdict(set)
        self.lobby: set[Member] = set()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Member]:
        return iter(list(self._all))

    def after(self, seq: int) -> set[Member]:
        """Those who have heard entry `seq` already: the last to arrive, since what one has heard never falls."""
        return set(takewhile(lambda member: member.after >= seq, reversed(self._all)))

    def __contains__(self, member: Member) -> bool:
        return member in self._all

    def add(self, member: Member) -> None:
        """A client came."""
        self._all[member] = None
        self._viewers[member.viewer_id].add(member)
        for video_id in member.videos:
            self._watchers[video_id].add(member)
        self.seat(member, member.lobby)

    def remove(self, member: Member) -> None:
        """A client went."""
        self._all.pop(member, None)
        self._drop(self._viewers, member.viewer_id, member)
        for video_id in member.videos:
            self._drop(self._watchers, video_id, member)
        self.lobby.discard(member)

    def watch(self, member: Member, video_id: str) -> None:
        """A client wants to hear of a video's progress."""
        member.videos.add(video_id)
        self._watchers[video_id].add(member)

    def unwatch(self, member: Member, video_id: str) -> None:
        """A client does not any more."""
        member.videos.discard(video_id)
        self._drop(self._watchers, video_id, member)

    def seat(self, member: Member, lobby: bool) -> None:
        """A client enters or leaves the lobby."""
        member.lobby = lobby
        (self.lobby.add if lobby else self.lobby.discard)(member)

    def of(self, viewer_id: str) -> int:
        """Connections of a viewer."""
        return len(self._viewers.get(viewer_id, ()))

    def owners(self, viewer_id: str | None) -> set[Member]:
        """The clients of a viewer."""
        return self._viewers.get(viewer_id, set()) if viewer_id else set()

    def watchers(self, video_id: str, owner: str | None = None) -> set[Member]:
        """Those who want to hear of a video's progress, and may."""
        return {member for member in self._watchers.get(video_id, ()) if member.may_hear(owner)}

    def concerned(self, entry: Entry) -> set[Member]:
        """Those to whom an entry is something else than to most: its owner, and those who watch the video."""
        return self.owners(entry.owner) | self._watchers.get(entry.video_id, set())

    @staticmethod
    def _drop(index: defaultdict[str, set[Member]], key: str, member: Member) -> None:
        if key in index:
            index[key].discard(member)
            if not index[key]:
                del index[key]
