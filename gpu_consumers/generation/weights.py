"""Where a model's weights are: a folder of its own, below the data folder, or in the hub's cache on this machine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from gpu_consumers.errors import BackendMissingError
from gpu_consumers.generation.manifest import Manifest
from infra.settings import Settings

INDEX = "model_index.json"
#: Holds the commit that was fetched into a model's own folder.
FETCHED = ".commit"
#: What a pipeline needs of a repository. Pickled weights are never fetched and never loaded.
PATTERNS = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
_EDGE = 1 << 16


def locate(manifest: Manifest, config: Settings) -> Path:
    """The folder of the weights. Raises `BackendMissingError` that names the command which fetches them."""
    for folder in _candidates(manifest, config):
        if (folder / INDEX).is_file() and not missing(folder) and not _another(folder, manifest):
            return folder
    hint = f"Put a diffusers pipeline into {manifest.folder}." if manifest.folder else None
    raise BackendMissingError(
        f"the weights of {manifest.name} are not on this machine",
        hint=hint or f"Fetch them: swipestream models pull {manifest.name}",
    )


def _another(folder: Path, manifest: Manifest) -> bool:
    """Whether it was fetched at another commit than the one that the manifest names now."""
    fetched = commit_of(folder, manifest)
    return manifest.revision is not None and fetched is not None and fetched != manifest.revision


def commit_of(folder: Path, manifest: Manifest) -> str | None:
    """The commit that weights were fetched at; None for a folder that somebody else filled."""
    told = folder / FETCHED
    if told.is_file():
        return told.read_text("utf-8").strip() or None
    return manifest.revision if folder.name == manifest.revision else None  # the hub's cache names folders so


def own_folder(manifest: Manifest, config: Settings) -> Path:
    """Where `models pull` puts them."""
    return config.weights_dir / manifest.name


def _candidates(manifest: Manifest, config: Settings) -> list[Path]:
    if manifest.folder:
        return [manifest.folder]
    found = [own_folder(manifest, config)]
    if manifest.revision is None:
        return found  # the hub's cache holds whatever its branch was on some day
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError
    except ImportError:
        return found
    try:
        cached = snapshot_download(str(manifest.repo), revision=manifest.revision, local_files_only=True)
    except (LocalEntryNotFoundError, OSError, ValueError):
        return found
    return [*found, Path(cached)]


def missing(folder: Path) -> list[str]:
    """Components of the pipeline, and shards of weights, that its index names and the folder does not hold."""
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
    except (OSError, ValueError):
        return [INDEX]
    parts = [name for name, value in index.items() if isinstance(value, list) and value and value[0]]
    gone = [part for part in parts if not (folder / part).is_dir()]
    for shards in folder.glob("*/*.safetensors.index.json"):
        wanted = set(json.loads(shards.read_text("utf-8"))["weight_map"].values())
        gone += [f"{shards.parent.name}/{name}" for name in sorted(wanted) if not (shards.parent / name).is_file()]
    return gone


def digest(folder: Path) -> str:
    """A hash that changes with the weights: each file's name, size, beginning and end. Reads little of large files."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and ".cache" not in path.parts):
        size = path.stat().st_size
        total.update(f"{path.relative_to(folder)} {size}\n".encode())
        with path.open("rb") as stream:
            total.update(stream.read(_EDGE))
            stream.seek(max(0, size - _EDGE))
            total.update(stream.read(_EDGE))
    return total.hexdigest()[:32]
