"""Models that stand in for others: one line in a file, followed by every worker of this machine without a restart."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from infra.errors import BadInputError
from infra.settings import Settings


def _file(config: Settings) -> Path:
    return config.data_dir / "models" / "swaps.json"


def swaps(config: Settings) -> dict[str, str]:
    """Which model stands in for which."""
    try:
        found = json.loads(_file(config).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(other) for name, other in found.items()} if isinstance(found, dict) else {}


def swap(config: Settings, name: str, other: str | None) -> dict[str, str]:
    """Let `other` stand in for `name`, or `name` for itself again. Raises BadInputError for a circle."""
    wanted = {**swaps(config), name: other or name}
    wanted = {one: two for one, two in wanted.items() if one != two}
    if any(two in wanted for two in wanted.values()):
        raise BadInputError(f"{other} is swapped itself", hint=f"Undo that first: swipestream models swap {other}")
    place = _file(config)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=place.parent, delete=False, encoding="utf-8") as temporary:
        json.dump(wanted, temporary)
    Path(temporary.name).replace(place)
    return wanted
