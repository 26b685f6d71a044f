"""The websocket gateway as clients meet it: every message they may send, every frame they may get, as models.

These describe protocol 1 for the documents alone, the gateway has its own code:
`tests/contract/test_gateway_documents.py` keeps the two the same.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from schemas.base import Uuid, ViewerId
from schemas.cards import VideoCard

PATH = "/v1/live"

#: A bearer token, as the HTTP API takes it.
Access = Annotated[str, StringConstraints(min_length=1, max_length=8192)]
#: A field that may be left out, and is never null.
Absent = SkipJsonSchema[None]
Token = Annotated[str, Field(description="opaque; give the newest one to `hello.resume` after a reconnect")]
Place = Annotated[
    tuple[int, ...], Field(min_length=2, max_length=2, description="partition and offset in `video-events`")
]


class Hello(BaseModel):
    """The first message. `access` says who asks, `resume` is the newest token that the client has seen."""

    type: Literal["hello"]
    viewer_id: ViewerId | None = Field(None, description="may be left out where `access` says it")
    access: Access | None = None
    resume: Annotated[str, StringConstraints(max_length=512)] | None = None
    videos: tuple[Uuid, ...] = Field((), max_length=256)
    lobby: bool = Field(False, description="whether the client is short of videos: see `lobby`")


class Watch(BaseModel):
    """Tell the progress of a video."""

    type: Literal["watch"]
    video_id: Uuid


class Unwatch(BaseModel):
    """Tell it no longer."""

    type: Literal["unwatch"]
    video_id: Uuid


class Lobby(BaseModel):
    """Tell (or no longer tell) the progress of starter videos, and of each video that was made ahead for another
    viewer: what a client needs that is short of videos."""

    type: Literal["lobby"]
    on: bool = True


class Refresh(BaseModel):
    """Go on with this token of `POST /v1/sessions`: the one of before is about to expire."""

    type: Literal["refresh"]
    access: Access


class Frame(BaseModel):
    """What every frame may carry."""

    token: Token | Absent = None


class WelcomeFrame(Frame):
    """The answer to a hello."""

    type: Literal["welcome"]
    protocol: Literal[1]
    resumed: bool = Field(description="nothing was missed: what follows are the frames since the token")
    replayed: int = Field(description="how many frames follow from before this connection")
    beat_s: float = Field(description="a beat comes at least this often, in seconds, while nothing else does")
    live: bool = Field(description="false while the event log is not being read")


class ResyncFrame(Frame):
    """Frames are missing: fetch the feed again and go on with this token."""

    type: Literal["resync"]
    reason: str = Field(description="started, token, log, ahead, expired, too_many")


class BeatFrame(Frame):
    """Nothing has happened; the token moves on all the same."""

    type: Literal["beat"]
    live: bool


class ErrorFrame(BaseModel):
    """The client's last message was not understood."""

    type: Literal["error"]
    code: str
    detail: str


class EventFrame(Frame):
    """What every frame about an event carries."""

    video_id: Uuid
    at: Place


class VideoFrame(EventFrame):
    """A video can be watched."""

    type: Literal["video"]
    card: VideoCard
    audience: Literal["you", "another", "everyone"] = Field(
        description="for whom it was made; `another` is told in the lobby, and to those who watch it"
    )


class WithdrawnFrame(EventFrame):
    """A video is taken out of every feed."""

    type: Literal["withdrawn"]
    revision: int


class AcceptedFrame(EventFrame):
    """A prompt passed moderation and work begins. To its owner and to those who watch it."""

    type: Literal["accepted"]
    revision: int
    text: str
    flavor: str


class RejectedFrame(EventFrame):
    """A prompt did not pass. To its owner and to those who watch it."""

    type: Literal["rejected"]
    revision: int
    stage: str
    reason: str
    category: str


class FailedFrame(EventFrame):
    """A video will not appear. To its owner and to those who watch it."""

    type: Literal["failed"]
    revision: int
    stage: str
    error: str
    reason: str


class ProgressFrame(BaseModel):
    """How far a video is; only the newest is told, and no token moves."""

    type: Literal["progress"]
    video_id: Uuid
    revision: int
    stage: str
    fraction: float = Field(ge=0, le=1)
    scene_number: int | Absent = None
    scene_count: int
    left_s: int | Absent = Field(
        None,
        ge=0,
        description="seconds until the scenes that devices have in hand should be there, if known",
    )
    title: str | Absent = Field(None, description="that of the script; before there is one, the words of the prompt")
    preview: str | Absent = Field(None, description="a small JPEG, base64")


class RevisionFrame(EventFrame):
    """The making of a later revision ended, or that of any revision was given up. To those who watch the video, and may
    see how it comes to be; where the first one was dropped, to its owner, too.

    `dropped`, with `overtaken_by`: go on with the progress of that revision, in the same place. It is told as `video`
    where the one that it overtook would have been. Without it, nothing more comes of it.
    """

    type: Literal["revision"]
    revision: int
    status: Literal["ready", "failed", "rejected", "dropped"] = Field(
        description="ready: it can be looked at, and promoted; dropped: given up before it was finished"
    )
    overtaken_by: int | Absent = Field(None, description="of `dropped`: the revision that is made in its place")
    reason: str | Absent = None


class CloseFrame(BaseModel):
    """A stream of server-sent events ends. Over a websocket the close code says it."""

    type: Literal["close"]
    code: int
    reason: str


REQUESTS: tuple[type[BaseModel], ...] = (Hello, Watch, Unwatch, Lobby, Refresh)
FRAMES: tuple[type[BaseModel], ...] = (
    WelcomeFrame,
    ResyncFrame,
    BeatFrame,
    ErrorFrame,
    VideoFrame,
    WithdrawnFrame,
    AcceptedFrame,
    RejectedFrame,
    FailedFrame,
    ProgressFrame,
    RevisionFrame,
    CloseFrame,
)
