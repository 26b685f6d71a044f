"""The `remote` scene renderer: a clip bought from a hosted generator, shown behind the scene's words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from gpu_consumers.hosted.errors import JobFailedError
from gpu_consumers.hosted.manifest import Hosted
from gpu_consumers.hosted.orders import Book
from gpu_consumers.hosted.providers import arguments_for, generator
from gpu_consumers.hosted.purchase import Desk, Purchase
from gpu_consumers.picture.renderer import ProceduralRenderer
from gpu_consumers.ports import Clip, Progress, SceneSpec
from infra.settings import Settings
from infra.storage.artifacts import fingerprint
from schemas.footage import Footage, FootageKind
from schemas.values import Artifact

#: The part of the whole that waiting for the provider is.
PROVIDERS_PART = 0.7
#: What says how a clip is bought, and not what it looks like.
_BUYING = {
    "title", "key_env", "idempotency_header", "answer_s", "poll_s", "timeout_s", "concurrency", "budget_day", "max_mb",
    "licence", "licence_url",
}  # fmt: skip


class FilingDesk(Desk, Protocol):
    """A desk that also says where a clip lies."""

    def path(self, clip: Artifact) -> Path:
        """On this machine."""
        ...


class RemoteRenderer:
    """One hosted model, for one scene. It buys one job: what did not pass is not bought once more with another seed."""

    name = "remote"

    def __init__(self, manifest: Hosted, config: Settings, desk: FilingDesk) -> None:
        self._manifest, self._config, self._desk = manifest, config, desk
        self._bought: str | None = None
        self._drawing = ProceduralRenderer()

    def fingerprint(self) -> str:
        """A hash of what is asked for and of what is drawn over it. The provider's own changes cannot be seen."""
        asked = self._manifest.model_dump(mode="json", exclude=_BUYING)
        return fingerprint(kind="remote", manifest=asked, drawing=self._drawing.fingerprint())

    def render(self, spec: SceneSpec, out: Path, progress: Progress) -> Clip:
        """Write the clip to `out`. Raises `BackendError`, `UnavailableError`."""
        arguments, offer = arguments_for(self._manifest, spec)
        book = Book.of(self._manifest.name, self._config)
        purchase = Purchase(self._manifest, generator(self._manifest), book)
        key = purchase.key(arguments)
        if self._bought not in (None, key):
            raise JobFailedError("another clip is not bought for a scene whose first did not pass")
        self._bought = key
        made = purchase.clip(arguments, offer, self._desk, lambda part: progress(PROVIDERS_PART * part, None))
        shown = Footage(artifact=made, kind=FootageKind.CLIP)
        clip = self._drawing.render(
            replace(spec, footage=shown, hybrid=False, files={**spec.files, made.name: self._desk.path(made)}), out,
            lambda part, picture: progress(PROVIDERS_PART + (1 - PROVIDERS_PART) * part, picture),
        )  # fmt: skip
        return replace(clip, look="generated", details={**clip.details, "model": self._manifest.name})
