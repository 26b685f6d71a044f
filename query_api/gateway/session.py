"""One client's conversation: a state machine without I/O. Messages go in, commands come out."""

from __future__ import annotations

from dataclasses import dataclass

from query_api.gateway import frames
from query_api.gateway.codes import Code
from query_api.gateway.limits import Limits
from query_api.gateway.requests import Hello, Lobby, MalformedError, Refresh, Request, Unwatch, Watch, read


@dataclass(frozen=True, slots=True)
class Say:
    """Send this frame to the client."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class End:
    """Close the connection."""

    code: Code
    reason: str


Command = Hello | Watch | Unwatch | Lobby | Refresh | Say | End


class Session:
    """Reads a client's messages. After `End` it says nothing more."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._greeted = self._ended = False
        self._errors = 0
        self._videos: set[str] = set()
        self._credit, self._counted_at = limits.frames_per_s * 3, now

    def receive(self, data: str | bytes, now: float) -> list[Command]:
        """What follows from a message that arrived at `now` (seconds of any steady clock)."""
        if self._ended:
            return []
        if not self._in_time(now):
            return [self._end(Code.TOO_FAST, "too many messages")]
        try:
            request = read(data)
        except MalformedError as error:
            return self._malformed(error)
        return self._first(request) if not self._greeted else self._later(request)

    def late(self) -> list[Command]:
        """The time for the hello is over."""
        return [] if self._greeted or self._ended else [self._end(Code.NO_HELLO, "no hello came")]

    def _first(self, request: Request) -> list[Command]:
        if not isinstance(request, Hello):
            return [self._end(Code.BAD_HELLO, "the first message must be a hello")]
        if len(set(request.videos)) > self._limits.videos:
            return [self._end(Code.BAD_HELLO, f"at most {self._limits.videos} videos can be watched")]
        self._greeted = True
        self._videos = set(request.videos)
        return [request]

    def _later(self, request: Request) -> list[Command]:
        if isinstance(request, Hello):
            return self._malformed(MalformedError("hello_again", "the connection has been greeted already"))
        if isinstance(request, Unwatch):
            self._videos.discard(request.video_id)
        if isinstance(request, Watch):
            return self._watch(request)
        return [request]

    def _watch(self, request: Watch) -> list[Command]:
        if len(self._videos | {request.video_id}) > self._limits.videos:
            detail = f"at most {self._limits.videos} videos can be watched"
            return [Say(frames.error("too_many_videos", detail))]
        self._videos.add(request.video_id)
        return [request]

    def _malformed(self, error: MalformedError) -> list[Command]:
        self._errors += 1
        said = Say(frames.error(error.code, str(error)[:200]))
        if not self._greeted:
            return [said, self._end(Code.BAD_HELLO, error.code)]
        if self._errors > self._limits.errors:
            return [said, self._end(Code.MALFORMED, error.code)]
        return [said]

    def _in_time(self, now: float) -> bool:
        rate = self._limits.frames_per_s
        self._credit = min(rate * 3, self._credit + (now - self._counted_at) * rate)
        self._counted_at = now
        self._credit -= 1
        return self._credit >= 0

    def _end(self, code: Code, reason: str) -> End:
        self._ended = True
        return End(code, reason)
