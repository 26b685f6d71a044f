"""Topic family `projections`: versions of the read model: who built, checked, promoted and dropped them, and why."""

from __future__ import annotations

from pydantic import Field

from schemas.base import Message, Micros, Slug, message
from schemas.prompts import Operator, Why


class ProjectionEvent(Message):
    """What every event of a version carries.

    `ts_us` rises with each event of one projection: an event that is not above the one before it was decided without
    knowing of that one, and does not count.
    """

    projection: Slug = Field(description="the keyspace of its first version, as the settings name it")
    version: int = Field(ge=1, le=9_999)
    by: Operator
    ts_us: Micros

    @property
    def key(self) -> str:
        return self.projection


@message("projections")
class ProjectionRebuildStarted(ProjectionEvent):
    """A new version of the tables is filled from the beginning of the log, beside the one that is read."""

    why: Why
    records: int = Field(ge=0, description="that the log held then")


@message("projections")
class ProjectionRebuilt(ProjectionEvent):
    """A version has caught up with the log, and can be promoted."""

    records: int = Field(ge=0, description="read by this run")
    unreadable: int = Field(ge=0, description="records passed over: they are in the dead letters of the projector")
    seconds: float = Field(ge=0)


@message("projections")
class ProjectionVerified(ProjectionEvent):
    """A version was compared with another one, or keys of it with a serial fold of the log."""

    against: int | None = Field(ge=1, description="the other version; none: the fold of the log")
    rows: int = Field(ge=0, description="that were compared")
    different: int = Field(ge=0, description="rows that are not the same, or are missing on one side")


@message("projections")
class ProjectionPromoted(ProjectionEvent):
    """From now on every reader uses this version."""

    before: int = Field(ge=1, description="the version that was read until then; it is kept")
    why: Why


@message("projections")
class ProjectionRolledBack(ProjectionEvent):
    """From now on every reader uses this version again."""

    before: int = Field(ge=1, description="the version that was given up; it is kept")
    why: Why


@message("projections")
class ProjectionDropped(ProjectionEvent):
    """The tables of this version are gone."""

    why: Why
