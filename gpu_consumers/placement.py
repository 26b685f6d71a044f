"""Where the models of a process compute. Needs torch."""

from __future__ import annotations

import torch


def placed(name: str) -> torch.device:
    """The device of that name (`cpu`, `cuda:1`); `cuda` is the current GPU, `auto` that or the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device("cuda", torch.cuda.current_device()) if name == "cuda" else torch.device(name)
