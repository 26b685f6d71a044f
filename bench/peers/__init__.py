"""What peers do with the same material, in an environment of its own that is made when it is first needed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
#: Outside the repository's own environment: moviepy wants an older Pillow.
PLACE = Path.home() / ".cache" / "swipestream" / "peers"


def composed(kind: str, folder: Path) -> dict[str, Any]:
    """CPU, wall and memory of one composition. Raises `RuntimeError` where the environment cannot be made."""
    words = [str(_python()), str(FOLDER / "compose.py"), kind, str(folder)]
    # In the folder: moviepy leaves its temporary files where it is started.
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=3600)
    if done.returncode:
        raise RuntimeError(f"the peers' composition failed: {done.stderr[-600:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _python() -> Path:
    """The environment's Python; made with uv where it is not there."""
    python, wanted = PLACE / "bin" / "python", FOLDER / "requirements.txt"
    made = PLACE / "requirements.txt"
    if not (made.exists() and made.read_text() == wanted.read_text()):
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv") or "uv"
        try:
            subprocess.run(
                [uv, "venv", "-q", "--clear", "--python", sys.executable, str(PLACE)], check=True, timeout=120
            )
            subprocess.run(
                [uv, "pip", "install", "-q", "--python", str(python), "-r", str(wanted)], check=True, timeout=600
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise RuntimeError(f"the peers' environment could not be made: {error}") from error
        shutil.copyfile(wanted, made)
    return python
