"""What there is of hosted generators, and what would keep one from working here, found out without buying anything."""

from __future__ import annotations

import time
from typing import Any

from gpu_consumers.errors import BackendMissingError
from gpu_consumers.generation.checks import Finding
from gpu_consumers.hosted.manifest import Hosted, hosted, secret
from gpu_consumers.hosted.orders import Book, Standing, spent
from gpu_consumers.hosted.providers import key_name
from infra.flavors import list_flavors
from infra.settings import Settings


def check(manifest: Hosted, config: Settings) -> list[Finding]:
    """Key, budget, jobs in doubt, flavors."""
    return [_key(manifest), _budget(manifest, config), *_doubt(manifest, config), _flavors(manifest, config)]


def rows(config: Settings) -> list[dict[str, Any]]:
    """Each for `models list`, in the columns of those that run here."""
    return [
        {
            "name": name, "title": one.title, "source": f"{one.api}: {one.model}", "image": False, "steps": None,
            "shapes": [shape.value for shape in one.shapes], "licence": one.licence,
            "memory_gib": None, "tiled_gib": None,
            "weights": None if (lacking := _key(one)).ok is False else f"hosted by {one.api}", "swapped_for": None,
            "missing": lacking.hint,
        }
        for name, one in hosted(config).items()
    ]  # fmt: skip


def _key(manifest: Hosted) -> Finding:
    name = key_name(manifest)
    try:
        secret(name)
    except BackendMissingError as error:
        return Finding("key", False, str(error), error.hint or "")
    return Finding("key", True, f"{name} is set")


def _budget(manifest: Hosted, config: Settings) -> Finding:
    today, limit = spent(Book.of(manifest.name, config).all(), time.time()), manifest.budget_day
    if limit is None:
        return Finding("budget", None, f"{today:g} {config.currency} spent today (UTC); there is no limit")
    enough = today + min(offer.price for offer in manifest.offers) <= limit
    told = f"{today:g} of {limit:g} {config.currency} spent today (UTC)"
    return Finding("budget", enough, told, "Raise budget_day in its hosted.yaml, or wait for tomorrow.")


def _doubt(manifest: Hosted, config: Settings) -> list[Finding]:
    waiting = [one for one in Book.of(manifest.name, config).all() if one.standing is Standing.INTENDED]
    return [Finding("jobs", None, f"{len(waiting)} whose id is not known: swipestream models jobs")] if waiting else []


def _flavors(manifest: Hosted, config: Settings) -> Finding:
    named = [flavor.name for flavor in list_flavors(config) if flavor.scene_backend == manifest.name]
    return Finding("flavors", None, ", ".join(named) if named else "no flavor names it as its scene_backend")
