"""Taking records out of the backups of a folder: the keys of viewers who are erased."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from infra.backup.files import SegmentWriter, read
from infra.backup.lines import record
from infra.backup.manifest import Manifest, Partition, Segment, TopicBackup, load, manifests, save
from infra.backup.take import store_of
from infra.storage.blobs import BlobStore


def erase(folder: Path, topic: str, keys: Collection[bytes]) -> int:
    """Rewrite every backup of a folder without these keys of a topic; how many records that were.

    The old files are deleted once no backup of the folder names them. Raises BrokenBackupError.
    """
    store, count, old = store_of(folder), 0, set[str]()
    for place in manifests(folder):
        before = load(place)
        after = before.model_copy(
            update={"topics": tuple(_without(store, one, keys) if one.name == topic else one for one in before.topics)}
        )
        if gone := before.records - after.records:
            count += gone
            save(after, folder, place)
            old |= {segment.name for segment in before.segments} - {segment.name for segment in after.segments}
    for name in old - _named(map(load, manifests(folder))):
        store.path(name).unlink()
    return count


def _without(store: BlobStore, topic: TopicBackup, keys: Collection[bytes]) -> TopicBackup:
    parts = tuple(_rewritten(store, topic.name, part, keys) for part in topic.partitions)
    return topic.model_copy(update={"partitions": parts})


def _rewritten(store: BlobStore, topic: str, part: Partition, keys: Collection[bytes]) -> Partition:
    segments: list[Segment] = []
    for segment in part.segments:
        with SegmentWriter(store) as writer:
            for text in read(store, segment):
                raw = record(topic, part.number, text)
                if raw.key not in keys:
                    writer.write(raw.offset, text)
            segments += writer.finish()
    return part.model_copy(update={"segments": tuple(segments)})


def _named(backups: Iterable[Manifest]) -> set[str]:
    return {segment.name for backup in backups for segment in backup.segments}
