"""CLI commands of this room: `swipestream trace`, `token`, `projections` and `state`."""

from __future__ import annotations

import json
import re
from typing import Annotated

import typer

from infra.auth.scopes import Scope
from infra.cli.console import RUN
from infra.errors import BadInputError
from infra.settings import settings
from query_api.lineage import commands as lineage
from query_api.past import commands as past
from query_api.projections import commands as projections


def register(app: typer.Typer) -> None:
    """Add this room's commands to the CLI."""
    lineage.register(app)
    app.command("token", rich_help_panel=RUN)(token)
    projections.register(app)
    past.register(app)


def token(
    viewer: Annotated[str, typer.Option(help="Whose token it is.")] = "operator",
    scope: Annotated[
        list[Scope] | None,
        typer.Option(metavar="SCOPE", help="What it allows: viewer, creator or operator; may be repeated."),
    ] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=9600, help="How long it lasts.")] = 12,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a token for the API and the gateway.

    It is signed with this installation's key.

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
