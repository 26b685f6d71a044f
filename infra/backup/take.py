"""Making a backup: cut, read, compress, and say at the very end what there is."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from infra.backup import media as media_files
from infra.backup.files import SegmentWriter
from infra.backup.manifest import Manifest, Partition, Place, TopicBackup, save
from infra.backup.source import Cut, cut
from infra.contracts.slices import Range, Slice
from infra.kafka.records import Raw
from infra.storage.blobs import BlobStore, LocalBlobStore
from infra.version import code_version
from schemas.base import utcnow

#: Told what is being done, how much of it is done, out of how much.
Progress = Callable[[str, int, int], None]
#: (topic, partition) -> group -> committed offset.
_Marks = dict[tuple[str, int], dict[str, int]]


def store_of(folder: Path) -> BlobStore:
    """The compressed files of the backups in a folder; backups of one folder share those that are the same."""
    return LocalBlobStore(folder / "files")


def backup(
    bootstrap: str, folder: Path, media: BlobStore, *, topics: Sequence[str] = (), include_media: bool = False,
    progress: Progress = lambda _what, _done, _total: None,
) -> tuple[Path, Manifest]:  # fmt: skip
    """Write one backup into `folder`; its manifest, and where that is. Joins no group, commits nothing.

    Until the manifest is there, there is no backup: one that was interrupted is simply made again, and finds the files
    that are finished. Raises NotFoundError and UnavailableError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made_at, store = utcnow(), store_of(folder)
    at = cut(bootstrap, topics)
    taking = _Taking(bootstrap, store, at, progress)
    held = tuple(taking.topic(name) for name in sorted(at.ranges))
    files = media_files.keep(
        taking.media, store, media, include=include_media, advance=taking.advance("media", sum(taking.media.values()))
    )
    manifest = Manifest(
        made_at=made_at, made_by=code_version(), topics=held, groups=tuple(taking.places()), media=files
    )
    os.sync()  # a manifest must not outlive a power cut that its files do not
    return save(manifest, folder), manifest


class _Taking:
    """One backup while it is made."""

    def __init__(self, bootstrap: str, store: BlobStore, at: Cut, progress: Progress) -> None:
        self._bootstrap, self._store, self._at, self._progress = bootstrap, store, at, progress
        self._before: Counter[tuple[str, str, int]] = Counter()
        self._marks = _marks(at.committed)
        self.media: dict[str, int] = {}

    def topic(self, name: str) -> TopicBackup:
        """Read one topic to where it is cut."""
        ranges = self._at.ranges[name]
        with ExitStack() as stack:
            writers = {found.partition: stack.enter_context(SegmentWriter(self._store)) for found in ranges}
            records = stack.enter_context(Slice(self._bootstrap, name, ranges=ranges))
            for count, record in enumerate(records):
                writers[record.partition].add(record)
                self._note(record)
                if count % 1000 == 0:
                    self._progress(name, records.done, records.total)
            self._progress(name, records.total, records.total)
            partitions = tuple(_partition(found, writers[found.partition]) for found in ranges)
        return TopicBackup(name=name, config=dict(self._at.configs[name]), partitions=partitions)

    def places(self) -> list[Place]:
        """How far each group was, in offsets and in records."""
        return [
            Place(
                group=group, topic=topic, partition=number, offset=offset, before=self._before[(group, topic, number)]
            )
            for (topic, number), groups in sorted(self._marks.items())
            for group, offset in sorted(groups.items())
        ]

    def advance(self, what: str, total: int) -> Callable[[int], None]:
        """Counts up to a total."""
        done = 0

        def advance(size: int) -> None:
            nonlocal done
            done += size
            self._progress(what, done, total)

        return advance

    def _note(self, record: Raw) -> None:
        self.media.update(media_files.named(record.value))
        for group, offset in self._marks.get((record.topic, record.partition), {}).items():
            self._before[(group, record.topic, record.partition)] += record.offset < offset


def _partition(found: Range, writer: SegmentWriter) -> Partition:
    return Partition(number=found.partition, first=found.first, end=found.end, segments=writer.finish())


def _marks(committed: Mapping[str, Mapping[tuple[str, int], int]]) -> _Marks:
    marks: _Marks = {}
    for group, offsets in committed.items():
        for partition, offset in offsets.items():
            marks.setdefault(partition, {})[group] = offset
    return marks
