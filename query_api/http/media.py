"""`GET /media/{name}`: files under immutable names, whole or in ranges (RFC 9110, section 14)."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from infra.storage.blobs import MEDIA_TYPES
from query_api.http.parts import Needs
from query_api.http.problems import ProblemError, responses

router = APIRouter(tags=["media"])

_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@router.get(
    "/media/{name}",
    response_class=FileResponse,
    summary="A media file",
    responses=responses(404, 416, 422)
    | {206: {"description": "A part of the file"}, 304: {"description": "It has not changed"}},
)
async def media(name: str, request: Request, parts: Needs) -> Response:
    """A video, a cover or captions. The name is the hash of the content, so it may be kept for ever."""
    path = parts.media.path(name)
    headers = {**_HEADERS, "ETag": f'"{name}"'}
    if _matches(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    stat = path.stat()
    _settle_range(request, headers["ETag"], stat.st_size)
    kind = MEDIA_TYPES.get(path.suffix[1:], "application/octet-stream")
    return FileResponse(path, headers=headers, media_type=kind, stat_result=stat)


router.add_api_route("/media/{name}", media, methods=["HEAD"], include_in_schema=False)


def _matches(header: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or etag in tags


def _settle_range(request: Request, etag: str, size: int) -> None:
    """Leaves only a range that can be served: what is malformed, multiple or out of date is ignored, as HTTP allows."""
    text = request.headers.get("range")
    if text is None:
        return
    found = _RANGE.match(text.replace(" ", ""))
    if found is None or found[0] == "bytes=-" or request.headers.get("if-range", etag) != etag:
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] not in (b"range", b"if-range")]
    elif not _satisfiable(found[1], found[2], size):
        headers = {"Content-Range": f"bytes */{size}"}
        raise ProblemError(416, "range-not-satisfiable", f"The file has {size} bytes.", headers=headers)


def _satisfiable(first: str, last: str, size: int) -> bool:
    if not first:
        return int(last) > 0 and size > 0
    return int(first) < size and (not last or int(first) <= int(last))
