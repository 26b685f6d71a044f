"""Takes media files away that nothing needs, and what broken writes left behind."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from infra.storage.blobs import NAME

#: A temporary file this old belongs to no write any more, in seconds.
LEFT_S = 3600.0


@dataclass
class Swept:
    """What was found, and what was taken away (or would be, in a rehearsal)."""

    dry_run: bool
    hot: int = 0
    hot_bytes: int = 0
    kept: int = 0
    kept_bytes: int = 0
    young: int = 0
    young_bytes: int = 0
    purged: int = 0
    freed_bytes: int = 0
    leftovers: int = 0
    leftover_bytes: int = 0
    expired: int = 0  #: entries of the artefact index
    names: list[str] = field(default_factory=list)  #: of the purged files

    def json(self) -> dict[str, Any]:
        """As data."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Sweeper:
    """Sweeps one media folder and the artefact index beside it."""

    media: Path
    index: Path
    grace_s: float
    clock: Callable[[], float] = time.time

    def sweep(
        self, hot: Collection[str], kept: Collection[str], *, dry_run: bool, advance: Callable[[], None] = lambda: None
    ) -> Swept:
        """One pass over the folder. A file is looked at once more right before it goes."""
        swept = Swept(dry_run=dry_run)
        for path in _files(self.media):
            advance()
            if NAME.match(path.name):
                self._blob(path, hot, kept, swept)
            else:
                self._left(path, swept)
        for path in _files(self.index):
            if path.suffix == ".json":
                self._entry(path, swept)
            else:
                self._left(path, swept)
        return swept

    def _blob(self, path: Path, hot: Collection[str], kept: Collection[str], swept: Swept) -> None:
        size, age = _facts(path, self.clock())
        if path.name in hot:
            swept.hot, swept.hot_bytes = swept.hot + 1, swept.hot_bytes + size
        elif path.name in kept:
            swept.kept, swept.kept_bytes = swept.kept + 1, swept.kept_bytes + size
        elif age < self.grace_s:
            swept.young, swept.young_bytes = swept.young + 1, swept.young_bytes + size
        else:
            swept.purged, swept.freed_bytes = swept.purged + 1, swept.freed_bytes + size
            swept.names.append(path.name)
            if not swept.dry_run:
                path.unlink(missing_ok=True)

    def _left(self, path: Path, swept: Swept) -> None:
        size, age = _facts(path, self.clock())
        if age < LEFT_S:
            return
        swept.leftovers, swept.leftover_bytes = swept.leftovers + 1, swept.leftover_bytes + size
        if not swept.dry_run:
            path.unlink(missing_ok=True)
            if path.parent.name.startswith("tmp"):
                shutil.rmtree(path.parent, ignore_errors=True)

    def _entry(self, path: Path, swept: Swept) -> None:
        """What the index kept for a time only, and that time is over."""
        try:
            until = json.loads(path.read_bytes()).get("until")
        except (OSError, ValueError, AttributeError):
            return
        if isinstance(until, int | float) and until < self.clock():
            swept.expired += 1
            if not swept.dry_run:
                path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _facts(path: Path, now: float) -> tuple[int, float]:
    """(bytes, seconds since it was last used); a file that has just gone is new and empty."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return 0, 0.0
    return stat.st_size, now - stat.st_mtime
