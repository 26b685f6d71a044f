"""Generated files on disk: what differs from what the contracts say, and how it is put right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import schemas
from infra.contracts.errors import NoCheckoutError
from schemas.documents.bundle import OWNED


@dataclass(frozen=True, slots=True)
class Drift:
    """A file, named below the root, that is `missing`, `outdated` or `left over`."""

    path: str
    state: str


def checkout() -> Path:
    """The root of the checkout that this code runs from. Raises NoCheckoutError for an installed package."""
    root = Path(schemas.__file__).resolve().parents[1]
    if not (root / "pyproject.toml").is_file():
        raise NoCheckoutError(hint="Clone the repository and run the command there.")
    return root


def drift(root: Path, files: Mapping[str, str]) -> list[Drift]:
    """Where the files below `root` differ from `files` (path → text), sorted by path."""
    wrong = [Drift(path, state) for path, text in files.items() if (state := _state(root / path, text))]
    return sorted(wrong + [Drift(path, "left over") for path in _left_over(root, files)], key=lambda item: item.path)


def write(root: Path, files: Mapping[str, str]) -> list[Drift]:
    """Make the files below `root` what `files` says; returns what was wrong. Files that are right stay untouched."""
    wrong = drift(root, files)
    for item in wrong:
        place = root / item.path
        if item.state == "left over":
            place.unlink()
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(files[item.path], encoding="utf-8")
    return wrong


def _state(place: Path, text: str) -> str | None:
    if not place.is_file():
        return "missing"
    return None if place.read_bytes() == text.encode() else "outdated"


def _left_over(root: Path, files: Mapping[str, str]) -> list[str]:
    found = [place.relative_to(root).as_posix() for folder in OWNED for place in (root / folder).glob("*")]
    return [path for path in found if path not in files]
