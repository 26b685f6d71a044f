"""`swipestream quality`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gpu_consumers.ledger.command import SinceOption, UntilOption
from infra.cli.console import JsonOption, config, err, out, print_json
from infra.errors import BadInputError, NotFoundError

if TYPE_CHECKING:
    from gpu_consumers.quality.fvd import Network
    from gpu_consumers.quality.summary import Line, Summary
    from infra.storage.blobs import LocalBlobStore
    from schemas.videos import AnomalyFound

#: The columns of people's table: figure, heading, how it is written.
COLUMNS = (
    ("sharpness", "sharpness", ",.0f"), ("flicker", "flicker", ".2f"), ("psnr_db", "PSNR dB", ".1f"),
    ("ssim", "SSIM", ".3f"), ("seconds", "s / s", ",.2f"), ("amount", "cost / s", ".3g"),
)  # fmt: skip


def quality(
    since: SinceOption = "7d",
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many kinds of scenes, and as many anomalies.")] = 20,
    fvd: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            exists=True,
            file_okay=False,
            help="Also the Fréchet video distance of each model's clips to the videos there (SWIPESTREAM_FVD_NETWORK).",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show figures of the scenes that were made, by model and shape, and which scenes were far off what is usual.

    Medians: sharpness (variance of the Laplacian), flicker (levels that come and go), PSNR and SSIM against the draft
    of the same scene, seconds of CPU or GPU and cost for each second of the clip. Reads the log beside everything else.

    Examples:

      swipestream quality

      swipestream quality --since 12h --json

      SWIPESTREAM_FVD_NETWORK=i3d.pt swipestream quality --fvd reference/
    """
    network = _network() if fvd else None
    summary, unreadable = _read(since, until, quiet=as_json)
    lines = summary.lines()
    distances = _distances(summary, network, fvd, quiet=as_json) if network and fvd else []
    if as_json:
        anomalies = [one.model_dump(mode="json") for one in summary.newest(limit)]
        kinds = [_json(line) for line in lines[:limit]]
        return print_json(
            {"kinds": kinds, "left_off": max(0, len(lines) - limit), "anomalies": anomalies,
             "anomalies_in_all": len(summary.anomalies), "unreadable": unreadable, "fvd": distances}
        )  # fmt: skip
    if not lines and not summary.anomalies:
        return out.print("No scene was made in that time.")
    out.print(_table(lines[:limit]))
    if len(lines) > limit:
        out.print(f"{len(lines) - limit} kinds more: --limit {len(lines)} shows them.")
    for told in distances:
        shown = f"{told['fvd']:,.1f}" if told["fvd"] is not None else f"[red]none[/]  {escape(told['why'])}"
        out.print(f"FVD  {escape(told['model'])}, {told['clips']:,} clips: {shown}", soft_wrap=True, highlight=False)
    for one in summary.newest(limit):
        out.print(_odd(one), soft_wrap=True, highlight=False)
    if unreadable:
        err.print(f"{unreadable} records could not be read and are not counted.")


def _read(since: str | None, until: str | None, *, quiet: bool) -> tuple[Summary, int]:
    """What the log says of that time, and how many records could not be read."""
    from gpu_consumers.quality.summary import Summary
    from infra.contracts.moments import moment_ms
    from infra.contracts.slices import Slice
    from schemas.errors import DecodeError

    now, summary, unreadable = datetime.now(UTC), Summary(), 0
    since_ms, until_ms = (moment_ms(text, now) if text else None for text in (since, until))
    columns = (TextColumn("video-events"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Slice(config().kafka_address, "video-events", since_ms=since_ms, until_ms=until_ms) as part,
        Progress(*columns, console=err, disable=quiet or not sys.stderr.isatty(), transient=True) as bar,
    ):
        task = bar.add_task("", total=part.total)
        for record in part:
            try:
                summary.learn(record.decode())
            except DecodeError:
                unreadable += 1
            bar.update(task, completed=part.done)
    return summary, unreadable


def _network() -> Network:
    from gpu_consumers.quality.fvd import Network

    if (file := config().fvd_network) is None:
        raise BadInputError(
            "there is no network for FVD", hint="Name its TorchScript file: SWIPESTREAM_FVD_NETWORK=/models/i3d.pt"
        )
    wanted = config().device
    return Network(file, "cpu" if wanted == "auto" else wanted)


def _distances(summary: Summary, network: Network, reference: Path, *, quiet: bool) -> list[dict[str, Any]]:
    """Of each model's clips that are still there."""
    from gpu_consumers.quality.fvd import compared, videos
    from infra.storage.blobs import LocalBlobStore

    blobs, given = LocalBlobStore(config().media_dir), videos(reference)
    sets = {name: list(_kept(blobs, clips)) for name, clips in summary.clips.items()}
    columns = (TextColumn("videos"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=quiet or not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("", total=len(given) + sum(map(len, sets.values())))
        return [asdict(one) for one in compared(sets, given, network, lambda: bar.advance(task))]


def _kept(blobs: LocalBlobStore, names: Iterable[str]) -> Iterator[Path]:
    for name in sorted(names):
        with contextlib.suppress(NotFoundError):  # old media go, and other installations have theirs
            yield blobs.path(name)


def _json(line: Line) -> dict[str, Any]:
    return {"kind": line.kind, "scenes": line.scenes, "anomalies": line.odd, **line.figures}


def _table(lines: list[Line]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    shown = [column for column in COLUMNS if any(column[0] in line.figures for line in lines)]
    table.add_column("model, look, shape", overflow="fold")
    for heading in ("scenes", *(heading for _, heading, _ in shown), "odd"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in lines:
        cells = (format(line.figures[name], form) if name in line.figures else "–" for name, _, form in shown)
        odd = f"[red]{line.odd}[/]" if line.odd else "0"
        table.add_row(escape(line.kind), f"{line.scenes:,}", *cells, odd)
    return table


def _odd(one: AnomalyFound) -> str:
    when = datetime.fromtimestamp(one.ts_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")
    what = ", ".join(f"{each.figure} {each.value:g} (usual {each.typical:g})" for each in one.outliers)
    return f"[red]odd[/]  {when}  {one.video_id} scene {one.scene_number}: {escape(what)}, {escape(one.kind)}"
