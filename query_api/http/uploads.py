"""`/v1/uploads`: images and clips of one's own, to be shown in scenes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile

from query_api.http.asking import Asks
from query_api.http.bodies import FootageBody
from query_api.http.guard import CLOSE
from query_api.http.parts import Needs, Parts
from query_api.http.problems import ProblemError, responses
from query_api.http.tracing import traceparent
from query_api.serving import SOURCE
from query_api.states import moment
from query_api.uploads.owned import Owned, Upload, owned, row_of, upload_of
from query_api.uploads.receive import NotTakenError, UndecodableError, received
from query_api.uploads.room import NoRoomError
from schemas import ids
from schemas.base import now_us, rising
from schemas.envelope import root
from schemas.footage import Footage, FootageKind
from schemas.uploads import MediaRemoved, MediaUploaded

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])

UploadId = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="a UUID")]
ACK_S = 0.9
_FULL = "Uploads may take {0.upload_quota_mb} MB. Delete some; what is deleted counts for {0.media_grace_s} s more."
#: Whose uploads are those of nobody in particular, on one's own machine.
LOCAL = "local"


class UploadAnswer(BaseModel):
    """An upload."""

    upload_id: str
    kind: FootageKind
    media_type: str
    width: int
    height: int
    duration_ms: int
    size: int = Field(description="bytes")
    name: str
    url: str
    uploaded_at: datetime


class UploadsAnswer(BaseModel):
    """Uploads, newest first, and how much room they take, with what was deleted a short while ago."""

    uploads: list[UploadAnswer]
    used: int = Field(description="bytes")
    quota: int = Field(description="bytes")


_BINARY = {"type": "string", "format": "binary"}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": _BINARY}, "required": ["file"]}
            },
            "application/octet-stream": {"schema": _BINARY},
        },
    }
}


@router.post(
    "",
    status_code=201,
    response_model=UploadAnswer,
    summary="Upload an image or a clip",
    openapi_extra=_BODY,
    responses=responses(400, 401, 403, 408, 413, 415, 422, 429, 503),
)
async def upload(request: Request, parts: Needs, asks: Asks) -> Response:
    """As the field `file` of a form, or as the body itself. JPEG, PNG, WebP, MP4, QuickTime and WebM are taken.

    What it is, is told from its bytes; it is decoded once before it is kept. The same file again is the same upload.
    """
    owner = (await asks.maker()).viewer_id or LOCAL
    known = await _owned(parts, owner)
    free = parts.settings.upload_quota_mb * 1_000_000 - _used(parts, known)
    try:
        with parts.room.held(owner, _length(request), free) as held:
            event = await _taken(request, parts, owner, known, held)
            await _publish(parts, event, request)
    except NoRoomError as error:
        raise ProblemError(413, "quota", _FULL.format(parts.settings), headers=CLOSE) from error
    except NotTakenError as error:
        raise ProblemError(415, "type-not-taken", str(error)) from error
    except UndecodableError as error:
        raise ProblemError(422, "undecodable", str(error)) from error
    answer = _answer(parts, upload_of(row_of(event)))
    location = {"Location": f"/v1/uploads/{event.upload_id}"}
    return Response(answer.model_dump_json(), 201, location, "application/json")


def _length(request: Request) -> int | None:
    """Bytes of the body, where they are told beforehand."""
    length = request.headers.get("content-length")
    return int(length) if length else None


async def _taken(request: Request, parts: Parts, owner: str, known: Owned, held: int) -> MediaUploaded:
    """A file that is kept: newer than its last deletion, by whatever clock that was taken.

    Raises NotTakenError, UndecodableError, and NoRoomError where it is larger than `held`.
    """
    async with received(_chunks(request)) as path:
        if path.stat().st_size > held:
            raise NoRoomError
        found = await parts.prober.probe(path)
        artifact = await parts.in_store(parts.media.put_file, path, found.kind.suffix)
    upload_id = ids.derive(f"{owner}/{artifact.sha256}", "upload")
    return MediaUploaded(
        upload_id=upload_id,
        viewer_id=owner,
        ts_us=rising(known.removed_us(upload_id)),
        artifact=artifact.model_copy(update={"media_type": found.kind.media_type}),
        kind=found.kind.kind,
        width=found.width,
        height=found.height,
        duration_ms=found.duration_ms,
        name=_named(request),
    )


async def _publish(parts: Parts, event: MediaUploaded | MediaRemoved, request: Request) -> None:
    await parts.publisher.publish(root(event, source=SOURCE, traceparent=traceparent(request)), timeout=ACK_S)
    key = event.viewer_id, event.upload_id
    parts.uploads.put(key, (parts.uploads.get(key) or {}) | row_of(event))


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The bytes of the file, as they come."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async for chunk in request.stream():
            yield chunk
        return
    async with request.form(max_files=1, max_fields=4) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise ProblemError(422, "invalid-request", "The form has no file in the field `file`.")
        request.state.filename = file.filename
        while chunk := await file.read(262_144):
            yield chunk


def _named(request: Request) -> str:
    """The file's own name, without folders and control characters."""
    name = PurePath(str(getattr(request.state, "filename", None) or "").replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:200]


@router.get("", response_model=UploadsAnswer, summary="List uploads", responses=responses(401, 403, 429, 503))
async def listed(parts: Needs, asks: Asks) -> UploadsAnswer:
    """One's own, newest first."""
    owner = (await asks.creator()).viewer_id or LOCAL
    found = await _owned(parts, owner)
    quota = parts.settings.upload_quota_mb * 1_000_000
    return UploadsAnswer(uploads=[_answer(parts, one) for one in found.uploads], used=_used(parts, found), quota=quota)


@router.get(
    "/{upload_id}", response_model=UploadAnswer, summary="An upload", responses=responses(401, 403, 404, 422, 429, 503)
)
async def shown(upload_id: UploadId, parts: Needs, asks: Asks) -> UploadAnswer:
    """What it is, and where its bytes are."""
    owner = (await asks.creator()).viewer_id or LOCAL
    return _answer(parts, (await _owned(parts, owner)).get(upload_id))


@router.delete(
    "/{upload_id}", status_code=204, summary="Delete an upload", responses=responses(401, 403, 404, 422, 429, 503)
)
async def removed(upload_id: UploadId, request: Request, parts: Needs, asks: Asks) -> Response:
    """Its bytes go with the next `media gc`, unless something else needs them: a video that somebody downloaded and
    uploaded is one file. Scenes that show it cannot be made again after that."""
    owner = (await asks.creator()).viewer_id or LOCAL
    found = (await _owned(parts, owner)).get(upload_id)
    event = MediaRemoved(
        upload_id=upload_id, viewer_id=owner, ts_us=rising(found.row["uploaded_us"]), sha256=found.artifact.sha256
    )
    await _publish(parts, event, request)
    return Response(status_code=204)


async def footage(parts: Parts, owner: str, body: FootageBody) -> Footage:
    """An upload of somebody's, as scenes show it. Raises NotFoundError."""
    found = (await _owned(parts, owner)).get(body.upload_id)
    return Footage(artifact=found.artifact, kind=found.kind, **body.model_dump(exclude={"upload_id"}))


async def _owned(parts: Parts, owner: str) -> Owned:
    return await owned(parts.read, parts.uploads, owner)


def _used(parts: Parts, found: Owned) -> int:
    """Bytes that count, with those that `media gc` does not take yet."""
    return found.used(now_us() - parts.settings.media_grace_s * 1_000_000)


def _answer(parts: Parts, one: Upload) -> UploadAnswer:
    return UploadAnswer(
        upload_id=one.upload_id,
        kind=one.kind,
        media_type=one.artifact.media_type,
        width=one.row["width"],
        height=one.row["height"],
        duration_ms=one.row["duration_ms"] or 0,
        size=one.artifact.size,
        name=one.row["name"] or "",
        url=parts.urls.address(one.artifact.name),
        uploaded_at=moment(one.row["uploaded_us"]),
    )
