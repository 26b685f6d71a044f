"""Videos with a dead letter: a task or an event of theirs that nobody could handle, nobody has decided about yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from infra.deadletters.letters import Letter, read_letters


def died(bootstrap: str) -> dict[str, list[str]]:
    """What the dead letters of each video say: consumer, class of the error, message. Raises UnavailableError."""
    return by_video(read_letters(bootstrap))


def by_video(letters: Iterable[Letter]) -> dict[str, list[str]]:
    """The same of these letters. One that was decided about does not count: it was sent back, or given up. Pure."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for letter in letters:
        if letter.decided is None:
            found[_video(letter)].append(f"{letter.consumer} {letter.reason} {letter.message}")
    return dict(found)


def _video(letter: Letter) -> str:
    """As the value says; where that cannot be read, as the key does. Keys of scenes are no videos, and match none."""
    value = letter.value
    video = value.get("video_id") if isinstance(value, dict) else None
    return video if isinstance(video, str) else letter.key
