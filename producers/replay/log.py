"""Reading the log beside everything else: assigned partitions, no group, no commit. Live offsets are never touched."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from infra.contracts.slices import Slice
from infra.kafka.records import Raw, Received
from producers.replay.history import History
from schemas.errors import DecodeError

#: What a video's history is made of.
TOPICS = ("prompts", "video-events")


def histories(bootstrap: str, videos: Collection[str]) -> dict[str, History]:
    """What the log says of these videos, by id; those that it does not know are missing. Raises UnavailableError."""
    wanted = {video.encode() for video in videos}
    found: dict[str, History] = {}
    for topic in TOPICS if wanted else ():
        with Slice(bootstrap, topic) as records:
            # The key is compared before anything is decoded: most records are about other videos.
            for received in readable(record for record in records if record.key in wanted):
                video = received.envelope.data.key
                found.setdefault(video, History(video)).learn(received.envelope.data)
    return found


def readable(records: Iterator[Raw]) -> Iterator[Received]:
    """Those that can be read. The others lie in the dead letters already: their consumers put them there."""
    for record in records:
        try:
            yield Received(raw=record, envelope=record.decode())
        except DecodeError:
            continue
