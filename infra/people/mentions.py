"""Where the log names a viewer: how many records of each topic, read from beginning to end. Nothing is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from infra.contracts.slices import Slice
from infra.errors import NotFoundError
from schemas.topics import CHANGELOGS, TOPICS, VIEWER_KEYS

#: Told the topic, how much of it is read, out of how much.
Progress = Callable[[str, int, int], None]

NAMING = tuple(name for name in TOPICS if name != VIEWER_KEYS.name and name not in {log.name for log in CHANGELOGS})


def count(
    bootstrap: str, pseudonym: str, topics: Iterable[str] = NAMING,
    progress: Progress = lambda _topic, _done, _total: None,
) -> dict[str, int]:  # fmt: skip
    """Records whose key, value or headers hold the pseudonym, by topic; those without any are left out."""
    wanted = pseudonym.encode()
    found = {name: _count(bootstrap, name, wanted, progress) for name in topics}
    return {name: number for name, number in found.items() if number}


def _count(bootstrap: str, topic: str, wanted: bytes, progress: Progress) -> int:
    number = 0
    try:
        with Slice(bootstrap, topic) as records:
            for index, record in enumerate(records):
                texts = (record.key, record.value, *(value for _, value in record.headers))
                number += any(wanted in text for text in texts if text)
                if index % 1000 == 0:
                    progress(topic, records.done, records.total)
            progress(topic, records.total, records.total)
    except NotFoundError:
        return 0
    return number


def last(bootstrap: str, topic: str, key: bytes) -> tuple[bool, bytes | None]:
    """Whether a compacted topic holds the key, and what the last record with it says; None: that it is deleted."""
    found, value = False, None
    try:
        with Slice(bootstrap, topic) as records:
            for record in records:
                if record.key == key:
                    found, value = True, record.value
    except NotFoundError:
        return False, None
    return found, value
