"""Topic family `feed-events`: what each viewer was shown and is taken to like."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from schemas.base import Contract, Message, Micros, Uuid, ViewerId, message


class FeedEvent(Message):
    """What every feed event carries."""

    viewer_id: ViewerId = Field(description="personal data")
    ts_us: Micros

    @property
    def key(self) -> str:
        return self.viewer_id


class Impression(Contract):
    """One video in one answer of the feed."""

    video_id: Uuid
    position: int = Field(ge=0)
    reason: str = Field(description="why it was shown: made_for_you, interest, fresh, explore")
    propensity: float = Field(1.0, gt=0, le=1, description="probability of the policy choosing it at this place")


@message("feed-events")
class FeedServed(FeedEvent):
    """A viewer got a piece of the feed."""

    items: tuple[Impression, ...] = Field(max_length=50)
    upcoming: tuple[Uuid, ...] = Field((), max_length=50, description="unseen videos that would have come next")
    policy: str


@message("feed-events")
class InterestChanged(FeedEvent):
    """What a viewer is taken to like, whole, after a swipe changed it: subject -> weight."""

    interests: dict[str, float] = Field(max_length=64)


class Outcome(StrEnum):
    """How a prefetch ended."""

    READY = "ready"
    FAILED = "failed"


@message("feed-events")
class PrefetchSettled(FeedEvent):
    """A video that was asked for ahead of a viewer is ready, or will not come."""

    video_id: Uuid
    outcome: Outcome
