"""The hub: what comes from the log goes to every client whom it concerns. One for each process.

Order: each client hears of a video in the order of its partition. Durable frames are never left out; of the progress
of a render only the newest is told. A client that does not read holds up nobody: `Sink.offer` never waits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, Callable
from dataclasses import replace

from infra.kafka.records import Received
from infra.kafka.tail import Batch
from infra.telemetry import logs
from query_api.gateway import entries, frames, mail, metrics
from query_api.gateway.frames import Message
from query_api.gateway.limits import Limits
from query_api.gateway.lives import Life, Lives
from query_api.gateway.members import Member, Members, Sink
from query_api.gateway.recovery import Recovery, recover
from query_api.gateway.requests import Hello
from query_api.gateway.ring import Ring
from query_api.gateway.tokens import Cut, Signer
from schemas.progress import RenderProgress
from schemas.videos import VideoEvent

log = logs.get("gateway.hub")

#: What the hub reads. Tokens are positions in the first alone: progress is told anew, never replayed.
DURABLE, MOVING = "video-events", "render-progress"
TOPICS = (DURABLE, MOVING)


class TooManyError(Exception):
    """This viewer has too many connections."""


class Hub:
    """Feed it batches (`follow`), let clients in (`join`), and keep `run` running."""

    def __init__(self, signer: Signer | None = None, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.members = Members()
        self._signer = signer or Signer()
        self._ring = Ring(self.limits.ring, self.limits.ring_bytes)
        self._lives = Lives(self.limits.lives)
        self._incarnation = ""
        self._positions: dict[int, int] = {}
        self._seq = 0
        self._pending: list[entries.Entry] = []
        self._moving: set[str] = set()
        self._caught_up = False
        self._up: Callable[[], bool] = lambda: True
        self._told_live = False
        self._work = asyncio.Event()
        # A token must not overtake the frames that it stands for: one delivery at a time.
        self._delivering = asyncio.Lock()
        self._quiet_since = time.monotonic()

    @property
    def live(self) -> bool:
        """Whether clients hear of things as they happen."""
        return self._caught_up and self._up()

    @property
    def cut(self) -> Cut:
        """How far the log has been read."""
        return Cut(self._incarnation, tuple(self._positions[number] for number in sorted(self._positions)))

    @property
    def token(self) -> str | None:
        """The token of `cut`; None before the log could be read."""
        return self._signer.sign(self.cut) if self._caught_up else None

    async def follow(self, tail: AsyncIterable[Batch], up: Callable[[], bool] = lambda: True) -> None:
        """Take in a tail of TOPICS until it ends. `up` says whether the log can be read at all."""
        self._up = up
        async for batch in tail:
            self.take(batch)

    def take(self, batch: Batch) -> None:
        """Take in what was read."""
        if batch.broken or batch.incarnation.name != self._incarnation:
            self._begin(batch)
        for received in batch.records:
            self._hear_safely(received)
        self._advance(batch)
        if batch.caught_up and not self._caught_up:
            self._caught_up = True
            self._resync("started")
        metrics.RING.set(len(self._ring))

    def _begin(self, batch: Batch) -> None:
        """Offsets mean something else than before, or some were missed."""
        first = not self._incarnation
        self._incarnation, self._positions = batch.incarnation.name, {}
        self._advance(batch)
        # `positions` are those after the batch; what is in it has not been heard yet.
        self._positions |= {record.partition: record.offset for record in reversed(batch.records) if _durable(record)}
        self._ring.start(self._positions)
        self._lives.clear()
        if not first:
            self._resync("log")

    def _advance(self, batch: Batch) -> None:
        self._positions |= {number: at for (topic, number), at in batch.positions.items() if topic == DURABLE}

    def _hear_safely(self, received: Received) -> None:
        try:
            self._hear(received)
        except Exception:  # one record must not stop the feed; it would come again after every restart
            log.exception("not told", topic=received.topic, partition=received.partition, offset=received.offset)

    def _hear(self, received: Received) -> None:
        event = received.envelope.data
        if not isinstance(event, VideoEvent | RenderProgress):
            return
        before = self._lives.get(event.video_id) or Life()
        life = before.after(event)
        entry = self._note(received) if _durable(received) else None
        if life is not before:
            self._lives.set(event.video_id, replace(life, last=entry) if life.ended else life)
            self._moved(event.video_id, life)

    def _note(self, received: Received) -> entries.Entry | None:
        self._positions[received.partition] = received.offset + 1
        entry = entries.entry(received, self._seq + 1, self._signer.sign(self.cut))
        if entry is not None:
            self._seq = entry.seq
            self._ring.add(entry)
            if self._caught_up:
                self._pending.append(entry)
                self._work.set()
        return entry

    def _moved(self, video_id: str, life: Life) -> None:
        """Progress has one slot for each video: what is newer takes the place of what was not told yet."""
        if life.ended:
            self._moving.discard(video_id)
        elif self._caught_up:
            self._moving.add(video_id)
            self._work.set()

    async def join(self, sink: Sink, hello: Hello) -> Member:
        """Let a client in: greet it, replay what it missed, tell how far its videos are. Raises TooManyError."""
        cut = self._signer.read(hello.resume) if hello.resume else None
        await self._reached(cut)
        if self.members.of(hello.viewer_id) >= self.limits.connections_per_viewer:
            raise TooManyError
        # No await from here on: nothing can happen between the replay and the first live frame.
        member = Member(sink, hello.viewer_id, self._seq, set(hello.videos), hello.lobby)
        self.members.add(member)
        metrics.CONNECTIONS.set(len(self.members))
        self._greet(member, recover(self._ring, self.cut, cut, hello.resume, self._caught_up), bool(hello.resume))
        return member

    def leave(self, member: Member) -> None:
        """A client is gone."""
        self.members.remove(member)
        metrics.CONNECTIONS.set(len(self.members))

    def watch(self, member: Member, video_id: str) -> None:
        """Tell a client of a video's progress, beginning with where it is now."""
        self.members.watch(member, video_id)
        self._say(member, self._state(member, [video_id]))

    def unwatch(self, member: Member, video_id: str) -> None:
        """Tell it no longer."""
        self.members.unwatch(member, video_id)

    def lobby(self, member: Member, on: bool) -> None:
        """Tell a client of every starter video, or no longer."""
        self.members.seat(member, on)
        if on:
            self._say(member, self._state(member, self._lives.unfinished()))

    async def run(self) -> None:
        """Deliver and beat, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._deliver_for_ever())
            tasks.create_task(self._beat_for_ever())

    async def flush(self) -> None:
        """Deliver what waits."""
        async with self._delivering:
            pending, self._pending = self._pending, []
            moving, self._moving = self._moving, set()
            progress = {name: frame for name in moving if (frame := self._progress(name))}
            if pending:
                self._quiet_since = time.monotonic()
            post = mail.sort(pending, progress, self.members, self._public)
            await self._post(post, [entry.timestamp_ms for entry in pending])

    async def _post(self, post: mail.Mail, appended_ms: list[int]) -> None:
        receivers = list(self.members) if post.common else list(post.special)
        for start in range(0, len(receivers), self.limits.slice):
            sent = 0
            for member in receivers[start : start + self.limits.slice]:
                if message := post.to(member):
                    member.sink.offer(message)
                    sent += 1
            self._count(sent, appended_ms)
            await asyncio.sleep(0)

    @staticmethod
    def _count(sent: int, appended_ms: list[int]) -> None:
        metrics.DELIVERIES.inc(sent)
        now = time.time()
        for at in appended_ms:
            metrics.PUSH_SECONDS.observe(max(0.0, now - at / 1000))

    async def _deliver_for_ever(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            await self.flush()
            await asyncio.sleep(self.limits.tick_s)

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(min(1.0, self.limits.beat_s))
            metrics.BUFFERED.set(sum(member.sink.buffered for member in self.members))
            quiet = time.monotonic() - self._quiet_since >= self.limits.beat_s
            if quiet or self.live != self._told_live:
                await self.beat()

    async def beat(self) -> None:
        """Tell every client that the token moves on, and whether the log is being read."""
        async with self._delivering:
            self._told_live, self._quiet_since = self.live, time.monotonic()
            token = None if self._pending else self.token
            await self._post(mail.Mail(Message(frames.beat(token, self.live))), [])

    async def _reached(self, cut: Cut | None) -> None:
        """Another node may be a little further on: wait for it, but not long."""
        for _ in range(round(self.limits.ahead_s / self.limits.tick_s)):
            if cut is None or cut.incarnation != self._incarnation or not cut.beyond(self.cut):
                return
            await asyncio.sleep(self.limits.tick_s)

    def _greet(self, member: Member, recovery: Recovery, came_back: bool) -> None:
        missed = [frame for entry in recovery.entries if (frame := self._frame(entry, member))]
        resync = recovery.resync or ("too_many" if self._too_many(missed) else None)
        if resync:
            missed = [frames.resync(resync, self.token)]
        if came_back:
            metrics.RESUMES.labels(outcome=resync or "resumed").inc()
        replayed = 0 if resync else len(missed)
        welcome = frames.welcome(
            token=self.token,
            resumed=came_back and not resync,
            replayed=replayed,
            beat_s=self.limits.beat_s,
            live=self.live,
        )
        watched = sorted(member.videos) + (self._lives.unfinished() if member.lobby else [])
        self._say(member, [welcome, *missed, *self._state(member, watched)])

    def _too_many(self, missed: list[bytes]) -> bool:
        return len(missed) > self.limits.replay or sum(map(len, missed)) > self.limits.buffered // 2

    def _frame(self, entry: entries.Entry, member: Member) -> bytes | None:
        return entry.frame(private=member in self.members.concerned(entry, self._public(entry.video_id)))

    def _state(self, member: Member, videos: list[str]) -> list[bytes]:
        """Where videos are now: how far, or how it ended."""
        told, room = [], self.limits.buffered // 4
        for video_id in videos:
            if frame := self._ended(member, video_id) or self._progress(video_id, room):
                told.append(frame)
                room -= len(frame)
        return told

    def _ended(self, member: Member, video_id: str) -> bytes | None:
        life = self._lives.get(video_id)
        if life is None or life.last is None:
            return None
        mine = life.last.owner == member.viewer_id
        return life.last.private if mine or life.last.public is None else life.last.public

    def _progress(self, video_id: str, room: int = 65_536) -> bytes | None:
        """The newest progress; its preview only where it fits into `room` bytes."""
        life = self._lives.get(video_id)
        if life is None or life.ended:
            return None
        return frames.encode(
            "progress",
            video_id=video_id,
            revision=life.revision,
            stage=life.stage.value,
            fraction=life.progress.fraction,
            scene_number=life.scene_number,
            scene_count=life.progress.scene_count,
            title=life.title,
            preview=life.preview if life.preview and len(life.preview) < room else None,
        )

    def _public(self, video_id: str) -> bool:
        life = self._lives.get(video_id)
        return life is not None and life.public

    def _resync(self, reason: str) -> None:
        self._pending, self._moving = [], set()
        message = Message(frames.resync(reason, self.token))
        for member in self.members:
            member.after = self._seq
            member.sink.offer(message)

    def _say(self, member: Member, said: list[bytes]) -> None:
        if said:
            member.sink.offer(Message(frames.join(said)))


def _durable(received: Received) -> bool:
    return received.topic == DURABLE
