"""What a backup holds: written last, read first. Without it, a folder is no backup."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.backup.errors import BrokenBackupError, NotABackupError

FORMAT: Final = "swipestream-backup"
VERSION: Final = 1
SUFFIX = ".backup.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Segment(_Part):
    """One compressed file: records of one partition, their offsets within `[first, last]`."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)
    records: int = Field(ge=1)
    first: int = Field(ge=0)
    last: int = Field(ge=0)

    @property
    def name(self) -> str:
        """Its name among the files of the backup's folder."""
        return f"{self.sha256}.gz"


class Partition(_Part):
    """Offsets `[first, end)` as they were; fewer records than offsets where a topic is compacted."""

    number: int = Field(ge=0)
    first: int = Field(ge=0)
    end: int = Field(ge=0)
    segments: tuple[Segment, ...] = ()

    @property
    def records(self) -> int:
        """How many records."""
        return sum(segment.records for segment in self.segments)


class TopicBackup(_Part):
    """One topic. `config` holds the settings that were not the broker's own."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")
    config: dict[str, str] = Field(default_factory=dict)
    partitions: tuple[Partition, ...]

    @property
    def records(self) -> int:
        """How many records."""
        return sum(partition.records for partition in self.partitions)

    @property
    def compacted(self) -> bool:
        """Whether Kafka keeps only the last record of a key: nobody remembers offsets in such a topic."""
        return "compact" in self.config.get("cleanup.policy", "")


class Place(_Part):
    """How far a consumer group was: its committed offset, and the number of records in the backup before it."""

    group: str
    topic: str
    partition: int
    offset: int
    before: int


class Media(_Part):
    """The media files that the records name, as one compressed list; `included`: they are in the backup too."""

    included: bool
    files: int
    size: int
    listed: Segment | None = None


class Manifest(_Part):
    """A whole backup."""

    format: Literal["swipestream-backup"] = FORMAT
    version: Literal[1] = VERSION
    made_at: datetime
    made_by: str
    topics: tuple[TopicBackup, ...]
    groups: tuple[Place, ...] = ()
    media: Media

    @property
    def records(self) -> int:
        """How many records."""
        return sum(topic.records for topic in self.topics)

    @property
    def size(self) -> int:
        """Bytes of all compressed files of records."""
        return sum(segment.size for segment in self.segments)

    @property
    def segments(self) -> list[Segment]:
        """Every file of records."""
        return [one for topic in self.topics for partition in topic.partitions for one in partition.segments]

    def only(self, names: list[str]) -> Manifest:
        """The part of it that concerns these topics; the whole of it for none. Raises NotABackupError."""
        if unknown := sorted(set(names) - {topic.name for topic in self.topics}):
            held = ", ".join(topic.name for topic in self.topics)
            raise NotABackupError(f"The backup does not hold {', '.join(unknown)}.", hint=f"It holds {held}.")
        if not names:
            return self
        topics = tuple(topic for topic in self.topics if topic.name in names)
        return self.model_copy(
            update={"topics": topics, "groups": tuple(place for place in self.groups if place.topic in names)}
        )


def save(manifest: Manifest, folder: Path, place: Path | None = None) -> Path:
    """Write it into a file named after the moment at which it was made, or over the one at `place`."""
    body = manifest.model_dump(mode="json")
    text = json.dumps(body | {"sha256": _checksum(body)}, indent=1)
    place = place or folder / f"{manifest.made_at:%Y%m%dT%H%M%S.%fZ}{SUFFIX}"
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as temporary:
        temporary.write(text)
        temporary.flush()
        os.fsync(temporary.fileno())
    Path(temporary.name).replace(place)
    return place


def load(place: Path) -> Manifest:
    """The manifest in a file, or the newest one of a folder. Raises NotABackupError and BrokenBackupError."""
    file = _newest(place) if place.is_dir() else place
    try:
        body = json.loads(file.read_bytes())
    except OSError as error:
        raise NotABackupError(f"There is no backup at {place}: {error.strerror}.") from error
    except ValueError as error:
        raise BrokenBackupError(f"{file} is cut short or altered: {error}") from error
    return _checked(file, body)


def manifests(folder: Path) -> list[Path]:
    """Every manifest of a folder, the oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def _newest(folder: Path) -> Path:
    if not (found := manifests(folder)):
        raise NotABackupError(
            f"There is no backup in {folder}.", hint=f"A backup is a file …{SUFFIX} with the folder `files` beside it."
        )
    return found[-1]


def _checked(file: Path, body: Any) -> Manifest:
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise NotABackupError(f"{file} is no backup of Swipestream.")
    if body.get("version") != VERSION:
        raise NotABackupError(f"{file} has version {body.get('version')}; this Swipestream reads {VERSION}.")
    if body.pop("sha256", None) != _checksum(body):
        raise BrokenBackupError(f"{file} is altered: its checksum is another one.")
    try:
        return Manifest.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BrokenBackupError(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
