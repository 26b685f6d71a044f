"""Where commands print: data on stdout, everything else on stderr; and how they read the settings."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console

from infra.errors import ConfigurationError
from infra.settings import Settings, settings

#: What people read; soft, so that text may be copied as it is.
#: What is piped is for other programs: rows stay whole, however long.
out = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 10_000)
err = Console(stderr=True, highlight=False)

#: The groups of commands in `swipestream --help`, in that order.
PANELS = RUN, MAKE, LOOK, KEEP = "Run it", "Make videos", "Look into it", "Keep it in order"

#: The option of every command that prints data.
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def print_json(data: Any) -> None:
    """Print one JSON document on stdout and nothing else."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def config() -> Settings:
    """The settings; raises ConfigurationError that names the first one that cannot be used."""
    try:
        return settings()
    except SettingsError as error:
        name = str(error).partition('"')[2].partition('"')[0]
        raise ConfigurationError(
            f"SWIPESTREAM_{name.upper()}: not the JSON that it must be.", hint='A list is written so: ["one", "two"].'
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(["SWIPESTREAM", *map(str, first["loc"])]).upper()
        raise ConfigurationError(
            f"{name}: {first['msg']}, not {first['input']!r}.",
            hint="Settings are read from the environment and from the file swipestream.env.",
        ) from error
