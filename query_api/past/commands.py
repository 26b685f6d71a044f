"""`swipestream state`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.console import LOOK, JsonOption, config, out, print_json
from infra.errors import BadInputError, NotFoundError

if TYPE_CHECKING:  # client libraries are loaded by the commands that need them: `--help` must not wait
    from infra.kafka.records import Received
    from query_api.past.cut import Cut
    from query_api.past.fold import Folded, VideoThen, ViewerThen

#: Where the events of a video and of a viewer are; an offset without a topic is one of the first.
VIDEO, VIEWER = ("video-events", "prompts"), ("swipes", "feed-events", "viewers")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VIEWER = re.compile(r"[A-Za-z0-9_-]{1,64}")


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command("state", rich_help_panel=LOOK)(state)


def state(
    key: Annotated[str, typer.Argument(metavar="ID", help="A video or a viewer.", show_default=False)],
    at: Annotated[
        str | None, typer.Option("--at", help="A time, or how long ago: 2026-01-31T12:00:00Z, 10m.", show_default="now")
    ] = None,
    offset: Annotated[
        str | None,
        typer.Option(
            "--offset", help="An offset in its partition, or a record as trace prints it.", show_default=False
        ),
    ] = None,
    viewer: Annotated[bool, typer.Option("--viewer", help="It is a viewer's, though it looks like a video's.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a video or a viewer as they were at a moment.

    The log of that key is folded up to then, and to no further record.

    Examples:

      swipestream state 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11 --at 10m

      swipestream state 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11 --offset video-events/2/1041 --json

      swipestream state anna --at 2026-01-31T12:00:00Z
    """
    from query_api.past import fold, screen

    if not _VIEWER.fullmatch(key):
        raise BadInputError(f"{key!r} is the id of nothing.", hint="A video's id is a UUID; a viewer's has no spaces.")
    if _UUID.fullmatch(key) and not viewer:
        folded = _folded(VIDEO, key, at, offset)
        if folded is not None:
            return _show(fold.video(folded, key), folded, screen.video, as_json=as_json)
    name = _in_the_log(key)
    if (folded := _folded(VIEWER, name, at, offset)) is None:
        raise NotFoundError(
            f"The log knows no video and no viewer {key}.",
            hint="A video's id is in `swipestream prompt … --json` and in the feed; a viewer's is what clients send.",
        )
    return _show(fold.viewer(folded, name), folded, screen.viewer, as_json=as_json)


def _in_the_log(viewer: str) -> str:
    """A viewer as events name them; as given where no name is known, since it may be an id already."""
    from infra.people.lookup import pseudonym

    try:
        return pseudonym(config().kafka_address, viewer)
    except NotFoundError:
        return viewer


def _folded(topics: tuple[str, ...], key: str, at: str | None, offset: str | None) -> Folded | None:
    """None where the log has nothing of that key, at any time."""
    from query_api.past.cut import cut
    from query_api.past.fold import fold
    from query_api.past.key import records

    wanted = cut(at, offset, topics[0], datetime.now(UTC))
    found = records(config().kafka_address, topics, key)
    if not found:
        return None
    _check(wanted, found, topics)
    folded = fold(found, wanted)
    if not folded.count:
        first = min(found, key=lambda record: record.timestamp_ms)
        when = datetime.fromtimestamp(first.timestamp_ms / 1000, UTC)
        raise NotFoundError(
            f"There was nothing of {key} yet.",
            hint=f"Its first event is {first.envelope.type} of {when:%Y-%m-%dT%H:%M:%S.%fZ}, "
            f"{first.topic}/{first.partition}/{first.offset}.",
        )
    return folded


def _check(wanted: Cut, found: list[Received], topics: tuple[str, ...]) -> None:
    """Raises BadInputError for a record of another topic or partition."""
    if wanted.offset is None:
        return
    if wanted.topic not in topics:
        raise BadInputError(f"{wanted.topic} does not tell of it.", hint=f"Its events are in {' and '.join(topics)}.")
    own = {record.partition for record in found if record.topic == wanted.topic}
    if wanted.partition is not None and own and wanted.partition not in own:
        raise BadInputError(f"Its events are in partition {min(own)} of {wanted.topic}, not in {wanted.partition}.")


def _show(then: VideoThen | ViewerThen | None, folded: Folded, show: Any, *, as_json: bool) -> None:
    if then is None:
        raise NotFoundError("Nothing that the views hold had happened by then.")
    if as_json:
        return print_json(then.as_json() | {"events": folded.count, "as_of": _last(folded)})
    out.print(show(then))
    return out.print(f"[dim]after {folded.count} events, the last {_told(_last(folded))}[/]")


def _last(folded: Folded) -> dict[str, Any] | None:
    if (last := folded.last) is None:
        return None
    where = f"{last.topic}/{last.partition}/{last.offset}"
    return {
        "event_id": last.envelope.id,
        "type": last.envelope.type,
        "time": last.envelope.time.isoformat(),
        "record": where,
    }


def _told(last: dict[str, Any] | None) -> str:
    return f"{last['type']}, {last['time']}, {last['record']}" if last else "none"
