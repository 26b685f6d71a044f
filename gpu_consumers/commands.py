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
from infra.cli.console import KEEP, LOOK, MAKE


def register(app: typer.Typer) -> None:
    """Add this room's commands to the CLI."""
    app.command("gallery", rich_help_panel=LOOK)(gallery)
    app.command("verify", rich_help_panel=LOOK)(verify)
    app.command("cost", rich_help_panel=LOOK)(cost)
    app.command("quality", rich_help_panel=LOOK)(quality)
    app.add_typer(media, name="media", rich_help_panel=KEEP)
    models.command("jobs")(jobs)
    app.add_typer(models, name="models", rich_help_panel=MAKE)
