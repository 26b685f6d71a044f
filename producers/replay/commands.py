"""The commands of this room: `swipestream replay …`, `regenerate`, `diff`, `promote`, `drop` and `withdraw`."""

from __future__ import annotations

import typer

from infra.cli.console import KEEP, MAKE
from producers.replay import (
    diff_command,
    order_commands,
    regenerate_command,
    run_commands,
    status_command,
    verdict_commands,
)

replay = typer.Typer(
    no_args_is_help=True, help="Replays: read the log again, make videos anew.\n\nLive offsets are never touched."
)
for _commands in (run_commands.COMMANDS, order_commands.COMMANDS, verdict_commands.OF_A_REPLAY):
    for _name, _command in _commands.items():
        replay.command(_name)(_command)
replay.command("status")(status_command.status)


def register(app: typer.Typer) -> None:
    """Add these commands to the CLI."""
    app.add_typer(replay, name="replay", rich_help_panel=KEEP)
    app.command("regenerate", rich_help_panel=MAKE)(regenerate_command.regenerate)
    app.command("diff", rich_help_panel=MAKE)(diff_command.diff)
    for name, command in verdict_commands.OF_A_VIDEO.items():
        app.command(name, rich_help_panel=MAKE)(command)
