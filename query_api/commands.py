"""CLI commands of this room: `swipestream trace`, `token`, `projections` and `state`."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from infra.auth.local import headers
from infra.auth.scopes import Scope
from infra.errors import BadInputError, NotFoundError, UnavailableError
from infra.settings import settings
from query_api.past import commands as past
from query_api.projections import commands as projections

out = Console()
Event = Mapping[str, Any]


def register(app: typer.Typer) -> None:
    """Add this room's commands to the CLI."""
    app.command("trace")(trace)
    app.command("token")(token)
    projections.register(app)
    past.register(app)


def trace(
    video_id: Annotated[str, typer.Argument(help="The video's id.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how a video came to be: each event with its id, its time, how long it took and what it cost.

    Example:

      swipestream trace 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11
    """
    story = fetch(settings().api_url, video_id)
    if as_json:
        typer.echo(json.dumps(story, indent=2))
    else:
        out.print(tree(story))


def token(
    viewer: Annotated[str, typer.Option(help="Whose token it is.")] = "operator",
    scope: Annotated[list[Scope] | None, typer.Option(help="What it allows; may be repeated.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=9600, help="How long it lasts.")] = 12,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a token for the API and the gateway, signed with this installation's key.

    Examples:

      swipestream token --viewer anna --scope viewer --scope creator

      curl -H "Authorization: Bearer $(swipestream token --scope operator)" http://127.0.0.1:8000/v1/figures
    """
    from infra.auth.keys import root_key
    from infra.auth.tokens import TokenIssuer

    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", viewer):
        raise BadInputError(f"{viewer!r} cannot name a viewer.", hint="Letters, digits, `-` and `_`, 64 at most.")
    scopes = scope or [Scope.VIEWER, Scope.CREATOR]
    made = TokenIssuer(root_key(settings())).issue(viewer, scopes, hours * 3600)
    typer.echo(json.dumps({"token": made, "viewer_id": viewer, "scopes": sorted(scopes)}) if as_json else made)


def fetch(api: str, video_id: str) -> dict[str, Any]:
    """The story of a video from the API. Raises NotFoundError, BadInputError or UnavailableError."""
    try:
        answer = httpx.get(f"{api}/v1/videos/{video_id}/events", timeout=10, headers=headers(settings()))
    except httpx.TransportError as error:
        hint = "Start it with `swipestream up` (or `make run`)."
        raise UnavailableError(f"{api} does not answer ({type(error).__name__}).", hint=hint) from error
    if answer.is_success:
        story: dict[str, Any] = answer.json()
        return story
    kinds = {404: NotFoundError, 422: BadInputError}
    raise kinds.get(answer.status_code, UnavailableError)(_detail(answer))


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError):
        return f"HTTP {answer.status_code}"


def tree(story: Mapping[str, Any]) -> Tree:
    """The events below what caused them; what was caused by nothing in the story stands at the top."""
    events: Sequence[Event] = story["events"]
    known = {event["id"]: event["ts_us"] for event in events}
    children: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        cause = event.get("causation_id", "")
        children[cause if cause in known else ""].append(event)
    top = Tree(Text(f"video {story['video_id']}", style="bold"), guide_style="dim")
    start_us = events[0]["ts_us"] if events else 0
    _grow(top, "", start_us, children, start_us)
    return top


def _grow(branch: Tree, cause: str, cause_us: int, children: Mapping[str, Sequence[Event]], start_us: int) -> None:
    for event in children.get(cause, ()):
        own = branch.add(_line(event, start_us, cause_us))
        _grow(own, event["id"], event["ts_us"], children, start_us)


def _line(event: Event, start_us: int, cause_us: int) -> Text:
    """One event: when, what, how long after its cause; below that where to find it."""
    return Text.assemble(
        (f"{_seconds(event['ts_us'] - start_us)}  ", "cyan"),
        (event["type"], "red" if event["type"] in _BAD else "green"),
        (f"  took {_seconds(event['ts_us'] - cause_us)}", "yellow"),
        f"  {_told(event['data'])}\n",
        (f"{event['id']}  {event['time'][11:23]}  {event['record']}", "dim"),
    )


def _seconds(us: int) -> str:
    return f"{us / 1_000_000:.3f} s"


_BAD = ("PromptRejected", "VideoFailed", "VideoWithdrawn")
#: The first of these that an event has says most about it.
_TELLING = ("reason", "backend", "voice", "writer", "text", "title")


def _told(data: Mapping[str, Any]) -> str:
    cost = data.get("cost", {})
    parts = [
        f"scene {data['scene_number']}" if "scene_number" in data else "",
        next((str(data[name]) for name in _TELLING if name in data), ""),
        f"{cost['amount']:.6f} {cost['currency']}" if cost.get("amount") else "",
    ]
    return " · ".join(part[:60] for part in parts if part)
