"""Progress of long work: a bar for each thing that is being done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from infra.cli.console import err


@contextmanager
def bars(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Call what is given with what is being done, how much of it is done, and out of how much."""
    columns = (TextColumn("{task.description:<24}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=quiet or not sys.stderr.isatty()) as shown:
        known: dict[str, TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in known:
                known[what] = shown.add_task(what, total=total)
            # What is done goes: there may be more of it than a terminal has lines.
            shown.update(known[what], completed=done, total=total, visible=done < total)

        yield told
