"""What an engine depends on beside what it computes: the chip, its driver, and the versions of what built it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_DRIVER = Path("/sys/module/nvidia/version")


def facts_of(place: Any) -> dict[str, str]:
    """Of a torch device."""
    import torch

    facts = {"torch": str(torch.__version__), "cuda": str(torch.version.cuda), "tensorrt": _version("tensorrt")}
    facts |= {"diffusers": _version("diffusers"), "torch_tensorrt": _version("torch-tensorrt")}
    facts |= {"driver": _driver(), "device": "cpu", "capability": ""}
    if place.type == "cuda":
        facts["device"] = torch.cuda.get_device_name(place)
        facts["capability"] = ".".join(map(str, torch.cuda.get_device_capability(place)))
    return facts


def _version(package: str) -> str:
    for name in (package, f"{package}-cu13", f"{package}-cu13-bindings"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return ""


def _driver() -> str:
    try:
        return _DRIVER.read_text().strip()
    except OSError:
        return ""
