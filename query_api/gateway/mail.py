"""Who gets what in one tick: the same message for most, another for all of the lobby, one of their own for those whom
something concerns. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from query_api.gateway.entries import Entry
from query_api.gateway.frames import Message, join
from query_api.gateway.members import Member, Members, Side

Public = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Moving:
    """How far a video is: for those who watch it and may, and where it is `public` for the lobby."""

    video_id: str
    owner: str | None
    public: bool
    frame: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """`special` overrides what is for the `lobby`, and that what is `common`; None: nothing for that client."""

    common: Message | None
    special: Mapping[Member, Message | None] = field(default_factory=dict)
    inside: Message | None = None
    lobby: Set[Member] = frozenset()

    def to(self, member: Member) -> Message | None:
        """What a client gets."""
        if member in self.special:
            return self.special[member]
        return self.inside if member in self.lobby else self.common


def sort(
    entries: Sequence[Entry],
    moving: Sequence[Moving],
    members: Members,
    public: Public,
    told: Set[Member] = frozenset(),
) -> Mail:
    """The mail of one tick: `entries` in their order, then the newest progress of what is being made.

    `told`: those who have heard some of the entries already. Who is in the lobby now gets what is for it, though they
    leave it before their turn comes.
    """
    letters, progress = Letters(entries, members, public), _Progress(moving, members)
    special = letters.concerned | progress.watchers | _late(entries, members) | told
    made: dict[tuple[bytes, ...], Message | None] = {}
    mail = {member: _once(made, (*letters.to(member), *progress.to(member))) for member in special}
    common, inside = letters.general(lobby=False), (*letters.general(lobby=True), *progress.starters)
    lobby = frozenset(members.lobby) if inside != common else frozenset[Member]()
    return Mail(_once(made, common), mail, _once(made, inside), lobby)


class Letters:
    """What waits. For each client it looks at what concerns them and what is for everyone, not at all that waits."""

    def __init__(self, entries: Sequence[Entry], members: Members, public: Public) -> None:
        self._letters = [_Letter(entry, public(entry.video_id)) for entry in entries]
        self._own = _places(members.concerned(entry) for entry in entries)
        self._general = {
            lobby: [place for place, letter in enumerate(self._letters) if letter.general(lobby)]
            for lobby in (False, True)
        }

    @property
    def concerned(self) -> Set[Member]:
        """Those to whom any of it is something else than to most."""
        return self._own.keys()

    def to(self, member: Member) -> list[bytes]:
        """What a client gets of it, in its order."""
        places = sorted({*self._general[member.lobby], *self._own.get(member, ())})
        return [frame for place in places if (frame := self._letters[place].to(member))]

    def general(self, *, lobby: bool) -> tuple[bytes, ...]:
        """What those get whom none of it concerns."""
        letters = (self._letters[place] for place in self._general[lobby])
        return tuple(frame for letter in letters if (frame := letter.frame(letter.general(lobby))))


class _Progress:
    """How far videos are, and who watches them."""

    def __init__(self, moving: Sequence[Moving], members: Members) -> None:
        self._moving = moving
        self._own = _places(members.watchers(one.video_id, one.owner) for one in moving)
        self._starters = [place for place, one in enumerate(moving) if one.public]

    @property
    def watchers(self) -> Set[Member]:
        return self._own.keys()

    @property
    def starters(self) -> list[bytes]:
        return [self._moving[place].frame for place in self._starters]

    def to(self, member: Member) -> list[bytes]:
        places = sorted({*(self._starters if member.lobby else ()), *self._own.get(member, ())})
        return [self._moving[place].frame for place in places]


def _places(whom: Iterable[Set[Member]]) -> Mapping[Member, set[int]]:
    found: defaultdict[Member, set[int]] = defaultdict(set)
    for place, members in enumerate(whom):
        for member in members:
            found[member].add(place)
    return found


@dataclass(frozen=True, slots=True)
class _Letter:
    """An entry; its frames are made when somebody gets them."""

    entry: Entry
    starter: bool
    made: dict[Side, bytes | None] = field(default_factory=dict)

    def frame(self, side: Side | None) -> bytes | None:
        if side and side not in self.made:
            self.made[side] = self.entry.frame(private=side == "private")
        return self.made[side] if side else None

    def general(self, lobby: bool) -> Side | None:
        """Which frame those get whom it does not concern."""
        if self.entry.public is not None:
            return "public" if lobby or not self.entry.ahead else None
        return "private" if lobby and self.starter and self.entry.revision == 1 else None

    def to(self, member: Member) -> bytes | None:
        return self.frame(member.side(self.entry, self.starter)) if self.entry.seq > member.after else None


def _late(entries: Sequence[Entry], members: Members) -> set[Member]:
    """Those who came after some of these entries, and have heard them already."""
    return members.after(entries[0].seq) if entries else set()


def _once(made: dict[tuple[bytes, ...], Message | None], frames: tuple[bytes, ...]) -> Message | None:
    """Those who get the same frames get the same message, encoded once."""
    if frames not in made:
        made[frames] = _message(frames)
    return made[frames]


def _message(frames: Sequence[bytes]) -> Message | None:
    return Message(join(frames)) if frames else None
