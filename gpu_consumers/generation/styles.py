"""Styles: LoRA adapters of one loaded model, brought in when a clip asks for them and mixed by weight.

Clips take turns on the same modules, so the mix is a state of the device, not of a clip: whoever goes on sets its own
again. The adapters that were used last stay loaded; with none the model computes what it did before there were any.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.generation.manifest import Manifest, Style
from gpu_consumers.generation.weights import own_folder
from infra.settings import Settings
from infra.telemetry import logs

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
    """The adapters of one pipeline. Called by whoever has the turn."""

    def __init__(self, pipe: Any, manifest: Manifest, config: Settings) -> None:
        self._pipe, self._manifest, self._config = pipe, manifest, config
        self._loaded: OrderedDict[str, None] = OrderedDict()
        self._mix: Mix | None = ()

    @property
    def loaded(self) -> tuple[str, ...]:
        """Those on the device, the least recently used first."""
        return tuple(self._loaded)

    def use(self, mix: Mix) -> None:
        """Make the model compute with this mix alone. Raises as `locate_style`, `BackendError` for a bad file."""
        if mix == self._mix:
            return
        self._mix = None  # not known, should anything fail half-way
        files = {name: locate_style(self._manifest, name, self._config) for name, _ in mix}
        for name, path in files.items():
            self._load(name, path)
        self._set(mix)
        self._mix = mix
        self._evict({name for name, _ in mix})

    def _load(self, name: str, path: Path) -> None:
        if name not in self._loaded:
            try:
                with warnings.catch_warnings():
                    # That there are several adapters is meant.
                    warnings.filterwarnings("ignore", "Already found a `peft_config`", UserWarning)
                    self._pipe.load_lora_weights(
                        str(path.parent), weight_name=path.name, adapter_name=name, local_files_only=True,
                        use_safetensors=True,
                    )  # fmt: skip
            except (AttributeError, OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
                raise BackendError(f"{self._manifest.name} cannot take the style {name}: {error}") from error
            log.info("style loaded", model=self._manifest.name, style=name)
        self._loaded[name] = None
        self._loaded.move_to_end(name)

    def _set(self, mix: Mix) -> None:
        if mix:
            self._pipe.enable_lora()
            self._pipe.set_adapters([name for name, _ in mix], [weight for _, weight in mix])
        elif self._loaded:
            self._pipe.disable_lora()

    def _evict(self, used: set[str]) -> None:
        """More than may stay: the least recently used go, but none that is in use."""
        for name in [name for name in self._loaded if name not in used]:
            if len(self._loaded) <= self._manifest.styles_kept:
                break
            self._pipe.delete_adapters(name)
            del self._loaded[name]
            log.info("style dropped", model=self._manifest.name, style=name)
