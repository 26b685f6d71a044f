"""Who gets what in one tick: the same message for most, one of their own for those whom something concerns. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from query_api.gateway.entries import Entry
from query_api.gateway.frames import Message, join
from query_api.gateway.members import Member, Members

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
    """`special` overrides `common`; None: nothing for that client."""

    common: Message | None
    special: Mapping[Member, Message | None] = field(default_factory=dict)

    def to(self, member: Member) -> Message | None:
        """What a client gets."""
        return self.special.get(member, self.common)


def sort(
    entries: Sequence[Entry],
    moving: Sequence[Moving],
    members: Members,
    public: Public,
    told: Set[Member] = frozenset(),
) -> Mail:
    """The mail of one tick: `entries` in their order, then the newest progress of what is being made.

    `told`: those who have heard some of the entries already.
    """
    letters = [_letter(entry, members, public) for entry in entries]
    watching = [(one.frame, members.watchers(one.video_id, one.public, one.owner)) for one in moving]
    special = {member for letter in letters for member in letter.concerned} | _late(entries, members) | told
    special.update(*(watchers for _, watchers in watching))
    made: dict[tuple[bytes, ...], Message | None] = {}
    mail: dict[Member, Message | None] = {}
    for member in special:
        own = [frame for letter in letters if (frame := letter.to(member))]
        own += [frame for frame, watchers in watching if member in watchers]
        mail[member] = _once(made, tuple(own))
    return Mail(_message([letter.public for letter in letters if letter.public]), mail)


@dataclass(frozen=True, slots=True)
class _Letter:
    seq: int
    public: bytes | None
    private: bytes | None
    concerned: Set[Member]

    def to(self, member: Member) -> bytes | None:
        if self.seq <= member.after:
            return None
        return self.private if member in self.concerned else self.public


def _letter(entry: Entry, members: Members, public: Public) -> _Letter:
    concerned = members.concerned(entry, public(entry.video_id))
    return _Letter(entry.seq, entry.frame(private=False), entry.frame(private=True), concerned)


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
