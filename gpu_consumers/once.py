"""What a task led to is kept under its id, and told again to the letter whenever the task comes again.

It comes again after a crash, or as a copy. Its events must then be the same: their time is the video's place in the
feed, and their cost is paid once. And nothing is done again, even where a flavor or the code has changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gpu_consumers.workshop import AGAIN_S, Workshop, until
from infra.storage.artifacts import fingerprint
from infra.telemetry import logs
from schemas import codec
from schemas.base import Message
from schemas.envelope import Envelope
from schemas.errors import DecodeError

log = logs.get("once")

Events = Sequence[Envelope[Message]]


def once(shop: Workshop, cause: Envelope[Message], work: Callable[[], Events]) -> Events:
    """What `work` made of the task the first time; it is called only where that is not known. Raises what it raises.

    Of several workers that do a task at once, all tell what the first one made. Where blobs are gone that its events
    name, the task is done anew.
    """
    key = fingerprint(kind="task", id=cause.id)
    if (told := _told(shop, cause, shop.index.get(key))) is not None:
        return told
    made = work()
    kept = _kept(made)
    if (told := _told(shop, cause, shop.index.keep(key, kept))) is not None:
        return told
    shop.index.put(key, kept)
    return made


def _kept(made: Events) -> dict[str, Any]:
    return {"events": [_plain(codec.encode(event)) for event in made], "until": until(AGAIN_S)}


def _plain(record: codec.Record) -> dict[str, Any]:
    headers = [[name, value.decode()] for name, value in record.headers]
    return {"topic": record.topic, "key": record.key.decode(), "value": record.value.decode(), "headers": headers}


def _told(shop: Workshop, cause: Envelope[Message], kept: Mapping[str, Any] | None) -> Events | None:
    """The events that are kept, if they can be read and everything that they name is there."""
    if kept is None:
        return None
    try:
        told = [_event(one) for one in kept["events"]]
    except (KeyError, TypeError, ValueError, DecodeError) as error:
        log.warning("done anew: what the task led to cannot be read", task=cause.id, why=str(error))
        return None
    return told if all(shop.whole(event.data) for event in told) else None


def _event(one: Mapping[str, Any]) -> Envelope[Message]:
    headers = [(str(name), str(value).encode()) for name, value in one["headers"]]
    return codec.decode(one["topic"], one["key"].encode(), one["value"].encode(), headers)
