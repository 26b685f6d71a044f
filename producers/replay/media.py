"""Files of the media store: from the store where it is here, else through the API."""

from __future__ import annotations

from pathlib import Path

from infra.api import ask
from infra.errors import NotFoundError
from infra.settings import Settings
from infra.storage.stores import media_store


def fetch(settings: Settings, folder: Path, name: str) -> Path:
    """Where the file is; what had to be downloaded lies in `folder`. Raises NotFoundError, UnavailableError."""
    try:
        return media_store(settings).path(name)
    except NotFoundError:
        place = folder / name
        ask(settings, lambda api: api.download(f"/media/{name}", place))
        return place
