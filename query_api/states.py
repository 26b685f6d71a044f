"""What state a video is in, told from which cells are there: the order of their arrival does not matter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from query_api.readmodel.store import Row
from schemas.cards import VideoCard
from schemas.works import Cost


class Status(StrEnum):
    """Where a video is in its life."""

    SUBMITTED = "submitted"  #: asked for; the gate has not looked at it yet
    ACCEPTED = "accepted"  #: a script is being written
    SCRIPTED = "scripted"  #: no scene is finished yet
    RENDERING = "rendering"  #: some scenes are finished
    ASSEMBLING = "assembling"  #: all scenes are finished
    PUBLISHED = "published"
    REJECTED = "rejected"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    DROPPED = "dropped"  #: given up before it was finished: another revision took its place, or an operator said so

    @property
    def is_final(self) -> bool:
        """Nothing more will happen by itself."""
        return self in _FINAL.values()


class StageTime(BaseModel):
    """A step of the way, and when it was done."""

    stage: Status = Field(description="the state that the video reached")
    at: datetime


class SceneState(BaseModel):
    """A scene, and what is there of it."""

    scene_number: int
    voiced_at: datetime | None = None
    rendered_at: datetime | None = None
    duration_ms: int | None = None
    backend: str | None = None
    model: str | None = None
    stopped_at: datetime | None = Field(None, description="when work on it was given up: nobody wanted it any more")
    stopped_fraction: float | None = Field(None, description="how far it was then, from 0 to 1")


class VideoState(BaseModel):
    """A video, whatever state it is in."""

    video_id: str
    revision: int = 1
    status: Status
    prompt: str | None = None
    origin: str | None = None
    flavor: str | None = None
    archetype: str | None = None
    title: str | None = None
    subject: str | None = None
    stages: list[StageTime] = Field(default_factory=list, description="in the order in which they were reached")
    scene_count: int | None = None
    scenes: list[SceneState] = Field(default_factory=list)
    cost: Cost = Field(default_factory=Cost, description="so far, of every stage")
    card: VideoCard | None = Field(None, description="there once the video is published")
    reason: str | None = Field(None, description="why it will not appear, or no longer does")
    error: str | None = Field(None, description="class of the error, or category of the rejection")
    failed_stage: str | None = None
    links: dict[str, str] = Field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Nothing more will happen by itself."""
        return self.status.is_final

    def shown(self) -> VideoState:
        """What everyone may know of a published video: what it shows, not how it came to be."""
        names = ("video_id", "revision", "status", "flavor", "archetype", "title", "subject", "card")
        return VideoState(
            **{name: getattr(self, name) for name in names},
            links={name: link for name, link in self.links.items() if name in ("self", "download")},
        )


def links(video_id: str) -> dict[str, str]:
    """Where to read on."""
    return {"self": f"/v1/videos/{video_id}", "events": f"/v1/videos/{video_id}/events"}


def state(revisions: Sequence[Row], scenes: Sequence[Row]) -> VideoState | None:
    """The state of the revision that viewers see; where there is none, of the first, or of what took its place. None
    for no rows."""
    if not revisions:
        return None
    revisions = _with_withdrawal(revisions)
    row = _overtaking(max(revisions, key=lambda one: (_shown_us(one), -one["revision"])), revisions)
    own = [scene for scene in scenes if scene["revision"] == row["revision"]]
    return VideoState(
        video_id=row["video_id"],
        revision=row["revision"],
        status=status(row, own),
        prompt=row["prompt"],
        origin=row["origin"],
        flavor=row["flavor"],
        archetype=row["archetype"] or row["wanted_archetype"],
        title=row["title"],
        subject=row["subject"] or row["wanted_subject"],
        stages=stages(row, own),
        scene_count=row["scene_count"],
        scenes=[_scene(scene) for scene in own],
        cost=cost_of(row, own),
        card=VideoCard.model_validate_json(row["card"]) if row["card"] else None,
        **ending(row),
        links=links(row["video_id"]),
    )


def _overtaking(row: Row, revisions: Sequence[Row]) -> Row:
    """The revision that is made in place of one that was dropped. Until it is known, that one is not over for those who
    wait for the video."""
    known = {one["revision"]: one for one in revisions}
    while _ended(row) is Status.DROPPED and row["overtaken_by"]:
        later = known.get(max(row["overtaken_by"], row["revision"] + 1))
        if later is None:
            return row | {"dropped_us": None}
        row = later
    return row


def live_revision(rows: Sequence[Row]) -> int | None:
    """The revision that viewers see; None: none of them yet."""
    seen = {_shown_us(row): row["revision"] for row in _with_withdrawal(rows) if _shown_us(row)}
    return seen[max(seen)] if seen else None


def _with_withdrawal(revisions: Sequence[Row]) -> list[Row]:
    """A withdrawal is of the video: it holds for all revisions up to the one that it names."""
    last = max((row for row in revisions if row["withdrawn_us"]), key=lambda row: int(row["revision"]), default=None)
    if last is None:
        return list(revisions)
    cells = {name: last[name] for name in ("withdrawn_us", "withdrawal")}
    return [row if row["withdrawn_us"] or row["revision"] > last["revision"] else {**row, **cells} for row in revisions]


def _shown_us(row: Row) -> int:
    """Since when viewers see a revision; 0 for a candidate, for one that is being made, and for one taken away."""
    first = row["published_us"] if row["revision"] == 1 else 0
    return 0 if row["withdrawn_us"] else row["promoted_us"] or first or 0


def status(row: Row, scenes: Sequence[Row]) -> Status:
    """The state of one revision. A video that was published is published, whatever failed on the way."""
    if reached := _ended(row):
        return reached
    done = sum(1 for scene in scenes if scene["rendered_us"])
    if row["scene_count"] and done >= row["scene_count"]:
        return Status.ASSEMBLING
    if done or any(scene["voiced_us"] for scene in scenes):
        return Status.RENDERING
    return next((reached for cell, reached in _UNDER_WAY.items() if row[cell]), Status.SUBMITTED)


def _ended(row: Row) -> Status | None:
    """How a revision ended; None while it has not."""
    return next((reached for cell, reached in _FINAL.items() if row[cell]), None)


_FINAL = {
    "withdrawn_us": Status.WITHDRAWN,
    "published_us": Status.PUBLISHED,
    "dropped_us": Status.DROPPED,
    "rejected_us": Status.REJECTED,
    "failed_us": Status.FAILED,
}
_UNDER_WAY = {"scripted_us": Status.SCRIPTED, "accepted_us": Status.ACCEPTED, "submitted_us": Status.SUBMITTED}


def stages(row: Row, scenes: Sequence[Row]) -> list[StageTime]:
    """What was reached, and when."""
    reached = {stage: row[cell] for cell, stage in {**_UNDER_WAY, **_FINAL}.items() if row[cell]}
    rendered = [scene["rendered_us"] for scene in scenes if scene["rendered_us"]]
    if rendered:
        reached[Status.RENDERING] = min(rendered)
    if row["scene_count"] and len(rendered) >= row["scene_count"]:
        reached[Status.ASSEMBLING] = max(rendered)
    return [StageTime(stage=stage, at=moment(at)) for stage, at in sorted(reached.items(), key=lambda pair: pair[1])]


def moment(ts_us: int) -> datetime:
    """Microseconds since the epoch as a time."""
    return datetime.fromtimestamp(ts_us / 1_000_000, UTC)


def _scene(row: Row) -> SceneState:
    return SceneState(
        scene_number=row["scene_number"],
        voiced_at=moment(row["voiced_us"]) if row["voiced_us"] else None,
        rendered_at=moment(row["rendered_us"]) if row["rendered_us"] else None,
        duration_ms=row["rendered_ms"] or row["voiced_ms"],
        backend=row["backend"],
        model=row["model"],
        stopped_at=moment(row["stopped_us"]) if row["stopped_us"] else None,
        stopped_fraction=row["stopped_fraction"],
    )


def cost_of(row: Row, scenes: Sequence[Row]) -> Cost:
    """The whole once it is known, else the sum of what was reported; and what was thrown away, which is paid, too."""
    parts = [row["cost"]] if row["cost"] else [row["script_cost"], *_cells(scenes, "voice_cost", "scene_cost")]
    thrown = [row["stopped_cost"], *_cells(scenes, "stopped_cost")]
    return sum((Cost.model_validate_json(part) for part in (*parts, *thrown) if part), Cost())


def _cells(scenes: Sequence[Row], *names: str) -> list[str | None]:
    return [scene[name] for scene in scenes for name in names]


def ending(row: Row) -> dict[str, str | None]:
    """Why a revision will not appear, or no longer does; empty while neither is so."""
    if _ended(row) is Status.DROPPED:
        return {"reason": row["drop_reason"] or f"{row['dropped_by']} dropped it.", "error": None}
    for cell in ("withdrawal", "rejection", "failure"):
        if row[cell] and (cell == "withdrawal" or not row["published_us"]):
            return _told(json.loads(row[cell]))
    return {}


def _told(why: dict[str, Any]) -> dict[str, str | None]:
    error = why.get("error") or why.get("category")
    return {"reason": why["reason"], "error": error, "failed_stage": why.get("stage")}
