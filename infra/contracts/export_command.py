"""`swipestream export`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra.cli.console import JsonOption, config, err, out, print_json
from infra.contracts.moments import moment_ms


def export(
    topic: Annotated[str, typer.Option(help="Which topic; docs/reference/events.md lists them.")],
    file: Annotated[Path, typer.Option("--out", help="The Parquet file to write; an old one is replaced.")],
    since: Annotated[
        str | None, typer.Option(help="From this moment on: an ISO 8601 time, or 90m, 12h, 7d ago.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this moment, given in the same way.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most this many records: the first to come.", min=1)] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a topic, or a part of it, into a Parquet file.

    One row for each record, one column for each field. Reads beside everything else: it joins no group and commits
    nothing.

    Examples:

      swipestream export --topic swipes --since 7d --out swipes.parquet

      swipestream export --topic video-events --since 2026-01-01 --until 2026-02-01 --out january.parquet --json
    """
    from infra.contracts.export import export_topic

    now = datetime.now(UTC)
    since_ms, until_ms = (moment_ms(text, now) if text else None for text in (since, until))
    columns = (TextColumn(topic), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=as_json or not sys.stderr.isatty()) as bar:
        task = bar.add_task(topic, total=None)
        summary = export_topic(
            config().kafka_address, topic, file, since_ms=since_ms, until_ms=until_ms, limit=limit,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    if as_json:
        return print_json(summary.as_json())
    for reason, count in summary.unreadable.items():
        err.print(f"{count} records could not be read: {reason}; see the column _error.")
    out.print(f"{summary.records} records of {topic} in {file} ({summary.size} bytes).", soft_wrap=True)
