"""The new value of a letter: given, read from a file, or written in the operator's editor."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import BadInputError

if TYPE_CHECKING:  # client libraries are loaded by the commands that need them: `--help` must not wait
    from infra.deadletters.letters import Letter


def new_value(letter: Letter, value: str | None, file: Path | None) -> str:
    """What its value shall be. Raises BadInputError where there is nobody who could say so."""
    if value is not None:
        return value
    if file is not None:
        return sys.stdin.read() if str(file) == "-" else file.read_text()
    if not sys.stdin.isatty():
        raise BadInputError("There is no terminal for an editor.", hint="Give --value or --value-file.")
    return _in_editor(json.dumps(letter.value, indent=2, ensure_ascii=False))


def _in_editor(text: str) -> str:
    """The text after the operator's editor was closed. Raises BadInputError when it was left as it is."""
    with tempfile.NamedTemporaryFile("w", prefix="letter-", suffix=".json", delete=False) as file:
        file.write(text)
    place = Path(file.name)
    try:
        subprocess.run([*shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"), place], check=True)
        edited = place.read_text()
    except (OSError, subprocess.CalledProcessError) as error:
        raise BadInputError(f"The editor did not work: {error}", hint="Set EDITOR, or give --value-file.") from error
    finally:
        place.unlink(missing_ok=True)
    if edited.strip() == text.strip():
        raise BadInputError("Nothing was changed.")
    return edited
