"""The hub: what comes from the log goes to every client whom it concerns. One for each process.

Order: each client hears of a video in the order of its partition. Durable frames are never left out; of the progress
of a render only the newest is told. A client that does not read holds up nobody: `Sink.offer` never waits. Nor does
what is for everyone hold up what is for one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, Callable, Sequence, Set

from infra.kafka.tail import Batch
from query_api.gateway import frames, mail, metrics
from query_api.gateway.entries import Entry, Seal
from query_api.gateway.frames import Message
from query_api.gateway.journal import Heard, Journal
from query_api.gateway.limits import Limits
from query_api.gateway.members import Member, Members, Sink
from query_api.gateway.requests import Hello
from query_api.gateway.round import Round
from query_api.gateway.tokens import Cut, Signer
from query_api.identity.principal import Principal


class TooManyError(Exception):
    """This viewer has too many connections."""


class Hub:
    """Feed it batches of `journal.TOPICS` (`follow`), let clients in (`join`), and keep `run` running."""

    def __init__(self, signer: Signer | None = None, limits: Limits | None = None, seal: Seal = bytes) -> None:
        self.limits = limits or Limits()
        self.members = Members()
        self._journal = Journal(signer or Signer(), self.limits, seal)
        self._pending: list[Entry] = []
        self._told: set[Member] = set()  # those who have heard of what is pending, because it concerns them
        self._looked = 0  # up to which entry it was seen whom it concerns
        self._moving: set[str] = set()
        self._up: Callable[[], bool] = lambda: True
        self._told_live = False
        self._round: Round | None = None  # what is being delivered
        self._work = asyncio.Event()
        # A token must not overtake the frames that it stands for: one delivery at a time.
        self._delivering = asyncio.Lock()
        self._quiet_since = time.monotonic()

    @property
    def live(self) -> bool:
        """Whether clients hear of things as they happen."""
        return self._journal.caught_up and self._up()

    @property
    def token(self) -> str | None:
        """How far the log has been heard; None before it could be read."""
        return self._journal.token

    async def follow(self, tail: AsyncIterable[Batch], up: Callable[[], bool] = lambda: True) -> None:
        """Take in a tail until it ends. `up` says whether the log can be read at all."""
        self._up = up
        async for batch in tail:
            self.take(batch)

    def take(self, batch: Batch) -> None:
        """Take in what was read."""
        heard = self._journal.take(batch)
        metrics.RING.set(len(self._journal))
        if heard.resync:
            self._resync(heard.resync)
        self._queue(heard)

    def _queue(self, heard: Heard) -> None:
        """Progress has one slot for each video: what is newer takes the place of what was not told yet."""
        self._pending += heard.entries
        for video_id, unfinished in heard.moved.items():
            (self._moving.add if unfinished else self._moving.discard)(video_id)
        if self._pending or self._moving:
            self._work.set()

    def _resync(self, reason: str) -> None:
        self._pending, self._told, self._moving = [], set(), set()
        message = Message(frames.resync(reason, self.token))
        for member in self.members:
            member.after = self._journal.seq
            member.sink.offer(message)

    async def join(self, sink: Sink, hello: Hello, who: Principal | None = None) -> Member:
        """Let a client in: greet it, replay what it missed, tell how far its videos are. Raises TooManyError."""
        await self._reached(self._journal.read(hello.resume) if hello.resume else None)
        viewer_id = (who.viewer_id if who else hello.viewer_id) or ""
        if self.members.of(viewer_id) >= self.limits.connections_per_viewer:
            raise TooManyError
        # No await from here on: nothing can happen between the replay and the first live frame.
        member = Member(sink, viewer_id, self._journal.seq, set(hello.videos), hello.lobby, who or Principal(viewer_id))
        self.members.add(member)
        metrics.CONNECTIONS.set(len(self.members))
        self._greet(member, hello.resume)
        return member

    async def _reached(self, cut: Cut | None) -> None:
        """Another node may be a little further on, and this one may have just been started: wait, but not long."""
        for _ in range(round(self.limits.ahead_s / self.limits.tick_s)):
            reached = self._journal.cut
            same = cut is not None and cut.incarnation == reached.incarnation
            if cut is None or (self._journal.caught_up and not (same and cut.beyond(reached))):
                return
            await asyncio.sleep(self.limits.tick_s)

    def _greet(self, member: Member, token: str | None) -> None:
        recovery = self._journal.recover(token)
        cut = self._journal.read(token) if token else None
        missed = [frame for entry in recovery.entries if (frame := self._frame(entry, member, cut))]
        resync = recovery.resync or ("too_many" if self._too_many(missed) else None)
        if token:
            metrics.RESUMES.labels(outcome=resync or "resumed").inc()
        welcome = frames.welcome(
            # Whoever goes away between two of the frames that follow has read no further than the first of them.
            token=token if missed and not resync else self.token,
            resumed=token is not None and resync is None,
            replayed=0 if resync else len(missed),
            beat_s=self.limits.beat_s,
            live=self.live,
        )
        watched = [*sorted(member.videos), *(self._journal.unfinished() if member.lobby else ())]
        self._say(member, [welcome, *([frames.resync(resync, self.token)] if resync else missed)], watched)

    def _too_many(self, missed: Sequence[bytes]) -> bool:
        return len(missed) > self.limits.replay or sum(map(len, missed)) > self.limits.buffered // 2

    def _frame(self, entry: Entry, member: Member, cut: Cut | None) -> bytes | None:
        side = member.side(entry, self._journal.public(entry.video_id))
        return side and entry.frame(private=side == "private", token=self._journal.token_of(entry, cut))

    def _say(self, member: Member, said: Sequence[bytes], videos: Sequence[str]) -> None:
        """Something for one client, and where some videos are. What is on the way to it comes first: it is older."""
        if self._round:
            self._round.visit(member)
        told = [*said, *self._journal.state(member, videos, self.limits.buffered // 4)]
        if told:
            member.sink.offer(Message(frames.join(told)))

    def leave(self, member: Member) -> None:
        """A client is gone."""
        self.members.remove(member)
        metrics.CONNECTIONS.set(len(self.members))

    def watch(self, member: Member, video_id: str) -> None:
        """Tell a client of a video's progress, beginning with where it is now."""
        self.members.watch(member, video_id)
        self._say(member, [], [video_id])

    def unwatch(self, member: Member, video_id: str) -> None:
        """Tell it no longer."""
        self.members.unwatch(member, video_id)

    def lobby(self, member: Member, on: bool) -> None:
        """Tell a client of every starter video and of what is made ahead for others, or no longer."""
        self.members.seat(member, on)
        if on:
            self._say(member, [], self._journal.unfinished())

    async def run(self) -> None:
        """Deliver and beat, for ever."""
        # Summed when somebody asks, in this very loop: it is a look at every client.
        metrics.BUFFERED.set_function(lambda: sum(member.sink.buffered for member in self.members))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._deliver_for_ever())
            tasks.create_task(self._beat_for_ever())

    async def _deliver_for_ever(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            await self.flush()
            await self._rest()

    async def _rest(self) -> None:
        """One tick, in which what comes is gathered; but whom it concerns hears of the first at once."""
        end = time.monotonic() + self.limits.tick_s
        while (left := end - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._work.wait()
            except TimeoutError:
                break
            self._work.clear()
            self._hurry(waiting=self._told)
        if self._pending or self._moving:
            self._work.set()

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(min(1.0, self.limits.beat_s))
            quiet = time.monotonic() - self._quiet_since >= self.limits.beat_s
            if quiet or self.live != self._told_live:
                await self.beat()

    async def flush(self) -> None:
        """Deliver what waits."""
        async with self._delivering:
            pending, self._pending = self._pending, []
            told, self._told = self._told, set()
            self._looked = self._journal.seq
            moving, self._moving = self._moving, set()
            progress = [one for name in moving for one in self._journal.moving(name)]
            post = mail.sort(pending, progress, self.members, self._journal.public, told)
            if post.common:
                self._quiet_since = time.monotonic()
            await self._post(post, [entry.timestamp_ms for entry in pending])

    async def beat(self) -> None:
        """Tell every client that the token moves on, and whether the log is being read."""
        async with self._delivering:
            self._told_live, self._quiet_since = self.live, time.monotonic()
            token = None if self._pending else self.token
            await self._post(mail.Mail(Message(frames.beat(token, self.live))))

    async def _post(self, post: mail.Mail, appended_ms: Sequence[int] = ()) -> None:
        """Write in slices, so that thousands of clients do not hold up the loop, or one another."""
        turns = self._round = Round(post, self.members)
        while turns:
            metrics.delivered(turns.go(self.limits.slice), appended_ms)
            await asyncio.sleep(0)
            self._hurry()

    def _hurry(self, waiting: Set[Member] = frozenset()) -> None:
        """What just came is told at once to those whom it concerns, unless they can wait.

        They are told all that waits, in its order: a token must not overtake the frames that it stands for.
        """
        news = [entry for entry in self._pending if entry.seq > self._looked]
        self._looked = self._journal.seq
        concerned = {member for entry in news for member in self.members.concerned(entry)} - waiting
        if not 0 < len(concerned) <= self.limits.slice:
            return
        letters = mail.Letters(self._pending, self.members, self._journal.public)
        for member in concerned:
            if self._round:
                self._round.visit(member)
            if told := letters.to(member):
                member.sink.offer(Message(frames.join(told)))
            member.after = self._pending[-1].seq
        self._told |= concerned
        metrics.delivered(len(concerned), [entry.timestamp_ms for entry in news])
