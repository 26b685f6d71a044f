"""What the supervisor shows on the terminal."""

from __future__ import annotations

import contextlib
from zlib import crc32

from rich.console import Console
from rich.control import strip_control_codes
from rich.text import Text

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta", "bright_green")
_NAME_WIDTH = 11


class Screen:
    """Lines on a console, each prefixed with the coloured name of its part. A terminal that goes away is no error."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def log(self, part: str, line: str) -> None:
        """One line that the part wrote."""
        self._print(part, Text(strip_control_codes(line), "dim"))

    def ready(self, part: str, address: str, seconds: float) -> None:
        """The part serves."""
        where = f" on {address}" if address else ""
        self._print(part, Text(f"✓ ready{where} in {seconds:.1f} s", "green"))

    def done(self, part: str, seconds: float) -> None:
        """The one-shot part has succeeded."""
        self._print(part, Text(f"✓ done in {seconds:.1f} s", "green"))

    def say(self, part: str, text: str) -> None:
        """Something happened to the part that is no trouble."""
        self._print(part, Text(text))

    def trouble(self, part: str, text: str) -> None:
        """Something happened to the part that should not have."""
        self._print(part, Text(f"✗ {text}", "bold red"))

    def note(self, text: str) -> None:
        """Something about the whole."""
        with contextlib.suppress(OSError):
            self._console.print(text)

    def _print(self, part: str, text: Text) -> None:
        colour = _COLOURS[crc32(part.encode()) % len(_COLOURS)]
        with contextlib.suppress(OSError):
            self._console.print(Text.assemble((f"{part:<{_NAME_WIDTH}} │ ", colour), text), soft_wrap=True)
