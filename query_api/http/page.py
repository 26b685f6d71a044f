"""The page and its files, at every address that is not the API's; `/config.json` tells it where the gateway is."""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.convertors import Convertor, register_url_convertor
from starlette.staticfiles import StaticFiles

from query_api.http.parts import Needs

FOLDER = Path(__file__).parent.parent / "web"


class _PagePath(Convertor[str]):
    """Leaves the API's addresses alone: there, a wrong method stays a 405 and a wrong path a 404."""

    regex = r"(?!v1/|media/).*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def install(app: FastAPI, folder: Path = FOLDER) -> None:
    """Serve the page. Files are revalidated on each use, so that an update is seen at once."""
    register_url_convertor("page", _PagePath())
    app.add_api_route("/config.json", config, methods=["GET"], include_in_schema=False)
    files = files_of(folder)

    async def page(request: Request) -> Response:
        response = await files.get_response(request.path_params["path"] or ".", request.scope)
        response.headers["Cache-Control"] = "no-cache"
        return packed(request, response)

    app.add_route("/{path:page}", page, methods=["GET", "HEAD"], include_in_schema=False)


def files_of(folder: Path = FOLDER) -> StaticFiles:
    """The page's files; `client/` is the JavaScript client itself, linked from where it is developed."""
    return StaticFiles(directory=folder, html=True, check_dir=False, follow_symlink=True)


def packed(request: Request, response: Response) -> Response:
    """The same, gzipped where it is text and the client takes that (RFC 9110, section 12.5.3).

    Packed once for each version of a file. The entity tag becomes a weak one: the bytes are not those of the file.
    """
    if not isinstance(response, FileResponse) or not _TEXT.match(response.media_type or ""):
        return response
    response.headers["Vary"] = "Accept-Encoding"
    if request.method != "GET" or not _takes_gzip(request.headers.get("Accept-Encoding", "")):
        return response
    headers = {name: response.headers[name] for name in ("Cache-Control", "Last-Modified", "Vary")}
    headers |= {"Content-Encoding": "gzip", "ETag": "W/" + response.headers["ETag"].removeprefix("W/")}
    content = _gzipped(str(response.path), response.headers["ETag"])
    return Response(content, headers=headers, media_type=response.media_type)


_TEXT = re.compile(r"text/|application/(javascript|json)|image/svg")


def _takes_gzip(accepted: str) -> bool:
    offers = (offer.replace(" ", "").lower().partition(";q=") for offer in accepted.split(","))
    return any(name in ("gzip", "*") and not re.fullmatch(r"0(\.0*)?", weight) for name, _, weight in offers)


@lru_cache(maxsize=256)
def _gzipped(path: str, _version: str) -> bytes:
    return gzip.compress(Path(path).read_bytes(), mtime=0)


async def config(request: Request, parts: Needs) -> JSONResponse:
    """Where the gateway is, as seen from the browser that asks."""
    if parts.settings.public_gateway:
        return JSONResponse({"gateway": parts.settings.public_gateway})
    scheme = "wss" if request.url.scheme == "https" else "ws"
    host = request.url.hostname or "127.0.0.1"
    shown = f"[{host}]" if ":" in host else host
    return JSONResponse({"gateway": f"{scheme}://{shown}:{parts.settings.gateway_port}/"})
