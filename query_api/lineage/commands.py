"""`swipestream trace`."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from infra.api import ask
from infra.cli.console import LOOK, JsonOption, config, out, print_json
from infra.errors import BadInputError, NotFoundError
from infra.settings import Settings

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HINT = (
    "A video's id is in `swipestream prompt … --json` and in the feed; events have theirs in `swipestream trace VIDEO`."
)


def register(app: typer.Typer) -> None:
    """Add the command to the CLI."""
    app.command("trace", rich_help_panel=LOOK)(trace)


def trace(
    key: Annotated[str, typer.Argument(metavar="ID", help="A video, an event, a replay.", show_default=False)],
    up: Annotated[bool, typer.Option("--up", help="Only what led to it.")] = False,
    down: Annotated[bool, typer.Option("--down", help="Only what came of it.")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what led to a video or an event, and what came of it.

    With what it took and cost. An event is a swipe, a prompt, a script, a scene …

    Examples:

      swipestream trace 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11

      swipestream trace 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11 --up --json

      swipestream trace 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11 --mermaid > lineage.mmd
    """
    if not _UUID.fullmatch(key):
        raise BadInputError(f"{key!r} is no id: ids are UUIDs.", hint=_HINT)
    told = fetch(config(), key, "both" if up == down else "up" if up else "down")
    if as_json:
        return print_json(told)
    from query_api.lineage import drawing
    from query_api.lineage.graph import Graph

    graph = Graph.model_validate(told)
    return typer.echo(drawing.mermaid(graph)) if mermaid else out.print(drawing.tree(graph))


def fetch(settings: Settings, key: str, direction: str = "both") -> dict[str, Any]:
    """The lineage of something from the API. Raises NotFoundError, BadInputError or UnavailableError."""
    try:
        found: dict[str, Any] = ask(settings, lambda api: api.get(f"/v1/lineage/{key}", direction=direction))
    except NotFoundError as error:
        raise NotFoundError(str(error), hint=_HINT) from error
    return found
