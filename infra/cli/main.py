"""The command line: its commands, and how it says that something went wrong."""

from __future__ import annotations

import os
import sys
import traceback
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from infra import misspelt
from infra.cli import down, migrate, status, up, version
from infra.cli.console import PANELS, RUN, err
from infra.errors import SwipestreamError
from infra.stack.jars import cache_dir
from infra.telemetry import logs

#: Where the other rooms name their commands: infra imports none of them.
COMMANDS_GROUP = "swipestream.commands"
_UNEXPECTED, _INTERRUPTED = 70, 130

app = typer.Typer(
    name="swipestream",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog='Start with `swipestream up`; then `swipestream prompt "Why do cats purr?" --wait --out cats.mp4`.',
)
for name, command in (("up", up.up), ("down", down.down), ("status", status.status), ("version", version.version)):
    app.command(name, rich_help_panel=RUN)(command)
app.add_typer(migrate.topics, name="topics", rich_help_panel=RUN)
app.add_typer(migrate.tables, name="tables", rich_help_panel=RUN)


@app.callback()
def root(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")] = False,
) -> None:
    """Turns prompts and swipes into an endless feed of short vertical videos.

    Settings come from the environment (`SWIPESTREAM_…`) and from the file `swipestream.env`.
    """
    logs.configure("WARNING")  # what is printed is the result
    for sentence in misspelt.told():
        err.print(Text.assemble(("warning: ", "bold yellow"), sentence), soft_wrap=True)


def main() -> None:
    """Run one command; every error ends as one line on stderr and an exit code."""
    try:
        if not _is_own(sys.argv[1:]):
            _add_commands(app)
        app()
    except KeyboardInterrupt:  # while commands are still loaded; in a command it is the command's affair
        sys.exit(_INTERRUPTED)
    except SwipestreamError as error:
        _say(str(error), error.hint)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, it is told in one line
        _say_unexpected(error)
        sys.exit(_UNEXPECTED)


def _is_own(words: list[str]) -> bool:
    """Whether these call for a command of this room: it need not wait until those of the others are loaded."""
    called = next((word for word in words if not word.startswith("-")), None)
    return called in {each.name for each in app.registered_commands} | {each.name for each in app.registered_groups}


def _add_commands(to: typer.Typer) -> None:
    for point in entry_points(group=COMMANDS_GROUP):
        try:
            point.load()(to)
        except Exception as error:  # noqa: BLE001 - one room that is broken must not take away the other commands
            _say(f"The commands of {point.name} are missing: {error!r}.", None)
    to.registered_commands.sort(key=lambda found: PANELS.index(found.rich_help_panel or RUN))


def _say(message: str, hint: str | None) -> None:
    err.print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)
    if hint:
        err.print(Text.assemble(("hint: ", "bold"), hint), soft_wrap=True)


def _say_unexpected(error: Exception) -> None:
    text = "".join(traceback.format_exception(error))
    if "--debug" in sys.argv:
        return err.print(Text(text), soft_wrap=True)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    place = cache_dir().parent / "traceback.txt"  # the last one, so that they do not pile up
    try:
        _keep(text, place)
    except OSError:
        return _say(f"Unexpected {what}", "`swipestream --debug …` shows the traceback.")
    return _say(f"Unexpected {what}", f"The traceback is in {place}; `swipestream --debug …` shows it here.")


def _keep(text: str, place: Path) -> None:
    """For its owner alone: what was asked for may be in it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    with open(place, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(text)
