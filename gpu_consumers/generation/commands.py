"""`swipestream models …`."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra.cli.console import JsonOption, config, err, out, print_json
from infra.storage.scratch import scratch

if TYPE_CHECKING:
    from gpu_consumers.generation.manifest import Manifest

models = typer.Typer(no_args_is_help=True, help="Generative models: weights, checks, swapping.")

NameArgument = Annotated[str, typer.Argument(help="The model's name, as `models list` shows it.", show_default=False)]


@models.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """Show every model: what it makes, what it needs, its licence, where its weights are and at which commit.

    Example:

      swipestream models list
    """
    from gpu_consumers.generation.manifest import GIB, manifests
    from gpu_consumers.generation.swaps import swaps
    from gpu_consumers.hosted.checks import rows as hosted_rows

    found, swapped = manifests(config()), swaps(config())
    rows = [
        {
            "name": one.name, "title": one.title, "source": one.repo or str(one.folder), "image": one.image,
            "steps": one.steps, "shapes": [shape.bucket for shape in one.shapes], "licence": one.licence,
            "memory_gib": one.held / GIB + one.memory.peak,
            "tiled_gib": None if one.memory.tiled is None else one.held / GIB + one.memory.tiled, **_place(one),
            "swapped_for": swapped.get(name),
        }
        for name, one in found.items()
    ] + hosted_rows(config())  # fmt: skip
    if as_json:
        return print_json(rows)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("name", "from", "steps", "GiB", "licence", "weights"):
        table.add_column(column, justify="right" if column in ("steps", "GiB") else "left", overflow="fold")
    for row in rows:
        name = f"{row['name']} → {row['swapped_for']}" if row["swapped_for"] else str(row["name"])
        weights = str(row["weights"] or row.get("missing") or "missing")
        if commit := row.get("commit"):
            weights += f" at {str(commit)[:12]}"
        table.add_row(
            name, "a picture" if row["image"] else "text", str(row["steps"] or "–"),
            _gib(row["tiled_gib"], row["memory_gib"]), str(row["licence"]), weights,
        )  # fmt: skip
    out.print(table)
    if any(not row["weights"] and not row.get("missing") for row in rows):
        err.print("[dim]Fetch weights that are missing: swipestream models pull NAME[/]")


def _gib(*known: float | None) -> str:
    """`17 to 25`: in tiles, and whole."""
    return " to ".join(f"{gib:.0f}" for gib in known if gib is not None) or "–"


def _place(manifest: Manifest) -> dict[str, str | None]:
    """Where its weights are, and at which commit they were fetched."""
    from gpu_consumers.errors import BackendMissingError
    from gpu_consumers.generation.weights import commit_of, locate

    try:
        folder = locate(manifest, config())
    except BackendMissingError:
        return {"weights": None, "commit": None}
    return {"weights": str(folder), "commit": commit_of(folder, manifest)}


@models.command("check")
def check_model(
    name: NameArgument,
    parity: Annotated[
        bool, typer.Option("--parity", help="Try its step cache and the accelerators here, and compare with none.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say whether a model would work here: packages, weights, memory, flavors. Exits with 1 where it would not.

    Example:

      swipestream models check ltx

      swipestream models check ltx --parity
    """
    from gpu_consumers.generation.checks import check
    from gpu_consumers.generation.manifest import manifest
    from gpu_consumers.hosted.checks import check as check_hosted
    from gpu_consumers.hosted.manifest import hosted

    bought = hosted(config()).get(name)
    findings = check_hosted(bought, config()) if bought else check(manifest(name, config()), config(), parity=parity)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = {True: "[green]ok[/]", False: "[red]no[/]", None: "  "}[finding.ok]
            out.print(f"{mark}  {finding.what:<12} {escape(finding.told)}", soft_wrap=True)
            if finding.ok is False and finding.hint:
                out.print(f"    {'':<12} {escape(finding.hint)}", soft_wrap=True)
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)


@models.command("pull")
def pull_model(
    name: NameArgument,
    revision: Annotated[
        str | None, typer.Option(help="The commit (40 hex digits), where the manifest names none.", metavar="COMMIT")
    ] = None,
) -> None:
    """Fetch a model's weights and styles. An interrupted fetch goes on where it stopped; pickled weights are never
    fetched, and nothing without a commit: asked without one, it says which is the newest.

    Example:

      HF_TOKEN=… swipestream models pull svd-xt --revision COMMIT
    """
    from infra.errors import BadInputError

    if revision is not None and not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise BadInputError(f"{revision!r} is no commit", hint="A commit has 40 hex digits; branches and tags move.")
    from gpu_consumers.generation.manifest import manifest
    from gpu_consumers.generation.pulling import pull
    from gpu_consumers.generation.weights import commit_of

    wanted = manifest(name, config())
    if wanted.repo:
        err.print(
            f"{wanted.repo}: about {wanted.memory.weights:.0f} GiB, licence {wanted.licence} {wanted.licence_url}"
        )
    folder = pull(wanted, config(), revision)
    what = f"{name} is here: {folder}, commit {commit_of(folder, wanted)}"
    out.print(what if wanted.repo else f"the styles of {name} are here: {folder}", soft_wrap=True)


@models.command("warm")
def warm_model(name: NameArgument, as_json: JsonOption = False) -> None:
    """Load a model, wait until its engines are built, and make a clip of 5 s at each of its shapes: what each phase
    takes, what it costs, how much memory, and what it gains to make several at once, where the manifest allows that
    (`batch`).

    Example:

      SWIPESTREAM_DEVICE=cuda:1 swipestream models warm ltx
    """
    from gpu_consumers import backends
    from gpu_consumers.generation.manifest import manifest

    wanted, tried = manifest(name, config()), []
    device = backends.device(config())
    from gpu_consumers.generation.warming import warm

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    shown = Progress(*columns, console=err, disable=as_json or not sys.stderr.isatty(), transient=True)
    with scratch(config().scratch_dir), shown as bar:
        task = bar.add_task(f"{name} on {device.name}", total=1.0)
        device.engines.prepared(name, lambda told: bar.update(task, description=f"{name}: {told}"))
        bar.update(task, description=f"{name} on {device.name}")
        for one in warm(wanted, device, config(), lambda part, _: bar.update(task, completed=part)):
            tried.append(one)
    if as_json:
        return print_json([asdict(one) | {"work": one.work.model_dump()} for one in tried])
    table = Table(title=f"{name} on {device.name}", box=None, header_style="bold", pad_edge=False)
    for column in ("shape", "encode s", "step s", "decode s", "post s", "device s", "expected s", "GiB", "cost"):
        table.add_column(column, justify="left" if column == "shape" else "right")
    for one in tried:
        memory = "–" if one.memory_gib is None else f"{one.memory_gib:.1f}"
        phases = (one.work.encode_s, one.work.step_s, one.work.decode_s, one.work.post_s, one.device_s, one.expected_s)
        cost = f"{one.cost:.5f} {config().currency}"
        table.add_row(one.bucket, *(f"{seconds:.3f}" for seconds in phases), memory, cost)
    out.print(table)
    for one in tried:
        for several in one.company[1:]:
            out.print(f"{one.bucket}: {several.clips} at once make {several.gain:.2f} x as many a second")


@models.command("swap")
def swap_model(
    name: NameArgument,
    other: Annotated[str | None, typer.Argument(help="What stands in for it; none: itself again.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Let another model stand in for one. Workers load it beside the old one and switch once it is there.

    Example:

      swipestream models swap ltx ltx-new

      swipestream models swap ltx
    """
    from gpu_consumers.generation.manifest import manifest
    from gpu_consumers.generation.swaps import swap
    from gpu_consumers.generation.weights import locate

    for each in filter(None, (name, other)):
        wanted = manifest(each, config())
    if other is not None:  # to undo it is always possible
        locate(wanted, config())
    now = swap(config(), name, other)
    if as_json:
        return print_json(now)
    out.print(f"{now[name]} stands in for {name}." if name in now else f"{name} stands for itself.")
