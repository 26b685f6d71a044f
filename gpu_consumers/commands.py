"""CLI commands of this room."""

from __future__ import annotations

import typer

from gpu_consumers.gallery.command import gallery
from gpu_consumers.generation.commands import models
from gpu_consumers.hosted.commands import jobs
from gpu_consumers.ledger.command import cost
from gpu_consumers.media.command import media
from gpu_consumers.provenance.command import verify
from gpu_consumers.quality.command import quality


def register(app: typer.Typer) -> None:
    """Add this room's commands to the CLI."""
    app.command("gallery")(gallery)
    app.command("verify")(verify)
    app.command("cost")(cost)
    app.command("quality")(quality)
    app.add_typer(media, name="media")
    models.command("jobs")(jobs)
    app.add_typer(models, name="models")
