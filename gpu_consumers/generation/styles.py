"""Styles: LoRAs of one loaded model, read when a clip asks for them and merged into its weights, mixed by weight.

Clips take turns on the same modules, so the mix is a state of the device, not of a clip: whoever goes on sets its own
again. Those that were used last stay in memory; with none the model computes what it did before there were any.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpu_consumers.acceleration.buckets import held
from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.generation.manifest import Manifest, Style
from gpu_consumers.generation.weights import own_folder
from infra.settings import Settings
from infra.telemetry import logs

if TYPE_CHECKING:
    from gpu_consumers.generation.merging import Changes, Merged

log = logs.get("styles")

#: Names and weights, sorted.
Mix = tuple[tuple[str, float], ...]


def locate_style(manifest: Manifest, name: str, config: Settings) -> Path:
    """The file of a style. Raises `BackendError` where there is none of that name, `BackendMissingError`."""
    style = manifest.styles.get(name)
    if style is None:
        known = ", ".join(manifest.styles) or "none"
        raise BackendError(f"{manifest.name} has no style {name!r}", hint=f"Its manifest lists: {known}.")
    path = style_file(manifest, name, style, config)
    if not path.is_file():
        hint = f"Put it there: {path}" if style.file else f"Fetch it: swipestream models pull {manifest.name}"
        raise BackendMissingError(f"the style {name} of {manifest.name} is not on this machine", hint=hint)
    return path


def style_file(manifest: Manifest, name: str, style: Style, config: Settings) -> Path:
    """Where it lies, or will lie once it is fetched."""
    return style.file or own_folder(manifest, config) / "styles" / f"{name}.safetensors"


class Styles:
    """The styles of one pipeline. Called by whoever has the turn."""

    def __init__(self, pipe: Any, manifest: Manifest, config: Settings) -> None:
        self._pipe, self._manifest, self._config = pipe, manifest, config
        self._loaded: OrderedDict[str, Changes] = OrderedDict()
        self._merged: Merged | None = None
        self._mix: Mix | None = ()

    @property
    def loaded(self) -> tuple[str, ...]:
        """Those in memory, the least recently used first."""
        return tuple(self._loaded)

    @property
    def held(self) -> int:
        """Bytes that they take on the host."""
        changes = (change for found in self._loaded.values() for change in found.values())
        return sum(change.held for change in changes) + (self._merged.held if self._merged else 0)

    def use(self, mix: Mix) -> None:
        """Make the model compute with this mix alone. Raises as `locate_style`, `BackendError` for a bad file; the
        model then computes with the mix that it had."""
        if mix == self._mix:
            return
        files = {name: locate_style(self._manifest, name, self._config) for name, _ in mix}
        for name, path in files.items():
            self._load(name, path)
        self._refuse(mix)
        self._mix = None  # not known, should anything fail half-way
        self._merge(mix)
        self._mix = mix
        self._evict({name for name, _ in mix})

    def _load(self, name: str, path: Path) -> None:
        if name not in self._loaded:
            from gpu_consumers.generation import merging

            try:
                self._loaded[name] = merging.read(self._pipe, path)
            except (AttributeError, OSError, ValueError, KeyError, RuntimeError, ImportError, BackendError) as error:
                raise BackendError(f"{self._manifest.name} cannot take the style {name}: {error}") from error
            log.info("style loaded", model=self._manifest.name, style=name)
        self._loaded.move_to_end(name)

    def _refuse(self, mix: Mix) -> None:
        """Raises `BackendError` where what the model runs on would not heed the mix."""
        for name, _ in mix:
            for path in self._loaded[name]:
                part, _, layer = path.partition(".")
                if f"{layer}.weight" in held(getattr(self._pipe, part)):
                    raise BackendError(
                        f"{self._manifest.name} cannot take the style {name}: its engine has a copy of {path}",
                        hint="Take `tensorrt` out of SWIPESTREAM_ACCELERATORS on workers that are to use it.",
                    )

    def _merge(self, mix: Mix) -> None:
        if self._merged is None:
            from gpu_consumers.generation.merging import Merged

            self._merged = Merged(self._pipe)
        self._merged.set([(self._loaded[name], weight) for name, weight in mix])

    def _evict(self, used: set[str]) -> None:
        """More than may stay: the least recently used go, but none that is in use."""
        for name in [name for name in self._loaded if name not in used]:
            if len(self._loaded) <= self._manifest.styles_kept:
                break
            del self._loaded[name]
            log.info("style dropped", model=self._manifest.name, style=name)
