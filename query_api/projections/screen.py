"""What the commands on versions show on the terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from infra.cli.console import err, out
from infra.ending import interrupts
from query_api.projections.filling import Progress as Filled
from query_api.projections.operations import Listed
from query_api.projections.verifying import Verdict
from query_api.projections.versions import Status
from schemas.projections import ProjectionVerified

_COLOURS = {
    Status.LIVE: "green",
    Status.READY: "cyan",
    Status.BUILDING: "yellow",
    Status.KEPT: "",
    Status.DROPPED: "dim",
}
#: Where no bar can be drawn, a line is said this often.
SAY_S = 10.0


class Told:
    """Takes progress and shows it."""

    def __init__(self, what: str, bar: Progress, *, quiet: bool) -> None:
        self._what, self._bar, self._quiet = what, bar, quiet
        self._task = bar.add_task(what, total=None, rate="", lag="")
        self._said = 0.0
        self.last = Filled()

    def __call__(self, progress: Filled) -> None:
        self.last = progress
        rate, lag = f"{progress.rate:,.0f}/s", f"lag {progress.left:,}"
        self._bar.update(self._task, total=progress.total or None, completed=progress.done, rate=rate, lag=lag)
        if self._bar.disable and not self._quiet and progress.seconds - self._said > SAY_S:
            self._said = progress.seconds
            err.print(f"{self._what}: {progress.told()}, {lag}")


@contextmanager
def watched(what: str, *, quiet: bool) -> Iterator[tuple[threading.Event, Told]]:
    """A bar, and the event that Ctrl-C sets."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[lag]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with interrupts() as stopped, Progress(*columns, console=err, disable=quiet or not sys.stderr.isatty()) as bar:
        yield stopped, Told(what, bar, quiet=quiet)


@contextmanager
def counted(*, quiet: bool) -> Iterator[tuple[threading.Event, Callable[[str, int], None]]]:
    """What is being compared and how much was, and the event that Ctrl-C sets."""
    with interrupts() as stopped, Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,}"),
        console=err, disable=quiet or not sys.stderr.isatty(),
    ) as bar:  # fmt: skip
        task = bar.add_task("comparing", total=None)
        yield stopped, lambda what, count: bar.update(task, description=f"comparing {what}", completed=count)


def told(event: ProjectionVerified, verdict: Verdict) -> None:
    """Print what a comparison found."""
    other = f"version {event.against}" if event.against else "the log"
    for one in verdict.differences:
        sides = {"old": f"not in {other}", "new": f"not in version {event.version}"}
        out.print(f"{one.table}  {' '.join(map(str, one.key))}  {sides.get(one.missing, ', '.join(one.columns))}")
    if verdict.differences:
        more = "at least " if verdict.more else ""
        err.print(f"[red]{more}{len(verdict.differences):,} of {verdict.rows:,} rows differ from {other}.[/]")
    else:
        err.print(f"[green]{verdict.rows:,} rows are as in {other}.[/]")


def table(found: Sequence[Listed]) -> Table:
    """The versions, one line each."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("version", "status", "behind", "verified", "since", "by", "why", "keyspace"):
        # Where the terminal is narrow, the reason alone gives way.
        shown.add_column(heading, no_wrap=heading != "why", overflow="fold")
    for one in found:
        version, colour = one.version, _COLOURS[one.version.status]
        status = f"[{colour}]{version.status.value}[/]" if colour else version.status.value
        behind = "" if one.lag is None else f"{one.lag:,}"
        shown.add_row(
            str(version.number), status, behind, _verified(one), _since(version.since_us),
            version.by, version.why, one.keyspace,
        )  # fmt: skip
    return shown


def _verified(one: Listed) -> str:
    if (found := one.version.verified) is None:
        return ""
    return f"{found.rows:,} rows" if not found.different else f"[red]{found.different:,} differ[/]"


def _since(ts_us: int) -> str:
    return datetime.fromtimestamp(ts_us / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M") if ts_us else ""
