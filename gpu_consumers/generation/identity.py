"""What decides a clip's pixels beside its scene: the manifest, every file that it names, this code, the libraries."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from gpu_consumers.generation.manifest import Manifest
from gpu_consumers.generation.styles import style_file
from gpu_consumers.generation.weights import digest, locate
from infra.settings import Settings
from infra.storage.artifacts import fingerprint
from infra.storage.digest import sha256

#: Of a manifest, what changes no pixel.
_ASIDE = {"draft_steps", "styles_kept", "preview_vae"}


def identity(manifest: Manifest, config: Settings, *, device: str, accelerator: str) -> str:
    """A hash of all that, and of what it runs on. Raises `BackendMissingError` without weights."""
    found = {name: style_file(manifest, name, style, config) for name, style in manifest.styles.items()}
    return fingerprint(
        manifest=manifest.model_dump(mode="json", exclude=_ASIDE),
        styles={name: content(path) for name, path in found.items() if path.is_file()},
        networks={path.name: content(path) for path in manifest.post.networks if path.is_file()},
        weights=_weights(locate(manifest, config)), device=device, accelerator=accelerator, code=_code(), **_versions(),
    )  # fmt: skip


@cache
def content(file: Path) -> str:
    """A hash of a file, made once."""
    return sha256(file)


@cache
def _weights(folder: Path) -> str:
    return digest(folder)


@cache
def _code() -> str:
    total = hashlib.sha256()
    for path in sorted([*Path(__file__).parent.glob("*.py"), *(Path(__file__).parents[1] / "picture").rglob("*.py")]):
        total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()[:32]


@cache
def _versions() -> dict[str, Any]:
    import diffusers
    import torch
    import transformers

    return {"torch": torch.__version__, "diffusers": diffusers.__version__, "transformers": transformers.__version__}
