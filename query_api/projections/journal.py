"""The versions as the topic `projections` tells of them, their next events, and the row that readers follow."""

from __future__ import annotations

from infra.cassandra.migrate import apply_version
from infra.cassandra.switch import drop, point
from infra.cassandra.versions import keyspace_of
from infra.contracts.slices import Slice
from infra.errors import NotFoundError, TransientError
from infra.kafka.producer import EventProducer
from infra.settings import Settings
from query_api.projections.versions import Status, Versions, fold
from schemas.base import rising
from schemas.envelope import root
from schemas.errors import DecodeError
from schemas.projections import ProjectionEvent

TOPIC = "projections"
SOURCE = "/projections"


class DecidedElsewhereError(TransientError):
    """Somebody else decided about the versions at the same time, and this decision did not count."""


def read(settings: Settings) -> Versions:
    """The versions as they are. Raises UnavailableError."""
    return fold(_events(settings))


def _events(settings: Settings) -> list[ProjectionEvent]:
    found: list[ProjectionEvent] = []
    try:
        with Slice(settings.kafka_address, TOPIC) as records:
            for record in records:
                try:
                    event = record.decode().data
                except DecodeError:
                    continue
                if isinstance(event, ProjectionEvent) and event.projection == settings.keyspace:
                    found.append(event)
    except NotFoundError:  # a log of before there were versions
        return []
    return found


def stamp(settings: Settings, versions: Versions) -> dict[str, object]:
    """The fields that every event of these versions begins with."""
    return {"projection": settings.keyspace, "ts_us": rising(versions.last_us)}


def tell(settings: Settings, event: ProjectionEvent) -> Versions:
    """Write an event down; the versions after it. Raises UnavailableError, DecidedElsewhereError."""
    producer = EventProducer(settings.kafka_address, "projections")
    try:
        producer.publish_all([(root(event, source=SOURCE), None)])
    finally:
        producer.close()
    versions = read(settings)
    if event not in versions.history:
        raise DecidedElsewhereError(hint="Look at `swipestream projections list`, and decide again.")
    return versions


def settle(settings: Settings, versions: Versions) -> None:
    """Carry out what was decided: the live version's tables, the row that readers follow, what was dropped. Idempotent.

    Raises UnavailableError.
    """
    if versions.live_us:
        apply_version(settings, keyspace_of(settings.keyspace, versions.live))
        point(settings, versions.live, versions.live_us)
    for number, version in versions.every.items():
        if version.status is Status.DROPPED and number != 1:
            drop(settings, number)


def current(settings: Settings) -> Versions:
    """The versions as they are, with every decision carried out. Raises UnavailableError."""
    versions = read(settings)
    settle(settings, versions)
    return versions
