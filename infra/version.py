"""The version of the code that runs: on every rendered scene, in `swipestream version`, in logs."""

from __future__ import annotations

import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path


@cache
def code_version() -> str:
    """The package version, with the git revision where the code runs from a checkout: `0.1.0+g1a2b3c4`."""
    version = metadata.version("swipestream")
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return version
    try:
        asked = subprocess.run(
            ["git", "rev-parse", "--short=7", "HEAD"], cwd=root, capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return version
    return f"{version}+g{asked.stdout.strip()}"
