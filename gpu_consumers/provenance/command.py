"""`swipestream verify`: where a video file comes from, and whether it was changed since."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.console import JsonOption, out, print_json

if TYPE_CHECKING:
    from gpu_consumers.provenance.manifest import Made
    from gpu_consumers.provenance.verify import Verdict


def verify(
    file: Annotated[Path, typer.Argument(help="A video file (MP4).", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Check the content credentials (C2PA) of a video.

    Who signed it, what made it, and whether it was changed since. Exits with 1 where it was changed, or carries none.

    Example:

      swipestream verify cats.mp4
    """
    from gpu_consumers.provenance.verify import verify as check

    found = check(file)
    if as_json:
        said = found.made.model_dump(mode="json") if found.made else None
        print_json(asdict(found) | {"problems": list(found.problems), "made": said, "file": str(file)})
    else:
        _show(found)
    if found.state != "valid":
        raise typer.Exit(1)


def _show(found: Verdict) -> None:
    words = {
        "valid": "[green]As it was signed[/]: nothing has been changed since.",
        "tampered": "[red]Changed since it was signed[/]: do not believe what it says.",
        "unsigned": "[yellow]Not signed[/].",
    }
    out.print(words[found.state], soft_wrap=True)
    for problem in found.problems:
        out.print(f"  {problem}", markup=False, soft_wrap=True)
    if found.signer:
        out.print(f"signed by  {found.signer}, {found.issuer} ({found.algorithm})", markup=False, soft_wrap=True)
        out.print(f"           {_certificate(found)}", markup=False, soft_wrap=True)
    if found.made:
        _show_made(found.title, found.made)


def _certificate(found: Verdict) -> str:
    if found.development:
        return "a development certificate: anybody can make one, it proves nothing about who signed"
    if found.trusted:
        return "a certificate that stands on a list of trust"
    return "a certificate that no list of trust names: whom to believe is for you to know"


def _show_made(title: str, made: Made) -> None:
    out.print(f"title      {title}", markup=False, soft_wrap=True)
    out.print(
        f"prompt     {made.video_id}, asked for at {made.asked_at or 'a time that is not told'}",
        markup=False,
        soft_wrap=True,
    )
    out.print(f"made by    {made.code}, flavor {made.flavor}, archetype {made.archetype}", markup=False, soft_wrap=True)
    for scene in made.scenes:
        shown = f", footage {scene.footage[:12]}… {scene.credit}" if scene.footage else ""
        drawn = f"{scene.backend} {scene.model}".strip() if scene.model != scene.backend else scene.backend
        out.print(
            f"  scene {scene.scene_number}  {drawn}, look {scene.look}, seed {scene.seed}{shown}",
            markup=False,
            soft_wrap=True,
        )
