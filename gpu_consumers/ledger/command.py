"""`swipestream cost`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from infra.cli.console import JsonOption, config, err, out, print_json

if TYPE_CHECKING:
    from gpu_consumers.ledger.ledger import Line

#: What people's table shows of a line, empty where there is nothing; columns without anything are left out.
_COLUMNS: dict[str, Callable[[Line], str]] = {
    "videos": lambda line: f"{len(line.videos):,}",
    "scenes": lambda line: f"{line.scenes:,}",
    "reused": lambda line: f"{line.reused:,}",
    "CPU-s": lambda line: f"{line.cost.cpu_seconds:,.1f}",
    "GPU-s": lambda line: f"{line.cost.gpu_seconds:,.1f}" if line.cost.gpu_seconds else "",
    "kJ": lambda line: f"{line.cost.energy_j / 1000:,.2f}" if line.cost.energy_j else "",
    "cost": lambda line: f"{line.cost.amount:,.6f} {line.cost.currency}",
    "thrown away": lambda line: f"{line.thrown_share:.1%}" if line.thrown else "",
}
_ALWAYS = ("videos", "scenes", "reused", "CPU-s", "cost")

SinceOption = Annotated[str | None, typer.Option(help="From this moment on: an ISO 8601 time, or 90m, 12h, 7d ago.")]
UntilOption = Annotated[str | None, typer.Option(help="Before this moment, given in the same way.")]


def cost(
    by: Annotated[str, typer.Option(help="What to sum by: video, flavor, viewer or day.")] = "day",
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many lines; the total counts all.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Sum what videos cost: CPU, GPU, energy and money.

    CPU-seconds, GPU-seconds, energy where it could be read, money by the price then set; and how much of that was
    thrown away, since something else was asked for instead. Reads the log beside everything else: it joins no group and
    commits nothing.

    Examples:

      swipestream cost --by flavor --since 7d

      swipestream cost --by video --since 2026-01-01 --until 2026-02-01 --json
    """
    from gpu_consumers.ledger.ledger import By, total
    from gpu_consumers.ledger.read import read
    from infra.contracts.moments import moment_ms

    if by not in tuple(By):
        raise typer.BadParameter(f"{by!r} is none of {', '.join(By)}", param_hint="--by")
    now = datetime.now(UTC)
    since_ms, until_ms = (moment_ms(text, now) if text else None for text in (since, until))
    columns = (TextColumn("video-events"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=as_json or not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("", total=None)
        account = read(
            config().kafka_address, since_ms=since_ms, until_ms=until_ms,
            told=lambda done, all_of_it: bar.update(task, completed=done, total=all_of_it),
        )  # fmt: skip
    lines = account.ledger.lines(By(by))
    sums = total(lines)
    if as_json:
        return print_json(
            {"by": by, "lines": [_json(line) for line in lines[:limit]], "total": [_json(line) for line in sums],
             "left_off": max(0, len(lines) - limit), "unreadable": account.unreadable}
        )  # fmt: skip
    if not lines:
        return out.print("Nothing was spent in that time.")
    out.print(_table(by, lines[:limit], sums))
    err.print("[dim]CPU-s: seconds of one core; GPU-s: of one GPU.[/]")
    if len(lines) > limit:
        out.print(f"{len(lines) - limit} lines more: --limit {len(lines)} shows them.")
    if account.unreadable:
        err.print(f"Records that could not be read and are not counted: {account.unreadable}.")


def _json(line: Line) -> dict[str, Any]:
    counts = {"name": line.name, "videos": len(line.videos), "scenes": line.scenes, "scenes_reused": line.reused}
    counts |= {"thrown_away": round(line.thrown, 8), "thrown_away_share": round(line.thrown_share, 4)}
    return counts | {name: round(value, 8) if isinstance(value, float) else value for name, value in line.cost}


def _table(by: str, lines: list[Line], sums: list[Line]) -> Table:
    table = Table(box=None, header_style="bold", footer_style="bold", pad_edge=False)
    table.add_column(by, overflow="fold")  # where the terminal is narrow, names give way: they stay whole, figures too
    columns = {name: cell for name, cell in _COLUMNS.items() if name in _ALWAYS or any(map(cell, sums))}
    if by == "video":
        del columns["videos"]  # of one there is one; its id stays whole in 80 columns
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for line in lines:
        table.add_row(line.name, *(cell(line) or "–" for cell in columns.values()))
    table.add_section()
    for line in sums:
        table.add_row(line.name, *(cell(line) or "–" for cell in columns.values()), style="bold")
    return table
