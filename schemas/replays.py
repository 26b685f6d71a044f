"""Topic family `replays`: each replay is itself a history: who, why, which records, how far, and how it ended."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Contract, Message, Micros, Slug, Uuid, ViewerId, message
from schemas.prompts import Changes, Operator, Why
from schemas.works import Cost

Topic = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,249}$")]


class Selection(Contract):
    """Which records a replay reads, and which videos it concerns. What is not set does not narrow it."""

    topics: tuple[Topic, ...] = Field(("prompts", "video-events"), min_length=1, max_length=10)
    since_ms: int | None = Field(None, ge=0, description="records from this time on")
    until_ms: int | None = Field(None, ge=0, description="records before this time")
    first_offset: int | None = Field(None, ge=0, description="in every partition")
    last_offset: int | None = Field(None, ge=0, description="in every partition; itself included")
    types: tuple[str, ...] = ()
    viewer_id: ViewerId | None = Field(None, description="personal data: videos made for, and records of, this viewer")
    videos: tuple[Uuid, ...] = Field((), max_length=1000)
    flavor: Slug | None = None
    model: str | None = Field(None, max_length=200, description="drew at least one scene of the video")
    failure: str | None = Field(None, max_length=200, description="class, stage, or part of the reason")


class ReplayEvent(Message):
    """What every event of a replay carries. `ts_us` rises with each event of one replay."""

    replay_id: Uuid
    ts_us: Micros

    @property
    def key(self) -> str:
        return self.replay_id


@message("replays")
class ReplayStarted(ReplayEvent):
    """An operator began a replay. Its range ends where the log ended then, so that it means the same when resumed."""

    operator: Operator
    reason: Why
    selection: Selection
    regenerate: bool = Field(description="make new revisions; otherwise it only reads and counts")
    changes: Changes = Changes()
    rate: float = Field(gt=0, le=10_000, description="requests a second, at most")
    budget: float | None = Field(None, ge=0, description="estimated cost of all requests, at most, in `currency`")
    currency: str = "USD"
    records: int = Field(ge=0)
    videos: int = Field(ge=0, description="that it concerns")
    estimate: Cost = Field(description="what they cost when they were made")


@message("replays")
class ReplayProgressed(ReplayEvent):
    """So many of its videos have been asked for, or passed over, since it began."""

    requested: int = Field(ge=0)
    skipped: int = Field(ge=0)
    videos: int = Field(ge=0)
    committed: Cost = Field(description="the estimate of what was requested")


@message("replays")
class ReplayPaused(ReplayEvent):
    """It stands still and can be resumed."""

    by: Operator
    why: Why


@message("replays")
class ReplayResumed(ReplayEvent):
    """It goes on where it stood."""

    by: Operator
    budget: float | None = Field(None, ge=0, description="a new budget, in place of the one before")


@message("replays")
class ReplayCancelled(ReplayEvent):
    """It will never go on. What it asked for before is still made."""

    by: Operator
    why: Why


@message("replays")
class ReplayFinished(ReplayEvent):
    """Everything that it concerns has been asked for or passed over."""

    requested: int = Field(ge=0)
    skipped: int = Field(ge=0)
    committed: Cost
