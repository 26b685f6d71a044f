"""What a client says: every message of protocol 1, read strictly."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from schemas.base import Uuid, ViewerId

#: A bearer token, as the HTTP API takes it.
Access = Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class MalformedError(ValueError):
    """The message is not what the protocol says."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class _Request(BaseModel):
    # Unknown fields are ignored, so that a newer client can talk to an older node.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Hello(_Request):
    """The first message. `access` says who asks, `resume` is the newest token that the client has seen."""

    type: Literal["hello"]
    viewer_id: ViewerId | None = Field(None, description="may be left out where `access` says it")
    access: Access | None = None
    resume: Annotated[str, StringConstraints(max_length=512)] | None = None
    videos: tuple[Uuid, ...] = Field((), max_length=256)
    lobby: bool = Field(False, description="whether the client is short of videos: see `lobby`")


class Watch(_Request):
    """Tell the progress of a video."""

    type: Literal["watch"]
    video_id: Uuid


class Unwatch(_Request):
    """Tell it no longer."""

    type: Literal["unwatch"]
    video_id: Uuid


class Lobby(_Request):
    """Tell (or no longer tell) the progress of starter videos: what a page without any video shows."""

    type: Literal["lobby"]
    on: bool = True


class Refresh(_Request):
    """Go on with this token of `POST /v1/sessions`: the one of before is about to expire."""

    type: Literal["refresh"]
    access: Access


Request = Hello | Watch | Unwatch | Lobby | Refresh
_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])


def read(data: str | bytes) -> Request:
    """The request in a message. Raises MalformedError."""
    if isinstance(data, bytes):
        raise MalformedError("binary", "messages are JSON text, not binary")
    try:
        return _REQUEST.validate_json(data)
    except ValidationError as error:
        raise _explained(error) from error


def _explained(error: ValidationError) -> MalformedError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    code = {"json_invalid": "not_json", "union_tag_invalid": "unknown_type", "union_tag_not_found": "no_type"}
    detail = f"{place}: {first['msg']}" if place else first["msg"]
    return MalformedError(code.get(first["type"], "invalid"), detail)
