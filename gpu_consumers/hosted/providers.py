"""The generator that a manifest names, and what it is asked for a scene."""

from __future__ import annotations

from typing import Any

from gpu_consumers.hosted import fal, replicate, runway
from gpu_consumers.hosted.caller import Caller
from gpu_consumers.hosted.jobs import Generator
from gpu_consumers.hosted.manifest import Hosted, Offer, secret
from gpu_consumers.ports import SceneSpec

#: Every provider takes seeds of so many bits.
_SEED_BITS = 31
_LONGEST_PROMPT = 1000


def generator(manifest: Hosted) -> Generator:
    """Raises `BackendMissingError` where its key is not set."""
    if manifest.api == "runway":
        caller = _caller(manifest, "Runway", runway.BASE, runway.KEY, "Bearer", runway.HEADERS)
        return runway.Runway(caller, manifest.model)
    if manifest.api == "replicate":
        caller = _caller(manifest, "Replicate", replicate.BASE, replicate.KEY, "Bearer", {})
        return replicate.Replicate(caller, manifest.model)
    return fal.Fal(_caller(manifest, "fal", fal.BASE, fal.KEY, "Key", {}), manifest.model)


def key_name(manifest: Hosted) -> str:
    """The environment variable that its key is read from."""
    usual = {"runway": runway.KEY, "replicate": replicate.KEY, "fal": fal.KEY}
    return manifest.key_env or usual[manifest.api]


def _caller(manifest: Hosted, label: str, base: str, key: str, scheme: str, more: dict[str, str]) -> Caller:
    headers = {"Authorization": f"{scheme} {secret(manifest.key_env or key)}", **more}
    return Caller(
        label=label, base=manifest.url or base, headers=headers, timeout_s=manifest.answer_s,
        idempotency_header=manifest.idempotency_header,
    )  # fmt: skip


def arguments_for(manifest: Hosted, spec: SceneSpec) -> tuple[dict[str, Any], Offer]:
    """What is sent for a scene, and the offer that it takes up. Pure."""
    usual = {"runway": runway.PROMPT, "replicate": replicate.PROMPT, "fal": fal.PROMPT}[manifest.api]
    offer = manifest.offer_for(spec.frames / spec.fps)
    text = manifest.prompt.format(visuals=spec.scene.visuals, title=spec.title)
    asked: dict[str, Any] = {manifest.prompt_argument or usual: text[:_LONGEST_PROMPT]}
    if manifest.seed_argument:
        asked[manifest.seed_argument] = spec.seed % 2**_SEED_BITS
    return asked | manifest.arguments | manifest.shapes.get(spec.format, {}) | offer.arguments, offer
