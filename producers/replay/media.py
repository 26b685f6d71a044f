"""Files of the media store: from the local folder where they lie there, else through the API."""

from __future__ import annotations

from pathlib import Path

from infra.auth.local import headers
from infra.errors import NotFoundError
from infra.settings import Settings
from infra.storage.blobs import LocalBlobStore
from producers.client import ApiClient


def fetch(settings: Settings, folder: Path, name: str) -> Path:
    """Where the file is; what had to be downloaded lies in `folder`. Raises NotFoundError, UnavailableError."""
    try:
        return LocalBlobStore(settings.media_dir).path(name)
    except NotFoundError:
        place = folder / name
        with ApiClient(settings.api_url, headers=headers(settings)) as api:
            api.download(f"/media/{name}", place)
        return place
