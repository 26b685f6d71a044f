"""Manifests of hosted generators: what is asked of them, what it costs, and how much of it is allowed.

Each is a folder with a `hosted.yaml`, beside those of the models that run here (setting `model_dirs`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from gpu_consumers.errors import BackendMissingError
from gpu_consumers.generation.manifest import SHIPPED
from infra.flavor_files import Catalog
from infra.flavors import EnvironmentName, Part, Url
from infra.settings import Settings
from schemas.base import Slug
from schemas.values import Format

FILE = "hosted.yaml"


class Offer(Part):
    """A length that the provider sells, and its price in the installation's currency."""

    seconds: float = Field(gt=0, le=120)
    price: float = Field(ge=0)
    arguments: dict[str, Any] = Field({}, description="what asks for that length")


class Hosted(Part):
    """A generator behind an API."""

    name: Slug
    title: str = Field("", max_length=80)
    api: Literal["runway", "replicate", "fal"]
    url: Url | None = Field(None, description="in place of the provider's own address")
    model: str = Field(min_length=1, max_length=200, description="as the provider names it")
    key_env: EnvironmentName | None = Field(None, description="the environment variable that holds the key")
    prompt: str = "{visuals}"
    prompt_argument: str | None = Field(None, description="in place of the provider's usual one")
    seed_argument: str | None = Field("seed", description="null: the model takes no seed")
    arguments: dict[str, Any] = Field({}, description="more arguments, sent as they are")
    shapes: dict[Format, dict[str, Any]] = Field({}, description="what asks for each format")
    offers: tuple[Offer, ...] = Field(min_length=1)
    idempotency_header: str | None = Field(None, pattern=r"^[A-Za-z0-9-]{1,100}$", description="if there is one")
    answer_s: float = Field(30.0, gt=0, le=300, description="for each request")
    poll_s: float = Field(5.0, gt=0, le=300)
    timeout_s: float = Field(600.0, gt=0, le=86_400, description="for a job; what comes later is kept, not waited for")
    concurrency: int = Field(2, ge=1, le=256, description="jobs under way at once, of all workers of this machine")
    budget_day: float | None = Field(None, ge=0, description="for a day (UTC); none: no limit")
    max_mb: float = Field(256.0, gt=0, le=4096, description="a larger clip is not taken")
    licence: str = ""
    licence_url: str = ""

    def offer_for(self, seconds: float) -> Offer:
        """The shortest that covers the scene, else the longest."""
        long_enough = [offer for offer in self.offers if offer.seconds >= seconds]
        if long_enough:
            return min(long_enough, key=lambda offer: offer.seconds)
        return max(self.offers, key=lambda offer: offer.seconds)


_CATALOGS: dict[tuple[Path, ...], Catalog[Hosted]] = {}


def hosted(config: Settings) -> dict[str, Hosted]:
    """All of them by name. Raises `ConfigurationError` with file and line for one that was never readable."""
    where = (SHIPPED, *config.model_dirs)
    if where not in _CATALOGS:
        _CATALOGS[where] = Catalog(Hosted, where, file=FILE)
    return dict(sorted(_CATALOGS[where].all().items()))


def secret(name: str) -> str:
    """A key from the environment, or from the file `$SWIPESTREAM_SECRETS_DIR/NAME`. Raises `BackendMissingError`."""
    if found := os.environ.get(name):
        return found
    folder = os.environ.get("SWIPESTREAM_SECRETS_DIR")
    for file in (Path(folder) / name, Path(folder) / name.lower()) if folder else ():
        if file.is_file() and (found := file.read_text("utf-8").strip()):
            return found
    raise BackendMissingError(
        f"there is no {name} in the environment", hint=f"Set {name}, or put it into $SWIPESTREAM_SECRETS_DIR/{name}."
    )
