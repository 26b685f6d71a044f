"""Peers in environments of their own, made on demand: their pins are not ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

HERE = Path(__file__).resolve().parents[1] / "peers"


def python_with(peer: str) -> Path | None:
    """An interpreter that has what `bench/peers/PEER.txt` lists; None, and why on stderr, when it cannot be had."""
    wanted, home = HERE / f"{peer}.txt", Path(sys.prefix) / "peers" / peer
    python, made = home / "bin" / "python", home / "made-from.txt"
    if made.exists() and made.read_text() == wanted.read_text():
        return python
    uv = find_uv_bin()
    for words in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)],
        [uv, "pip", "install", "--quiet", "--python", str(python), "--requirement", str(wanted)],
    ):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{peer} cannot be installed, so it is not measured: {done.stderr.strip()[-500:]}", file=sys.stderr)
            return None
    made.write_text(wanted.read_text())
    return python
