"""Options of `swipestream replay plan` and `run`: what to read, and what to change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError

from infra.cli.console import config
from infra.contracts.moments import moment_ms
from infra.people.lookup import pseudonym
from producers.replay.options import unusable
from schemas.replays import Selection

_SELECTION = "Selection"
TopicOption = Annotated[
    list[str] | None, typer.Option("--topic", help="Read this topic; may be repeated.", rich_help_panel=_SELECTION)
]
FromOption = Annotated[
    str | None, typer.Option("--from", help="A time, 7d ago, or an offset.", rich_help_panel=_SELECTION)
]
ToOption = Annotated[str | None, typer.Option("--to", help="Given in the same way.", rich_help_panel=_SELECTION)]
TypeOption = Annotated[
    list[str] | None, typer.Option("--type", help="Events of this type.", rich_help_panel=_SELECTION)
]
ViewerOption = Annotated[
    str | None,
    typer.Option(
        "--viewer", help="Of, or made for, this viewer: their name, or id in the log.", rich_help_panel=_SELECTION
    ),
]
VideosOption = Annotated[list[str] | None, typer.Option("--video", help="This video.", rich_help_panel=_SELECTION)]
OfFlavorOption = Annotated[
    str | None, typer.Option("--flavor", help="Videos made with this flavor.", rich_help_panel=_SELECTION)
]
OfModelOption = Annotated[
    str | None, typer.Option("--model", help="Videos drawn by this model.", rich_help_panel=_SELECTION)
]
FailureOption = Annotated[
    str | None,
    typer.Option(
        "--failure",
        help="Videos that failed or lie in the dead letters: class, stage, or words.",
        rich_help_panel=_SELECTION,
    ),
]
_CHANGES = "Changes, with --regenerate"
WithFlavorOption = Annotated[
    str | None, typer.Option("--with-flavor", help="Make them with this flavor.", rich_help_panel=_CHANGES)
]
WithModelOption = Annotated[
    str | None, typer.Option("--with-model", help="Draw with this backend.", rich_help_panel=_CHANGES)
]
WithVoiceOption = Annotated[
    str | None, typer.Option("--with-voice", help="Speak with this voice.", rich_help_panel=_CHANGES)
]
WithSeedOption = Annotated[
    int | None, typer.Option("--with-seed", min=0, help="Draw other pictures.", rich_help_panel=_CHANGES)
]
WithArchetypeOption = Annotated[
    str | None, typer.Option("--with-archetype", help="Write to this shape.", rich_help_panel=_CHANGES)
]


def select(
    topics: list[str] | None, since: str | None, until: str | None, types: list[str] | None, viewer: str | None,
    videos: list[str] | None, flavor: str | None, model: str | None, failure: str | None,
) -> Selection:  # fmt: skip
    """The selection that the options name. Raises ChangeError, BadMomentError, and NotFoundError for the viewer."""
    now = datetime.now(UTC)
    # A selection is kept as an event, and events name nobody.
    viewer = pseudonym(config().kafka_address, viewer) if viewer else None
    first, last = (int(text) if text and text.isdigit() else None for text in (since, until))
    try:
        return Selection(
            **{"topics": tuple(topics)} if topics else {},
            since_ms=moment_ms(since, now) if since and first is None else None,
            # The range ends now at the latest, so that a replay means the same when it is resumed.
            until_ms=moment_ms(until, now) if until and last is None else int(now.timestamp() * 1000) + 1,
            first_offset=first, last_offset=last, types=tuple(types or ()), viewer_id=viewer,
            videos=tuple(videos or ()), flavor=flavor, model=model, failure=failure,
        )  # fmt: skip
    except ValidationError as error:
        raise unusable(error) from error
