"""The names of what flavors and prompts may choose: archetypes, looks, palettes, caption styles, moods."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import yaml

from infra.flavor_files import folders


@lru_cache(maxsize=1)
def names() -> dict[str, tuple[str, ...]]:
    """Names by kind, as `names.yaml` beside the shipped flavors has them; empty where the workers are not installed."""
    found: dict[str, tuple[str, ...]] = {}
    for folder in folders(()):
        if (path := folder / "names.yaml").is_file():
            found |= {kind: tuple(listed) for kind, listed in yaml.safe_load(path.read_text("utf-8")).items()}
    return found


def known(kind: str) -> Callable[[Any], Any]:
    """A validator that takes no other name. None passes: it stands for no choice."""

    def check(name: Any) -> Any:
        listed = names().get(kind)
        if name is not None and listed and name not in listed:
            raise ValueError(f"there is no {kind[:-1].replace('_', ' ')} {name!r}; there are {', '.join(listed)}")
        return name

    return check
