"""The compressed files of a backup: lines of one partition, addressed by their hash, so equal ones are kept once."""

from __future__ import annotations

import gzip
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.backup.errors import BrokenBackupError
from infra.backup.lines import line, record
from infra.backup.manifest import Segment
from infra.errors import NotFoundError
from infra.kafka.records import Raw
from infra.storage import digest
from infra.storage.blobs import BlobStore
from schemas.values import Artifact

#: A file ends where an offset is divisible by this: the files of two backups of one log are the same but for the last.
SPAN = 100_000
#: Of gzip: half the time of its default, a tenth more bytes.
_LEVEL = 3
_BLOCK = 1 << 18


class SegmentWriter:
    """Writes lines into files of their own, one after another; a new one whenever `span` offsets are passed.

    Use as a context manager, and call `finish` for the segments. Holds one open file, whatever the size of the log.
    """

    def __init__(self, store: BlobStore, span: int = SPAN) -> None:
        self._store, self._span = store, span
        self._place = Path(tempfile.mkdtemp(prefix="swipestream-backup-"))
        self._file: _Gzip | None = None
        self._first = self._last = self._records = 0
        self._done: list[Segment] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
        shutil.rmtree(self._place, ignore_errors=True)

    def add(self, raw: Raw) -> None:
        """One more record, behind those before it."""
        self.write(raw.offset, line(raw))

    def write(self, offset: int, text: bytes) -> None:
        """One more line."""
        if self._file is not None and offset // self._span != self._last // self._span:
            self._close(self._file)
        if self._file is None:
            self._file, self._first = _Gzip(self._place / "segment"), offset
        self._file.write(text)
        self._last, self._records = offset, self._records + 1

    def finish(self) -> tuple[Segment, ...]:
        """Every segment, in order."""
        if self._file is not None:
            self._close(self._file)
        return tuple(self._done)

    def _close(self, file: _Gzip) -> None:
        file.close()
        held = _put(self._store, file.place)
        self._done.append(
            Segment(sha256=held.sha256, size=held.size, records=self._records, first=self._first, last=self._last)
        )
        self._file, self._records = None, 0


class _Gzip:
    """A gzip file with neither a name nor a time inside: the same lines give the same bytes."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._file = place.open("wb")
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        self._waiting = bytearray()

    def write(self, text: bytes) -> None:
        self._waiting += text
        if len(self._waiting) >= _BLOCK:
            self._pack()

    def close(self) -> None:
        if not self._file.closed:
            self._pack()
            self._file.write(self._packer.flush())
            self._file.close()

    def _pack(self) -> None:
        self._file.write(self._packer.compress(self._waiting))
        self._waiting.clear()


def _put(store: BlobStore, place: Path) -> Artifact:
    """Into the store, and read back: one of an earlier backup may lie there, and may be damaged."""
    held = store.put_file(place, "gz")
    try:
        _verify(store.path(held.name), held.size, held.sha256)
    except BrokenBackupError:
        store.path(held.name).unlink()
        held = store.put_file(place, "gz")
    return held


def verify(store: BlobStore, segment: Segment) -> None:
    """Read the whole file and compare size and hash. Raises BrokenBackupError."""
    _verify(_path(store, segment), segment.size, segment.sha256)


def _verify(place: Path, size: int, sha256: str) -> None:
    if (found := place.stat().st_size) != size:
        raise BrokenBackupError(f"{place} has {found} bytes, not {size}: it is cut short or was written to.")
    if digest.sha256(place) != sha256:
        raise BrokenBackupError(f"{place} is altered: its checksum is another one.")


def read(store: BlobStore, segment: Segment) -> Iterator[bytes]:
    """The lines of a segment. Raises BrokenBackupError."""
    place = _path(store, segment)
    try:
        with gzip.open(place) as lines:
            yield from lines
    except (OSError, EOFError, zlib.error) as error:
        raise BrokenBackupError(f"{place} cannot be unpacked: {error}") from error


def records(store: BlobStore, topic: str, partition: int, segment: Segment) -> Iterator[Raw]:
    """The records of a segment. Raises BrokenBackupError, also when there are more or fewer than was written."""
    count = 0
    for text in read(store, segment):
        count += 1
        yield record(topic, partition, text)
    if count != segment.records:
        raise BrokenBackupError(f"{segment.name} holds {count} records, not {segment.records}.")


def _path(store: BlobStore, segment: Segment) -> Path:
    try:
        return store.path(segment.name)
    except NotFoundError as error:
        raise BrokenBackupError(f"The file {segment.name} is missing.") from error
