"""What would keep a model from working here, found out without running it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from gpu_consumers.errors import BackendError
from gpu_consumers.generation import tiles
from gpu_consumers.generation.loading import pipeline_class
from gpu_consumers.generation.manifest import GIB, Manifest
from gpu_consumers.generation.styles import locate_style
from gpu_consumers.generation.weights import locate
from infra.flavors import list_flavors
from infra.settings import Settings

#: A clip that is less like the one without a step cache than that (SSIM) is another clip.
ALIKE = 0.5
#: A pass in FP8 is another one beyond that: relative error (L2), and SSIM. Rounding to 3 bits of mantissa puts 3 to 4 %
#: on a single layer; residuals take most of that away again.
EIGHTHS_OFF, EIGHTHS_ALIKE = 0.1, 0.95
_PICKLED = ("*.bin", "*.ckpt", "*.pt", "*.pth")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `ok` None: worth knowing, no fault."""

    what: str
    ok: bool | None
    told: str
    hint: str = ""


def check(manifest: Manifest, config: Settings, *, parity: bool = False) -> list[Finding]:
    """Packages, pipeline class, weights, memory, the networks that its frames go through, FP8, the step cache, styles,
    flavors; with `parity` FP8, the step cache and the accelerators are tried out on the device."""
    found = [*_software(manifest), *_weights(manifest, config), *_memory(manifest, config), *_networks(manifest)]
    works = all(finding.ok is not False for finding in found)
    found += _eighths(manifest, config, parity and works)
    works = all(finding.ok is not False for finding in found)
    found += _cache(manifest, config, parity and works)
    tried = _accelerators(manifest, config) if parity and works else ()
    return [*found, *tried, *_styles(manifest, config), *_flavors(manifest, config)]


def _software(manifest: Manifest) -> list[Finding]:
    try:
        kind = pipeline_class(manifest)
    except BackendError as error:
        return [Finding("software", False, str(error), error.hint or "")]
    return [Finding("software", True, f"{kind.__module__.split('.')[0]} has {manifest.pipeline}")]


def _weights(manifest: Manifest, config: Settings) -> list[Finding]:
    try:
        folder = locate(manifest, config)
    except BackendError as error:
        return [Finding("weights", False, str(error), error.hint or "")]
    found = [Finding("weights", True, str(folder))]
    if not list(folder.glob("*/*.safetensors")):
        found.append(Finding("weights", False, "there are no safetensors", "Pickled weights are never loaded."))
    if any(any(folder.glob(f"*/{pattern}")) for pattern in _PICKLED):
        found.append(Finding("weights", None, "pickled weights lie there too; they are not loaded"))
    return found


def _memory(manifest: Manifest, config: Settings) -> list[Finding]:
    if find_spec("torch") is None:
        return []
    from gpu_consumers import backends

    try:
        device = backends.device(config)
    except BackendError as error:
        return [Finding("memory", False, str(error))]
    needed = manifest.held + max(device.peak(manifest), int(manifest.post.peak * GIB) if manifest.post.networks else 0)
    told = f"{needed / GIB:.1f} GiB of {device.capacity / GIB:.1f} GiB on {device.name}"
    if tiles.needed(manifest, device.capacity):
        told += f"; its VAE decodes in tiles, since the whole takes {manifest.memory.peak:g} GiB beside the weights"
    return [Finding("memory", needed <= device.capacity, told, "Take a smaller shape or a larger device.")]


def _networks(manifest: Manifest) -> list[Finding]:
    """Loaded and tried on the CPU: the device may be at work."""
    if not manifest.post.networks or find_spec("torch") is None:
        return []
    from gpu_consumers.generation.networks import loaded

    found = loaded(manifest.post, "cpu")
    told = [Finding(one.backend, False, one.reason, "The classical filter takes its place.") for one in found.fallbacks]
    if (upscaler := found.upscaler) is not None:
        how = f"{upscaler.architecture}, {upscaler.scale}x, in tiles of at most {upscaler.side} pixels"
        told.append(Finding("upscaler", True, how))
    if found.interpolator is not None:
        told.append(Finding("interpolator", True, f"{manifest.post.interpolator} answers"))
    return told


def _eighths(manifest: Manifest, config: Settings, tried: bool) -> list[Finding]:
    if not manifest.fp8 or find_spec("torch") is None:
        return []
    from gpu_consumers import backends
    from gpu_consumers.generation.comparing import in_eighths
    from gpu_consumers.generation.float8 import fuses

    try:
        place = backends.device(config).place
        fuses(place)
        if not tried:
            told = f"{place.type} multiplies in it; what it saves and changes: swipestream models check {manifest.name}"
            return [Finding("fp8", None, f"{told} --parity")]
        made = in_eighths(manifest, config, place)
    except BackendError as error:
        return [Finding("fp8", False, str(error), error.hint or "")]
    holds = made.parity.relative <= EIGHTHS_OFF and made.parity.ssim >= EIGHTHS_ALIKE
    return [Finding("fp8", holds, str(made), "It spoils the model: take `denoiser: fp8` out of its model.yaml.")]


def _cache(manifest: Manifest, config: Settings, tried: bool) -> list[Finding]:
    if manifest.cache is None:
        return []
    if not tried:
        hint = f"what it saves and changes: swipestream models check {manifest.name} --parity"
        return [Finding("cache", None, f"{manifest.cache.label}; {hint}")]
    from gpu_consumers import backends
    from gpu_consumers.generation.comparing import with_and_without

    try:
        made = with_and_without(manifest, config, backends.device(config).place)
    except BackendError as error:
        return [Finding("cache", False, str(error), error.hint or "")]
    hint = "It spoils the clip: let it skip less." if made.skipped else "It skips nothing here: let it skip more."
    return [Finding("cache", made.parity.ssim >= ALIKE and made.skipped > 0, f"{manifest.cache.label} {made}", hint)]


def _accelerators(manifest: Manifest, config: Settings) -> list[Finding]:
    from gpu_consumers import backends

    try:
        choice = backends.device(config).engines.prepared(manifest.name)
    except BackendError as error:
        return [Finding("fast", False, str(error), error.hint or "")]
    worst = min(choice.parity, key=lambda one: one.psnr_db, default=None)
    told = f"{choice.label}; at worst beside eager: {worst}" if worst else choice.label
    given_up = [Finding("fast", None, f"not {one.backend}: {one.reason}") for one in choice.fallbacks]
    return [Finding("fast", True, told), *given_up]


def _styles(manifest: Manifest, config: Settings) -> Iterator[Finding]:
    for name in manifest.styles:
        try:
            yield Finding("style", True, f"{name}: {locate_style(manifest, name, config)}")
        except BackendError as error:
            yield Finding("style", False, str(error), error.hint or "")


def _flavors(manifest: Manifest, config: Settings) -> list[Finding]:
    named = [flavor.name for flavor in list_flavors(config) if flavor.scene_backend == manifest.name]
    return [Finding("flavors", None, ", ".join(named) if named else "no flavor names it as its scene_backend")]


def room_for(manifest: Manifest, config: Settings) -> tuple[float, float]:
    """GiB that the weights take, and that are free where they go."""
    place = next(folder for folder in (config.data_dir, *config.data_dir.absolute().parents) if folder.exists())
    return manifest.memory.weights, shutil.disk_usage(place).free / GIB
