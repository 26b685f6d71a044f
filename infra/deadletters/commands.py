"""`swipestream dead list|show|edit|redrive|discard`."""

from __future__ import annotations

import typer

from infra.cli.console import KEEP
from infra.deadletters import decide_commands, look_commands

dead = typer.Typer(
    no_args_is_help=True,
    help="Dead letters: records that a consumer could not handle.\n\nThey are kept, with why, until somebody decides.",
    epilog="Begin with `swipestream dead list`; mend the cause; then `swipestream dead redrive --reason …`.",
)
dead.command("list")(look_commands.list_letters)
for command in (look_commands.show, decide_commands.redrive, decide_commands.edit, decide_commands.discard):
    dead.command()(command)


def register(app: typer.Typer) -> None:
    """Add these commands to the CLI."""
    app.add_typer(dead, name="dead", rich_help_panel=KEEP)
