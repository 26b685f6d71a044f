"""`swipestream forget`."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from infra.cli.bars import bars
from infra.cli.console import KEEP, JsonOption, config, err, out, print_json

if TYPE_CHECKING:  # client libraries are loaded by the commands that need them: `--help` must not wait
    from infra.people.forget import Erasure


def register(app: typer.Typer) -> None:
    """Add these commands to the CLI."""
    app.command("forget", rich_help_panel=KEEP)(forget)


def forget(
    viewer_id: Annotated[str, typer.Argument(help="As their client names them.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what tells of them, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether you are sure.")] = False,
    why: Annotated[str, typer.Option(help="Why; kept with the fact that somebody was erased.")] = "",
    backups: Annotated[
        Path | None,
        typer.Option(help="The folder of backups to take the key out of.", show_default="backups in the data folder"),
    ] = None,
    operator: Annotated[
        str, typer.Option(help="Who does it.", envvar="SWIPESTREAM_OPERATOR", show_default="the login name")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Erase one viewer for good.

    Their history, their likes, their feed go, and the key by which anything in the log was theirs. Events stay, under a
    pseudonym that nobody can tie to a person any more. No rebuild, replay or restore brings them back. It cannot be
    undone. Prints what was erased where, and what reading back has shown.

    Examples:

      swipestream forget anna --dry-run

      swipestream forget anna --yes --why "asked for it on 2026-01-31" --json
    """
    from infra.people.forget import Forget

    settings = config()
    with bars(quiet=as_json) as progress:
        work = Forget(settings, viewer_id, progress)
        found = work.look()
    if not dry_run:
        if not (yes or _sure(found)):
            raise typer.Abort
        found = work.erase(found, operator or getpass.getuser(), why, backups or settings.data_dir / "backups")
    if as_json:
        return print_json(found.as_json())
    out.print(_table(found))
    _tell(found)


def _sure(found: Erasure) -> bool:
    if not sys.stdin.isatty():
        err.print("Nobody is there to be asked: say --yes.")
        return False
    out.print(_table(found))
    return typer.confirm(f"Erase {found.viewer_id} for ever?")


def _table(found: Erasure) -> Table:
    table = Table("where", "what", "before", "" if found.dry_run else "after", box=None, pad_edge=False)
    for name, count in found.rows.items():
        table.add_row(name, "rows", str(count), "" if found.dry_run else str(found.rows_after.get(name, 0)))
    for name, count in found.named.items():
        table.add_row(name, "records", str(count), "" if found.dry_run else "stay, of nobody")
    table.add_row("viewer-keys", "key", "1", "" if found.dry_run else "destroyed")
    if found.backups:
        table.add_row("backups", "keys", str(found.backups), "0")
    return table


def _tell(found: Erasure) -> None:
    if found.dry_run:
        return out.print(f"{found.viewer_id} is {found.pseudonym} in the log. Nothing was changed.", soft_wrap=True)
    for check in found.checks:
        out.print(f"[green]read back[/] {check}")
    if not found.heard:
        err.print("The processors have not answered: they let go of the viewer as soon as they run.")
    return out.print(f"{found.viewer_id} is forgotten.", soft_wrap=True)
