"""What clients get."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from query_api.states import Status
from schemas.cards import VideoCard


class PromptAnswer(BaseModel):
    """The prompt was taken in; the video is on its way."""

    video_id: str
    status: Status
    links: dict[str, str]


class FeedAnswer(BaseModel):
    """The next videos of a feed."""

    items: list[VideoCard]
    cursor: str = Field(description="send it back to get the videos after these")


class SwipesAnswer(BaseModel):
    """The swipes were taken in."""

    accepted: int


class EventAnswer(BaseModel):
    """One event in the story of a video."""

    id: str
    type: str
    version: int
    time: datetime
    ts_us: int
    since_ms: float = Field(description="after the event before it, in milliseconds")
    source: str
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None
    record: str = Field(description="where it stands in the log: topic/partition/offset")
    data: dict[str, Any]


class EventsAnswer(BaseModel):
    """The story of a video, in order."""

    video_id: str
    events: list[EventAnswer]


class FlavorAnswer(BaseModel):
    """A preset that prompts can ask for."""

    name: str
    title: str
    description: str
    language: str
    format: str = Field(description="width x height in pixels")
    target_seconds: float = Field(description="length aimed for when the prompt does not say")
    prompt_characters: int = Field(description="longest prompt")
    archetypes: list[str] = Field(description="those to choose from; empty: all")
    generates: bool = Field(description="a generative model makes its pictures: it may take styles and guidance")
    styles: dict[str, float] = Field(description="LoRAs that it uses, and how strong each is; its model may have more")
    guidance: float | None = Field(description="how closely its model keeps to the prompt; null: the model's own")


class FlavorsAnswer(BaseModel):
    """Every flavor."""

    flavors: list[FlavorAnswer]


class PartAnswer(BaseModel):
    """A part of the system, and how it is."""

    name: str
    ok: bool
    detail: str
    lag: int | None = Field(None, description="records that are not in the read model yet")
    needed: bool = Field(True, description="false: requests are served without it, and what it does comes later")


class ReadyAnswer(BaseModel):
    """Whether requests can be served."""

    ready: bool
    parts: list[PartAnswer]
