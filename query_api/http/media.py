"""`GET /media/{name}`: files under immutable names, whole or in ranges (RFC 9110, section 14)."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response

from infra.storage.blobs import MEDIA_TYPES
from query_api.http.parts import Needs
from query_api.http.problems import ProblemError, responses
from query_api.identity.principal import ForbiddenError

router = APIRouter(tags=["media"])

#: No file needs more digits, and Python makes no numbers of thousands of them.
_RANGE = re.compile(r"^bytes=([0-9]{0,18})-([0-9]{0,18})$")
_HEADERS = {
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@router.get(
    "/media/{name}",
    response_class=FileResponse,
    summary="A media file",
    responses=responses(403, 404, 416, 422, 503)
    | {206: {"description": "A part of the file"}, 304: {"description": "It has not changed"}},
)
async def media(
    name: str,
    request: Request,
    parts: Needs,
    exp: Annotated[str | None, Query(max_length=20, description="until when the address is good")] = None,
    sig: Annotated[str | None, Query(max_length=100, description="its signature")] = None,
    filename: Annotated[str | None, Query(max_length=200, description="save it under this name")] = None,
) -> Response:
    """A video, a cover or captions. The name is the hash of the content, so it may be kept for ever.

    Where tokens are required the address must be a signed one, as cards have them: the same for everyone, for hours.
    """
    left_s = parts.urls.left_s(name, exp, sig)
    if left_s is None:
        raise ForbiddenError("The address is not signed, or has expired: ask for the card again.")
    path = await parts.in_store(parts.media.path, name)
    headers = {**_HEADERS, "Cache-Control": f"public, max-age={left_s}, immutable", "ETag": f'"{name}"'}
    if filename:
        headers["Content-Disposition"] = _saved_as(filename, path.suffix)
    if _matches(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    stat = path.stat()
    _settle_range(request, headers["ETag"], stat.st_size)
    kind = MEDIA_TYPES.get(path.suffix[1:], "application/octet-stream")
    return FileResponse(path, headers=headers, media_type=kind, stat_result=stat)


router.add_api_route("/media/{name}", media, methods=["HEAD"], include_in_schema=False)


def _saved_as(filename: str, suffix: str) -> str:
    """RFC 6266: the name in ASCII for all, and in full for those who read RFC 8187."""
    stem = _safe(filename.removesuffix(suffix))
    plain = _safe(unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode())  # wide quotes become narrow
    return f"attachment; filename=\"{plain}{suffix}\"; filename*=UTF-8''{quote(stem + suffix)}"


def _safe(stem: str) -> str:
    """Without what ends a quoted text, or is a path or a pattern to somebody's system."""
    letters = (letter if letter.isprintable() and letter not in '/\\:*?"<>|%' else " " for letter in stem)
    return " ".join("".join(letters).split()).strip(". ") or "video"


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
