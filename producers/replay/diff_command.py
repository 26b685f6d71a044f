"""`swipestream diff`: two revisions of a video, side by side."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.cli.console import JsonOption, config, err, out, print_json
from producers.replay.compare import Difference, compare
from producers.replay.options import VideoArgument, history
from producers.replay.verdicts import made


def diff(
    video_id: VideoArgument,
    revision: Annotated[
        tuple[int, int], typer.Option(help="Which two; without it the one that is shown and the newest.")
    ] = (0, 0),
    file: Annotated[Path | None, typer.Option("--out", help="Write their frames, scene by scene, as a PNG.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two revisions of a video.

    Script, scenes, looks, voices and cost.

    Examples:

      swipestream diff 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11 --revision 1 2

      swipestream diff 6f0c5f3e-8f0a-5d0e-9a59-3f3d1f0b2c11 --out frames.png --json
    """
    from producers.replay.media import fetch
    from producers.replay.sheet import sheet

    found = history(config().kafka_address, video_id)
    numbers = revision if any(revision) else (found.live, found.newest)
    for number in numbers:
        made(found, number)
    one, two = (found.revisions[number] for number in numbers)
    difference = compare(one, two)
    if file:
        with tempfile.TemporaryDirectory(prefix="diff-") as folder:
            sheet(one, two, lambda name: fetch(config(), Path(folder), name), file)
    if as_json:
        return print_json(difference.as_json() | ({"file": str(file)} if file else {}))
    _print(difference)
    if file:
        err.print(f"Frames: {file}")


def _print(difference: Difference) -> None:
    for line in difference.script or ["The scripts are the same."]:
        out.print(line, markup=False, soft_wrap=True)
    for scene in difference.scenes:
        reused = "reused" if scene.reused else "made anew"
        told = [f"look {_pair(scene.looks)}", f"voice {_pair(scene.voices)}", f"seed {_pair(scene.seeds)}"]
        out.print(f"scene {scene.scene_number}: {scene.state}, {reused}; {', '.join(told)}", soft_wrap=True)
    amounts = [f"{cost.amount:.6f} {cost.currency}" for cost in difference.costs]
    out.print(f"flavor {_pair(difference.flavors)}; cost {_pair(amounts)}")
    out.print("The files are the same, byte for byte." if difference.same_file else "The files differ.")


def _pair(both: Any) -> str:
    one, two = both
    return str(one) if one == two else f"{one} → {two}"
