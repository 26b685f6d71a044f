"""Takes media files away that nothing needs, and what broken writes left behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import compress, islice
from typing import Any

from infra.storage.artifacts import ArtifactIndex
from infra.storage.blobs import BlobStore
from infra.storage.objects import StoredObject

#: A temporary file this old belongs to no write any more, in seconds.
LEFT_S = 3600.0
#: Entries of the index that are read at once, since each is a request where it lies in a bucket; of so many in hand.
READERS, PAGE = 16, 1000


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
    """Sweeps a media store and the artefact index."""

    media: BlobStore
    index: ArtifactIndex
    grace_s: float
    clock: Callable[[], float] = time.time

    def sweep(self, hot: Collection[str], kept: Collection[str], *, dry_run: bool) -> Swept:
        """One pass over both. What goes is looked at once more right before."""
        swept = Swept(dry_run=dry_run)
        for found in self.media.blobs():
            self._blob(found, hot, kept, swept)
        for found in self._over():
            swept.expired += dry_run or self.index.purge(found)
        for store in (self.media, self.index):
            for found in store.leftovers():
                self._left(store, found, swept)
        return swept

    def _blob(self, found: StoredObject, hot: Collection[str], kept: Collection[str], swept: Swept) -> None:
        if found.name in hot:
            swept.hot, swept.hot_bytes = swept.hot + 1, swept.hot_bytes + found.size
        elif found.name in kept:
            swept.kept, swept.kept_bytes = swept.kept + 1, swept.kept_bytes + found.size
        elif self.clock() - found.used < self.grace_s or not (swept.dry_run or self.media.purge(found)):
            swept.young, swept.young_bytes = swept.young + 1, swept.young_bytes + found.size
        else:
            swept.purged, swept.freed_bytes = swept.purged + 1, swept.freed_bytes + found.size
            swept.names.append(found.name)

    def _left(self, store: BlobStore | ArtifactIndex, found: StoredObject, swept: Swept) -> None:
        if self.clock() - found.used >= LEFT_S and (swept.dry_run or store.purge(found)):
            swept.leftovers, swept.leftover_bytes = swept.leftovers + 1, swept.leftover_bytes + found.size

    def _over(self) -> Iterator[StoredObject]:
        """What the index kept for a time only, and that time is over."""
        entries = self.index.entries()
        with ThreadPoolExecutor(READERS) as pool:
            while page := list(islice(entries, PAGE)):
                yield from compress(page, pool.map(self._is_over, page))

    def _is_over(self, found: StoredObject) -> bool:
        until = (self.index.get(found.name.removesuffix(".json")) or {}).get("until")
        return isinstance(until, int | float) and until < self.clock()
