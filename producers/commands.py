"""CLI commands of this room: `swipestream prompt` and `swipestream simulate`; the others are in `replay`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.api import ask, translated
from infra.auth.local import token
from infra.cli.console import MAKE, JsonOption, err, out, print_json
from infra.errors import BadInputError
from infra.settings import settings
from producers.replay import commands as replay

if TYPE_CHECKING:
    from swipestream_client import Swipestream

    from producers.simulate import Tally


def register(app: typer.Typer) -> None:
    """Add this room's commands to the CLI."""
    app.command("prompt", rich_help_panel=MAKE)(prompt)
    app.command("simulate", rich_help_panel=MAKE)(simulate_command)
    replay.register(app)


def prompt(
    text: Annotated[str, typer.Argument(help="What the video is about.", show_default=False)],
    flavor: Annotated[str, typer.Option(help="Which flavor makes it; see GET /v1/flavors.")] = "default",
    archetype: Annotated[str | None, typer.Option(help="Shape of the script: list, how-to, story-twist …")] = None,
    seconds: Annotated[float | None, typer.Option("--seconds", help="Length to aim for, 15 to 180.")] = None,
    shape: Annotated[
        str | None, typer.Option("--format", help="Width to height: 9:16, 16:9 or 1:1. By default the flavor's.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the video is there.")] = False,
    file: Annotated[Path | None, typer.Option("--out", help="Write the MP4 here (implies --wait).")] = None,
    timeout: Annotated[float, typer.Option(help="Give up waiting after this many seconds.")] = 300,
    as_json: JsonOption = False,
) -> None:
    """Ask for a video.

    Examples:

      swipestream prompt "Why do cats purr?" --wait --out cats.mp4

      swipestream prompt "Three ways to fall asleep" --archetype list --json

      swipestream prompt "How do tides work?" --format 16:9 --wait --out tides.mp4
    """
    options: dict[str, Any] = {"flavor": flavor, "archetype": archetype, "target_seconds": seconds, "format": shape}

    async def work(api: Swipestream) -> dict[str, Any]:
        answer = await api.prompt(text, **options)
        if wait or file:
            answer |= await _wait(api, answer["video_id"], timeout, quiet=as_json)
        if file:
            answer |= {"file": str(file), "bytes": await _save(api, answer["card"], file)}
        return answer

    _print(ask(settings(), work), as_json)


async def _wait(api: Swipestream, video_id: str, timeout: float, *, quiet: bool) -> dict[str, Any]:
    from swipestream_client import Step

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=err, disable=quiet or not sys.stderr.isatty()) as bar:
        task = bar.add_task("queued", total=1.0)
        step = Step(fraction=0, stage="queued")
        async for step in api.follow(video_id, timeout=timeout):
            bar.update(task, completed=step.fraction, description=step.stage)
    return {"status": "published", "card": step.card}


async def _save(api: Swipestream, card: dict[str, Any], file: Path) -> int:
    try:
        return await api.download(card["media"]["video"], file)
    except OSError as error:
        raise BadInputError(f"Cannot write {file}: {error.strerror}.") from error


def _print(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return print_json(answer)
    video_id = answer["video_id"]
    if card := answer.get("card"):
        out.print(f"[bold]{escape(card['title'])}[/], {card['duration_ms'] / 1000:.1f} s of video")
        out.print(f"{video_id}\n{settings().api_url}/#/v/{video_id}", soft_wrap=True)
    else:
        out.print(f"accepted: [bold]{video_id}[/]\nfollow it with: swipestream trace {video_id}", soft_wrap=True)
    if file := answer.get("file"):
        out.print(f"written to [bold]{escape(file)}[/] ({answer['bytes'] / 1e6:.1f} MB)", soft_wrap=True)


def simulate_command(
    viewers: Annotated[int, typer.Option(min=1, max=100_000, help="How many viewers.")] = 10,
    rate: Annotated[float, typer.Option(min=0.01, max=5000, help="Swipes a second, over all viewers.")] = 2.0,
    seconds: Annotated[float, typer.Option(min=1, max=86_400, help="For how long.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed gives the same viewers.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Let simulated viewers watch, skip and like.

    Short feeds are answers with fewer than five videos; idle are turns in which a viewer had nothing to watch.

    Example:

      swipestream simulate --viewers 20 --rate 5 --seconds 60
    """
    from producers.simulate import simulate

    with Progress(
        SpinnerColumn(), TextColumn("{task.fields[done]}"), TimeElapsedColumn(), console=err,
        disable=as_json or not sys.stderr.isatty(),
    ) as bar:  # fmt: skip
        task = bar.add_task("", total=None, done="")

        def tick(tally: Tally) -> None:
            bar.update(task, done=f"{tally.swipes} swipes, {tally.likes} likes, {tally.errors} errors")

        config = settings()
        with translated(config):
            tally = asyncio.run(
                simulate(config.api_url, viewers, rate, seconds, seed=seed, tick=tick, token=token(config))
            )
    summary = tally.summary()
    if as_json:
        print_json(summary)
    else:
        table = Table("", f"{viewers} viewers, {seconds:g} s", box=None, pad_edge=False)
        for name, value in summary.items():
            table.add_row(name.replace("_", " "), _told(value))
        out.print(table)
    if tally.errors and not tally.swipes:
        raise typer.Exit(1)


def _told(figure: int | dict[str, float]) -> str:
    """A count, or percentiles of milliseconds."""
    if isinstance(figure, int):
        return f"{figure:,}"
    return ", ".join(f"{share} {value:g} ms" for share, value in figure.items()) or "-"
