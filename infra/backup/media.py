"""The media files that records name: blobs are addressed by their hash, so a name says what is in the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from infra.backup.errors import BrokenBackupError
from infra.backup.files import SegmentWriter, read
from infra.backup.manifest import Media
from infra.errors import NotFoundError
from infra.storage.blobs import NAME, BlobStore, artifact_of
from infra.storage.digest import sha256

_MARK = b'"sha256"'

Advance = Callable[[int], None]


def named(value: bytes | None) -> Iterator[tuple[str, int]]:
    """(name, size) of every media file in a value: any object in its JSON with `sha256`, `suffix` and `size`."""
    if not value or _MARK not in value:
        return
    try:
        yield from _inside(json.loads(value))
    except ValueError:
        return


def _inside(node: Any) -> Iterator[tuple[str, int]]:
    if isinstance(node, list):
        for one in node:
            yield from _inside(one)
    elif isinstance(node, dict):
        name, size = f"{node.get('sha256')}.{node.get('suffix')}", node.get("size")
        if isinstance(size, int) and NAME.match(name):
            yield name, size
        for one in node.values():
            yield from _inside(one)


def keep(
    found: dict[str, int], backup: BlobStore, media: BlobStore, *, include: bool, advance: Advance = lambda _: None
) -> Media:
    """The list of the files, and with `include` the files themselves, in the backup's store.

    A file that the media store does not hold is left out, and stays on the list: the restore says what is missing.
    """
    with SegmentWriter(backup, span=1 << 62) as writer:
        for number, (name, size) in enumerate(sorted(found.items())):
            writer.write(number, json.dumps({"name": name, "size": size}).encode() + b"\n")
            if include:
                _copy(name, media, backup)
                advance(size)
        listed = writer.finish()
    return Media(
        included=include, files=len(found), size=sum(found.values()), listed=listed[0] if listed else None
    )  # fmt: skip


def listed(backup: BlobStore, media: Media) -> Iterator[tuple[str, int]]:
    """(name, size) of every media file that the records of a backup name. Raises BrokenBackupError."""
    for text in read(backup, media.listed) if media.listed else ():
        entry = json.loads(text)
        yield entry["name"], entry["size"]


def verify(backup: BlobStore, name: str) -> bool:
    """Whether the backup holds a file, as its name says. Raises BrokenBackupError when it is another one."""
    try:
        place = backup.path(name)
    except NotFoundError:
        return False
    if sha256(place) != name.partition(".")[0]:
        raise BrokenBackupError(f"{place} is altered: its checksum is another one.")
    return True


def put_back(names: Iterable[tuple[str, int]], backup: BlobStore, media: BlobStore, advance: Advance) -> int:
    """Copy from the backup what the media store lacks; how many files neither of them holds."""
    missing = 0
    for name, size in names:
        digest, _, suffix = name.partition(".")
        missing += not (media.exists(artifact_of(digest, suffix, size)) or _copy(name, backup, media))
        advance(size)
    return missing


def _copy(name: str, source: BlobStore, target: BlobStore) -> bool:
    try:
        target.put_file(source.path(name), name.partition(".")[2])
    except NotFoundError:
        return False
    return True
