"""`swipestream gallery`: what prompts become, on one sheet, without Kafka."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from infra.cli.console import JsonOption, config, err, out, print_json
from infra.errors import BadInputError


def gallery(
    count: Annotated[int, typer.Option(min=1, max=200, help="How many prompts.")] = 12,
    folder: Annotated[Path, typer.Option("--out", help="Where to write it.")] = Path("gallery"),
    prompt: Annotated[list[str] | None, typer.Option(help="A prompt of your own; may be repeated.")] = None,
    flavor: Annotated[str, typer.Option(help="The flavor.")] = "default",
    look: Annotated[str | None, typer.Option(help="Every scene in this look.")] = None,
    every_look: Annotated[bool, typer.Option("--every-look", help="Each prompt once in each look.")] = False,
    moments: Annotated[int, typer.Option(min=1, max=8, help="Pictures of each scene.")] = 1,
    videos: Annotated[bool, typer.Option("--videos", help="Make the videos too, with sound.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Draw a contact sheet of prompts and looks, and a page of it.

    Needs no Kafka and no network.

    Examples:

      swipestream gallery --count 12

      swipestream gallery --prompt "Why do cats purr?" --videos --out cats
    """
    from gpu_consumers.gallery.make import Order, make
    from gpu_consumers.gallery.prompts import PROMPTS
    from infra.flavors import get_flavor

    if look and every_look:
        raise BadInputError("--look and --every-look cannot both hold.")
    chosen = list(prompt or PROMPTS)
    order = Order(
        prompts=[chosen[n % len(chosen)] for n in range(len(chosen) if prompt else min(count, len(chosen)))],
        flavor=get_flavor(flavor, config()),
        out=folder,
        look=look,
        every_look=every_look,
        moments=(0.6,) if moments == 1 else tuple((n + 0.5) / moments for n in range(moments)),
        videos=videos,
    )
    with Progress(console=err, disable=as_json or not sys.stderr.isatty()) as bar:
        task = bar.add_task("prompts")
        made = make(order, lambda done, total, doing: bar.update(task, completed=done, total=total, description=doing))
    found = {"sheet": str(made.sheet), "page": str(made.page), "videos": [str(path) for path in made.videos]}
    if as_json:
        print_json(found)
    else:
        out.print(f"[bold]{made.sheet}[/]\n{made.page}" + "".join(f"\n{path}" for path in made.videos))
