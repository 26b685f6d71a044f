"""Restoring: everything is checked before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException

from infra.backup import erased, views
from infra.backup import media as media_files
from infra.backup.errors import BrokenBackupError, OccupiedError
from infra.backup.files import verify
from infra.backup.load import Loader, base, moved, offsets
from infra.backup.manifest import Manifest, TopicBackup, load
from infra.backup.take import Progress, store_of
from infra.backup.target import Broker
from infra.errors import UnavailableError
from infra.kafka.groups import commit
from infra.kafka.producer import EventProducer
from infra.kafka.records import Raw
from infra.settings import Settings
from infra.storage.blobs import BlobStore


@dataclass(kw_only=True)
class Restored:
    """What was done. `moved`: partitions by topic whose offsets could not be kept; `missing`: media files lost."""

    manifest: Manifest
    views_cleared: list[str] = field(default_factory=list)
    moved: dict[str, list[int]] = field(default_factory=dict)
    missing: int = 0
    #: Viewers whose key was in the backup, and who had been erased since.
    erased: int = 0
    written: bool = False

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "made_at": self.manifest.made_at.isoformat(), "records": self.manifest.records, "written": self.written,
            "topics": {topic.name: topic.records for topic in self.manifest.topics},
            "groups": {group: len(found) for group, found in offsets(self.manifest).items()},
            "views_cleared": self.views_cleared, "erased": self.erased, "offsets_moved": self.moved,
            "media": {"named": self.manifest.media.files, "missing": self.missing},
        }  # fmt: skip


class Restore:
    """One restore. `check` writes nothing; `run` is to follow it."""

    def __init__(
        self, settings: Settings, place: Path, media: BlobStore, topics: Sequence[str] = (),
        progress: Progress = lambda _what, _done, _total: None,
    ) -> None:  # fmt: skip
        """Raises NotABackupError and BrokenBackupError."""
        self.manifest = load(place).only(list(topics))
        self._settings, self._media, self._progress = settings, media, progress
        self._store = store_of(place if place.is_dir() else place.parent)
        self._broker = Broker(settings.kafka_address)

    def check(self) -> None:
        """Read every file of the backup. Raises BrokenBackupError."""
        listed = self.manifest.media.listed
        segments = [*self.manifest.segments, *([listed] if listed else [])]
        advance = self._counter("checking", sum(segment.size for segment in segments))
        for segment in segments:
            verify(self._store, segment)
            advance(segment.size)
        if self.manifest.media.included:
            self._check_media()

    def _check_media(self) -> None:
        advance = self._counter("checking media", self.manifest.media.size)
        for name, size in media_files.listed(self._store, self.manifest.media):
            media_files.verify(self._store, name)
            advance(size)

    def refuse(self) -> None:
        """Raises OccupiedError where anything is in the way that `run(replace=True)` would replace."""
        target = self._broker.target([topic.name for topic in self.manifest.topics])
        found = [why for topic in self.manifest.topics if (why := target.in_the_way(topic))]
        found += [f"the views hold rows in {len(tables)} tables"] if (tables := views.occupied(self._settings)) else []
        if found:
            more = f", and {len(found) - 3} more" if len(found) > 3 else ""
            raise OccupiedError(
                f"Not into what is not empty: {'; '.join(found[:3])}{more}.",
                hint="--replace deletes these topics and empties the views, then restores.",
            )

    def run(self, *, replace: bool = False) -> Restored:
        """Write. Raises OccupiedError, UnavailableError; after that, restore again with `replace`."""
        self._broker.wait_until_idle()
        if not replace:
            self.refuse()
        done = Restored(manifest=self.manifest)
        erased_before = erased.facts(self._settings.kafka_address)
        done.views_cleared = views.clear(self._settings) if replace else []
        (self._broker.replace if replace else self._broker.create)(
            self.manifest.topics, self._settings.kafka_replication
        )
        self._load()
        self._set_groups()
        done.erased = self._carry_over(erased_before)
        done.moved = {topic.name: parts for topic in self.manifest.topics if (parts := moved(topic))}
        media = self.manifest.media
        names = media_files.listed(self._store, media)
        done.missing = media_files.put_back(names, self._store, self._media, self._counter("media", media.size))
        done.written = True
        return done

    def _load(self) -> None:
        loader, advance = Loader(self._settings.kafka_address), self._counter("restoring", self.manifest.records)
        for topic in self.manifest.topics:
            self._broker.forget_before(loader.fill(topic))
            loader.load(topic, self._store, advance)
        self._check_ends()

    def _carry_over(self, before: list[Raw]) -> int:
        producer = EventProducer(self._settings.kafka_address, "restore")
        try:
            return erased.carry_over(self._settings.kafka_address, before, producer)
        finally:
            producer.close()

    def _check_ends(self) -> None:
        """Kafka holds what the backup holds, and nothing else."""
        target = self._broker.target([topic.name for topic in self.manifest.topics])
        for topic in self.manifest.topics:
            if [end for _, end in target.ranges[topic.name]] != _ends(topic):
                raise BrokenBackupError(
                    f"{topic.name} does not end where it should: somebody else has written into it.",
                    hint="Stop whatever produces, and restore again with --replace.",
                )

    def _set_groups(self) -> None:
        for group, where in offsets(self.manifest).items():
            try:
                commit(self._settings.kafka_address, group, where)
            except (KafkaException, TimeoutError) as error:
                raise UnavailableError(f"The group {group} could not be set to where it was: {error}") from error

    def _counter(self, what: str, total: int) -> Callable[[int], None]:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            self._progress(what, done, total)

        return advance


def _ends(topic: TopicBackup) -> list[int]:
    return [base(topic, part) + part.records for part in topic.partitions]
