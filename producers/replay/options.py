"""Options that several commands have, and who is at the keyboard."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer
from pydantic import ValidationError

from producers.replay.errors import ChangeError, UnknownVideoError
from producers.replay.history import History
from producers.replay.log import histories
from schemas.prompts import Changes

ReplayArgument = Annotated[str, typer.Argument(help="The replay's id, or its beginning.", show_default=False)]
VideoArgument = Annotated[str, typer.Argument(help="The video's id.", show_default=False)]
FlavorOption = Annotated[str | None, typer.Option(help="Make it with this flavor.", rich_help_panel="Changes")]
ModelOption = Annotated[str | None, typer.Option(help="Draw with this backend.", rich_help_panel="Changes")]
VoiceOption = Annotated[str | None, typer.Option(help="Speak with this voice.", rich_help_panel="Changes")]
SeedOption = Annotated[int | None, typer.Option(help="Draw other pictures.", min=0, rich_help_panel="Changes")]
ArchetypeOption = Annotated[str | None, typer.Option(help="Write to this shape.", rich_help_panel="Changes")]
TextOption = Annotated[str | None, typer.Option(help="Write about this instead.", rich_help_panel="Changes")]
ReasonOption = Annotated[str, typer.Option(help="Why; it is kept with the event.", show_default=False)]
OperatorOption = Annotated[
    str,
    typer.Option(
        help="Who.", envvar="SWIPESTREAM_OPERATOR", default_factory=lambda: operator(), show_default="the login name"
    ),
]
WhyOption = Annotated[str, typer.Option("--reason", help="Why; it is kept with the event.")]


def operator() -> str:
    """The name of who runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def changes(
    flavor: str | None, model: str | None, voice: str | None, seed: int | None, archetype: str | None, text: str | None
) -> Changes:  # fmt: skip
    """The changes that the options name. Raises ChangeError for one that no contract can hold."""
    try:
        return Changes(flavor=flavor, model=model, voice=voice, seed=seed, archetype=archetype, text=text)
    except ValidationError as error:
        raise unusable(error) from error


def unusable(error: ValidationError) -> ChangeError:
    """What pydantic found first, in one sentence."""
    first = error.errors(include_url=False, include_input=False)[0]
    return ChangeError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.")


def history(bootstrap: str, video_id: str) -> History:
    """What the log says of a video. Raises UnknownVideoError, UnavailableError."""
    found = histories(bootstrap, [video_id]).get(video_id)
    if found is None:
        raise UnknownVideoError(f"There is no video {video_id} in the log.")
    return found
