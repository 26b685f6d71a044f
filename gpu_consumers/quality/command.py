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
    from gpu_consumers.quality.distances import DistanceEvent
    from gpu_consumers.quality.fvd import Compared, Network
    from gpu_consumers.quality.span import Span
    from gpu_consumers.quality.summary import Line, Summary
    from infra.storage.blobs import BlobStore
    from schemas.quality import DistanceMeasured
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
            help="Also measure the Fréchet video distance of each model's and flavor's clips to the videos there"
            " (SWIPESTREAM_FVD_NETWORK), and record it.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show figures of the scenes that were made, and what is odd.

    By model and shape, and what was far off what is usual. Medians: sharpness (variance of the Laplacian), flicker
    (levels that come and go), PSNR and SSIM against the draft of the same scene, seconds of CPU or GPU and cost for
    each second of the clip; and the Fréchet video distances that were measured in that time. Reads the log beside
    everything else.

    Examples:

      swipestream quality

      swipestream quality --since 12h --json

      SWIPESTREAM_FVD_NETWORK=i3d.pt swipestream quality --fvd reference/
    """
    from gpu_consumers.quality.distances import newest
    from gpu_consumers.quality.span import Span

    network = _network() if fvd else None
    span = Span.of(since, until)
    before = _recorded(needed=network is not None)
    summary, unreadable = _read(span, quiet=as_json)
    lines = summary.lines()
    found, made = _measured(summary, network, fvd, span, before, quiet=as_json) if network and fvd else ([], [])
    distances = newest(one.data for one in (*before, *made) if one in made or span.holds(one.data.ts_us))
    if as_json:
        anomalies = [one.model_dump(mode="json") for one in summary.newest(limit)]
        kinds = [_json(line) for line in lines[:limit]]
        return print_json(
            {"kinds": kinds, "left_off": max(0, len(lines) - limit), "anomalies": anomalies,
             "anomalies_in_all": len(summary.anomalies), "unreadable": unreadable,
             "fvd": [asdict(one) for one in found],
             "distances": [one.model_dump(mode="json") for one in distances]}
        )  # fmt: skip
    if not lines and not summary.anomalies and not distances:
        return out.print("No scene was made in that time.")
    if lines:
        out.print(_table(lines[:limit]))
    if len(lines) > limit:
        out.print(f"{len(lines) - limit} kinds more: --limit {len(lines)} shows them.")
    if distances:
        out.print(_beside(distances))
    for one in found:
        if one.fvd is None:
            out.print(f"[red]no FVD[/]  {one.group} {escape(one.name)}: {escape(one.why)}", soft_wrap=True)
    for each in summary.newest(limit):
        out.print(_odd(each), soft_wrap=True, highlight=False)
    if unreadable:
        err.print(f"{unreadable} records could not be read and are not counted.")


def _read(span: Span, *, quiet: bool) -> tuple[Summary, int]:
    """What the log says of that time, and how many records could not be read."""
    from gpu_consumers.quality.summary import Summary
    from infra.contracts.slices import Slice
    from schemas.errors import DecodeError

    summary, unreadable = Summary(), 0
    columns = (TextColumn("video-events"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Slice(config().kafka_address, "video-events", since_ms=span.since_ms, until_ms=span.until_ms) as part,
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


def _recorded(*, needed: bool) -> list[DistanceEvent]:
    """What was measured before. Where nothing can be recorded, nothing is measured for nothing."""
    from gpu_consumers.quality.distances import TOPIC, recorded

    try:
        return recorded(config().kafka_address)
    except NotFoundError as error:
        if not needed:
            return []
        raise NotFoundError(
            f"there is no topic {TOPIC} for what is measured", hint="swipestream topics apply"
        ) from error


def _measured(
    summary: Summary, network: Network, folder: Path, span: Span, before: list[DistanceEvent], *, quiet: bool
) -> tuple[list[Compared], list[DistanceEvent]]:
    """Of each model's and flavor's clips that are still there, beside a reference; recorded where there is a figure."""
    from gpu_consumers.quality.fvd import compared, videos
    from gpu_consumers.quality.recording import Reference, record
    from infra.storage.stores import media_store

    blobs, given = media_store(config()), videos(folder)
    sets = {owner: list(_kept(blobs, clips)) for owner, clips in summary.sets.items()}
    columns = (TextColumn("videos"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=quiet or not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("", total=len(given) + len({file for files in sets.values() for file in files}))
        found = compared(sets, given, network, lambda: bar.advance(task))
    reference = Reference.of(folder, given, network)
    return found, record(config().kafka_address, found, sets, reference, span, before)


def _kept(blobs: BlobStore, names: Iterable[str]) -> Iterator[Path]:
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


def _beside(distances: list[DistanceMeasured]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("FVD of", "", "clips", "beside", "FVD", "usual", "measured"):
        figures = column in ("clips", "FVD", "usual")
        table.add_column(column, justify="right" if figures else "left", overflow="fold", no_wrap=bool(column))
    for one in distances:
        figure = f"[red]{_figure(one.distance)}[/]" if one.outlier else _figure(one.distance)
        usual = _figure(one.outlier.typical) if one.outlier else "–"
        when = datetime.fromtimestamp(one.ts_us / 1e6, UTC).strftime("%Y-%m-%d")
        beside = escape(f"{one.reference_clips:,} of {one.reference_name[:24]} {one.reference[:8]}")
        table.add_row(one.group.value, escape(one.name), f"{one.clips:,}", beside, figure, usual, when)
    return table


def _figure(distance: float) -> str:
    """How large they are is the network's affair."""
    return f"{distance:,.1f}" if distance >= 10 else f"{distance:.3g}"


def _odd(one: AnomalyFound) -> str:
    when = datetime.fromtimestamp(one.ts_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")
    what = ", ".join(f"{each.figure} {each.value:g} (usual {each.typical:g})" for each in one.outliers)
    return f"[red]odd[/]  {when}  {one.video_id} scene {one.scene_number}: {escape(what)}, {escape(one.kind)}"
