"""Who gets what in one tick: the same message for most, another for all of the lobby, one of their own for those whom
something concerns. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
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
    letters = [_letter(entry, members, public) for entry in entries]
    watching = [(one, members.watchers(one.video_id, one.owner)) for one in moving]
    special = {member for letter in letters for member in letter.concerned} | _late(entries, members) | told
    special.update(*(watchers for _, watchers in watching))
    made: dict[tuple[bytes, ...], Message | None] = {}
    mail: dict[Member, Message | None] = {}
    for member in special:
        own = [frame for letter in letters if (frame := letter.to(member))]
        own += [one.frame for one, watchers in watching if member in watchers or (one.public and member.lobby)]
        mail[member] = _once(made, tuple(own))
    common = tuple(frame for letter in letters if (frame := letter.common))
    inside = (*(frame for letter in letters if (frame := letter.inside)), *(one.frame for one in moving if one.public))
    lobby = frozenset(members.lobby) if inside != common else frozenset[Member]()
    return Mail(_once(made, common), mail, _once(made, inside), lobby)


@dataclass(frozen=True, slots=True)
class _Letter:
    entry: Entry
    starter: bool
    frames: Mapping[Side | None, bytes | None]
    concerned: Set[Member]

    @property
    def common(self) -> bytes | None:
        return None if self.entry.ahead else self.frames["public"]

    @property
    def inside(self) -> bytes | None:
        """For the lobby."""
        return self.frames["public"] or (self.frames["private"] if self.starter and self.entry.revision == 1 else None)

    def to(self, member: Member) -> bytes | None:
        return self.frames.get(member.side(self.entry, self.starter)) if self.entry.seq > member.after else None


def _letter(entry: Entry, members: Members, public: Public) -> _Letter:
    frames: dict[Side | None, bytes | None] = {
        "public": entry.frame(private=False), "private": entry.frame(private=True)
    }  # fmt: skip
    return _Letter(entry, public(entry.video_id), frames, members.concerned(entry))


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
