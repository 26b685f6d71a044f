"""Fetching weights from a hub: only what a pipeline needs, and never pickles."""

from __future__ import annotations

from pathlib import Path

from gpu_consumers.errors import BackendError, BackendMissingError, TransientBackendError
from gpu_consumers.generation.checks import room_for
from gpu_consumers.generation.manifest import Manifest
from gpu_consumers.generation.weights import FETCHED, PATTERNS, missing, own_folder
from infra.settings import Settings


def pull(manifest: Manifest, config: Settings, revision: str | None = None) -> Path:
    """Fetch weights and styles into their folder, going on where an earlier try stopped; styles alone, where a model's
    weights lie in a folder of its own.

    `revision`: the commit, for a manifest that names none. Raises `BackendError`, also where there is no commit at all:
    a branch holds other weights tomorrow, and nobody could say which made a clip.
    """
    if manifest.repo is None:
        return _styles_alone(manifest, config)
    manifest = _pinned(manifest, manifest.repo, revision)
    needed, free = room_for(manifest, config)
    if free < needed * 1.1:
        raise BackendError(
            f"{manifest.name} takes about {needed:.0f} GiB and {free:.0f} GiB are free",
            hint="Make room, or set SWIPESTREAM_DATA_DIR to a larger disk.",
        )
    folder = own_folder(manifest, config)
    (folder / FETCHED).unlink(missing_ok=True)
    _fetch(manifest, folder)
    (folder / FETCHED).write_text(f"{manifest.revision}\n", "utf-8")
    if gone := missing(folder):
        raise BackendError(f"{manifest.repo} lacks {', '.join(gone)}", hint="Is it a diffusers pipeline?")
    return folder


def _styles_alone(manifest: Manifest, config: Settings) -> Path:
    if not any(style.repo for style in manifest.styles.values()):
        raise BackendError(f"{manifest.name} has a folder of its own, {manifest.folder}: there is nothing to fetch")
    _fetch(manifest, folder := own_folder(manifest, config))
    return folder


def _pinned(manifest: Manifest, repo: str, revision: str | None) -> Manifest:
    if revision and manifest.revision not in (None, revision):
        raise BackendError(f"the manifest of {manifest.name} names another commit, {manifest.revision}")
    if found := revision or manifest.revision:
        return Manifest.model_validate(manifest.model_dump() | {"revision": found})
    newest = _newest(repo)
    raise BackendError(
        f"the manifest of {manifest.name} names no commit of {repo}",
        hint=f"Name it there (revision: …), or: swipestream models pull {manifest.name} --revision {newest or 'COMMIT'}"
        + (" (the newest now)" if newest else ""),
    )


def _newest(repo: str) -> str | None:
    """The newest commit, if the hub tells."""
    try:
        from huggingface_hub import HfApi

        return str(HfApi().model_info(repo, timeout=10).sha or "") or None
    except Exception:  # noqa: BLE001 - a courtesy: whatever keeps the hub from answering, the hint says less
        return None


def _fetch(manifest: Manifest, folder: Path) -> None:
    try:
        from huggingface_hub import hf_hub_download, snapshot_download
        from huggingface_hub.errors import (
            GatedRepoError,
            HfHubHTTPError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )
    except ImportError as error:
        hint = "Install the extra `gpu`: pip install 'swipestream[gpu]'"
        raise BackendMissingError("fetching weights needs huggingface_hub", hint=hint) from error
    import httpx

    what = manifest.repo or f"a style of {manifest.name}"
    try:
        if manifest.repo:
            snapshot_download(
                manifest.repo, revision=manifest.revision, local_dir=folder, allow_patterns=list(PATTERNS)
            )
        for name, style in manifest.styles.items():
            if style.repo:
                parts = folder / "styles" / f".{name}"
                got = hf_hub_download(style.repo, style.weight_name, revision=style.revision, local_dir=parts)
                Path(got).replace(folder / "styles" / f"{name}.safetensors")
    except GatedRepoError as error:
        hint = f"Accept its licence on {manifest.licence_url or what}, then set HF_TOKEN."
        raise BackendError(f"{what} asks for a licence to be accepted", hint=hint) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise BackendError(f"the hub has no {what} at {manifest.revision or 'its newest revision'}") from error
    except (HfHubHTTPError, httpx.HTTPError, OSError) as error:
        hint = f"Go on where it stopped: swipestream models pull {manifest.name}"
        raise TransientBackendError(f"{what} was not fetched: {error}", hint=hint) from error
