"""What this node has heard from the log: how far, which frames can be replayed, where each video is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from infra.kafka.records import Received
from infra.kafka.tail import Batch
from infra.telemetry import logs
from query_api.caches import Lru
from query_api.gateway import entries, frames
from query_api.gateway.limits import Limits
from query_api.gateway.lives import Life, Lives
from query_api.gateway.mail import Moving
from query_api.gateway.members import Member
from query_api.gateway.recovery import Recovery, recover
from query_api.gateway.ring import Ring
from query_api.gateway.tokens import Cut, Signer
from schemas.base import now_us
from schemas.progress import RenderProgress
from schemas.videos import RevisionPromoted, VideoEvent, VideoWithdrawn

log = logs.get("gateway.journal")

#: What is read. Tokens are positions in the first alone: progress is told anew, never replayed.
DURABLE, MOVING = "video-events", "render-progress"
TOPICS = (DURABLE, MOVING)

#: Bytes of the largest preview that is passed on, as its contract allows.
PREVIEW = 65_536


@dataclass(slots=True)
class Heard:
    """What a batch brought: new entries, videos that moved, and why everyone must start afresh, if so."""

    entries: list[entries.Entry] = field(default_factory=list)
    moved: dict[str, bool] = field(default_factory=dict)  #: video id → whether it is still being made
    resync: str | None = None


class Journal:
    """Take batches in with `take`; `caught_up` says whether all that was there at the start has been heard."""

    def __init__(self, signer: Signer, limits: Limits, seal: entries.Seal = bytes) -> None:
        self._signer, self._limit, self._seal = signer, limits.ring, seal
        self._ring = Ring(limits.ring, limits.ring_bytes)
        # A candidate is made beside what viewers see: how far that came to be stays known.
        self._lives, self._candidates = Lives(limits.lives), Lives(limits.lives)
        self._told: Lru[str, bool] = Lru(limits.ring)  # ids of the events that became entries
        self._incarnation = ""
        self._positions: dict[int, int] = {}
        self.seq = 0  #: of the newest entry
        self.caught_up = False

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def cut(self) -> Cut:
        """How far the log has been heard."""
        return Cut(self._incarnation, tuple(self._positions[number] for number in sorted(self._positions)))

    @property
    def token(self) -> str | None:
        """The token of `cut`; None before all history has been heard."""
        return self._signer.sign(self.cut) if self.caught_up else None

    def read(self, token: str) -> Cut | None:
        """The cut of a client's token; None when it is not one of ours."""
        return self._signer.read(token)

    def take(self, batch: Batch) -> Heard:
        """Hear what was read."""
        heard = Heard()
        if batch.broken or batch.incarnation.name != self._incarnation:
            heard.resync = "log" if self._incarnation else None
            self._begin(batch)
        for received in batch.records:
            self._hear_safely(received, heard)
        self._advance(batch)
        if batch.caught_up and not self.caught_up:
            # History is there to be replayed, it is no news.
            self.caught_up, heard = True, Heard(resync="started")
        return heard if self.caught_up else Heard()

    def _begin(self, batch: Batch) -> None:
        """Offsets mean something else than before, or some were missed."""
        self._incarnation, self._positions = batch.incarnation.name, {}
        self._advance(batch)
        # `positions` are those after the batch; what is in it has not been heard yet.
        self._positions |= {record.partition: record.offset for record in reversed(batch.records) if _durable(record)}
        self._ring.start(self._positions)
        self._lives.clear()
        self._candidates.clear()
        self._told = Lru(self._limit)

    def _advance(self, batch: Batch) -> None:
        self._positions |= {number: at for (topic, number), at in batch.positions.items() if topic == DURABLE}

    def _hear_safely(self, received: Received, heard: Heard) -> None:
        try:
            self._hear(received, heard)
        except Exception:  # one record must not stop the feed; it would come again after every restart
            log.exception("not told", topic=received.topic, partition=received.partition, offset=received.offset)

    def _hear(self, received: Received, heard: Heard) -> None:
        event = received.envelope.data
        if not isinstance(event, VideoEvent | RenderProgress):
            return
        entry = self._note(received, event.video_id, heard)
        for lives in self._concerned(event):
            before = lives.get(event.video_id) or Life()
            life = before.after(event)
            if life is not before:
                last = None if _by_hand(event) else entry or before.last
                lives.set(event.video_id, replace(life, last=last) if life.ended else life)
                heard.moved[event.video_id] = any(not one.ended for one in self._of(event.video_id))

    def _concerned(self, event: VideoEvent | RenderProgress) -> Iterator[Lives]:
        """Of which lives an event tells: of what viewers see, of what is made beside it, or of both."""
        if isinstance(event, VideoWithdrawn):
            yield from (lives for lives in (self._lives, self._candidates) if lives.get(event.video_id))
        else:
            made = event.revision > 1 and not isinstance(event, RevisionPromoted)
            yield self._candidates if made else self._lives

    def _note(self, received: Received, video_id: str, heard: Heard) -> entries.Entry | None:
        if not _durable(received):
            return None
        self._positions[received.partition] = received.offset + 1
        cut, seq = self.cut, self.seq + 1
        owner = next((life.owner for life in self._of(video_id) if life.owner), None)
        entry = entries.entry(received, seq, self._signer.sign(cut), cut, self._seal, owner)
        if entry is None or self._told.get(received.envelope.id):
            return None  # said already: the log may hold an event more than once
        self._told.put(received.envelope.id, True)
        self.seq = entry.seq
        self._ring.add(entry)
        heard.entries.append(entry)
        return entry

    def recover(self, token: str | None) -> Recovery:
        """What a client that comes with this token has missed, or why that cannot be said."""
        cut = self.read(token) if token else None
        return recover(self._ring, self.cut, cut, token, self.caught_up)

    def token_of(self, entry: entries.Entry, cut: Cut | None) -> str:
        """How far one has read who came with `cut` and is told `entry`.

        Another node may have heard the partitions in another order: the entry's own token could go back in one of them.
        """
        if cut is None or not cut.beyond(entry.cut):
            return entry.token
        return self._signer.sign(cut.joined(entry.cut))

    def public(self, video_id: str) -> bool:
        """Whether the lobby may see a video."""
        life = self._lives.get(video_id)
        return life is not None and life.public

    def unfinished(self) -> list[str]:
        """Public videos that are being made."""
        return self._lives.unfinished()

    def state(self, member: Member, videos: Sequence[str], room: int) -> list[bytes]:
        """Where videos, and their candidates, are now: how far, or how it ended. Previews are left out beyond `room`
        bytes."""
        told = []
        for video_id in videos:
            for life in self._of(video_id):
                if frame := _ending(member, life) or _underway(member, video_id, life, room):
                    told.append(frame)
                    room -= len(frame)
        return told

    def moving(self, video_id: str) -> list[Moving]:
        """How far a video and its candidate are, of those that are being made."""
        found = ((life, _progress(video_id, life, PREVIEW)) for life in self._of(video_id))
        return [Moving(video_id, life.owner, life.public, frame) for life, frame in found if frame]

    def _of(self, video_id: str) -> Iterator[Life]:
        return filter(None, (self._lives.get(video_id), self._candidates.get(video_id)))


def _by_hand(event: VideoEvent | RenderProgress) -> bool:
    """Whether viewers see another revision of which nobody is told: who looks at a feed again sees it. What was told of
    the one before holds no longer."""
    return isinstance(event, RevisionPromoted) and not event.replaces_draft


def _ending(member: Member, life: Life) -> bytes | None:
    last = life.last
    if last is None:
        return None
    if last.owner == member.viewer_id or (last.public is None and member.may_hear(last.owner)):
        return last.told(private=True)
    return last.told(private=False)


def _underway(member: Member, video_id: str, life: Life, room: int) -> bytes | None:
    return _progress(video_id, life, room) if member.may_hear(life.owner) else None


def _progress(video_id: str, life: Life, room: int) -> bytes | None:
    """The progress of what is being made; its preview only where it fits into `room` bytes. Nothing is told before it
    is known whose it is."""
    if life.ended or not life.known:
        return None
    return frames.encode(
        "progress",
        video_id=video_id,
        revision=life.revision,
        stage=life.stage.value,
        fraction=life.progress.fraction,
        scene_number=life.scene_number,
        scene_count=life.progress.scene_count,
        left_s=life.left_s(now_us()),
        title=life.title,
        preview=life.preview if life.preview and len(life.preview) < room else None,
    )


def _durable(received: Received) -> bool:
    return received.topic == DURABLE
