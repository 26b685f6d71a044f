"""Topic family `swipes`: what viewers do with what they see."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Contract, Message, Micros, Uuid, ViewerId, message


class Action(StrEnum):
    """What a viewer did."""

    WATCHED = "watched"  #: left a video after watching it for `watched_ms`
    SKIPPED = "skipped"  #: swiped away at once
    LIKED = "liked"
    UNLIKED = "unliked"
    SHARED = "shared"
    NOT_INTERESTED = "not_interested"
    REPORTED = "reported"


class ReportReason(StrEnum):
    """Why a viewer reports a video."""

    VIOLENCE = "violence"
    HATE = "hate"
    SEXUAL = "sexual"
    SELF_HARM = "self_harm"
    MISLEADING = "misleading"
    SPAM = "spam"
    COPYRIGHT = "copyright"
    PRIVACY = "privacy"
    OTHER = "other"


class Report(Contract):
    """What a viewer says about a video that they report."""

    reason: ReportReason
    detail: Annotated[str, StringConstraints(max_length=1000)] = ""


@message("swipes")
class SwipeRecorded(Message):
    """A viewer watched, skipped, liked … a video.

    `subject` and `archetype` are what the video was about, stamped when the swipe was accepted: interests can then be
    computed from this topic alone.
    """

    viewer_id: ViewerId = Field(description="personal data")
    video_id: Uuid
    action: Action
    watched_ms: int = Field(0, ge=0, le=3_600_000)
    duration_ms: int = Field(0, ge=0, le=3_600_000, description="of the video; 0 when unknown")
    position: int | None = Field(None, ge=0, description="place in the feed when it was shown")
    subject: Annotated[str, StringConstraints(max_length=120)] | None = None
    archetype: Annotated[str, StringConstraints(max_length=48)] | None = None
    report: Report | None = Field(None, description="where the action is `reported`, if they said why")
    ts_us: Micros

    @property
    def key(self) -> str:
        return self.viewer_id
