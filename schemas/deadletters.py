"""Topic family `dead-decisions`: what operators decided about dead letters, who they were, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Message, Micros, message


class Action(StrEnum):
    """What becomes of a dead letter."""

    REDRIVEN = "redriven"
    DISCARDED = "discarded"


Letter = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}/[0-9]+/[0-9]+$")]


@message("dead-decisions")
class DeadLetterDecided(Message):
    """A dead letter was sent back to its consumer, or given up. It is not listed any more."""

    letter: Letter = Field(description="consumer, partition and offset in the dead-letter topic")
    failed_at_ms: int = Field(ge=0, description="when it died: tells it from a letter of an earlier topic")
    action: Action
    by: str = Field(min_length=1, max_length=200, description="who decided")
    why: str = Field("", max_length=2000)
    edited: bool = Field(False, description="the value was changed before it was sent back")
    ts_us: Micros

    @property
    def key(self) -> str:
        return self.letter
