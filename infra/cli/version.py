"""`swipestream version`."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

from infra.cli.console import JsonOption, out, print_json
from infra.stack import lock


def version(as_json: JsonOption = False) -> None:
    """Print the version of Swipestream and of what it runs on.

    Examples:

      swipestream version

      swipestream version --json
    """
    found = {"swipestream": _own(), "python": platform.python_version()}
    found |= {part: roots[0].rpartition(":")[2] for part, roots in lock.ROOTS.items()}
    if as_json:
        return print_json(found)
    for name, number in found.items():
        out.print(f"{name:<12} {number}")


def _own() -> str:
    try:
        return installed("swipestream")
    except PackageNotFoundError:
        return "not installed"
