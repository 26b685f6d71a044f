"""LoRAs merged into the weights of a model: W + Σ weight · scale · B·A, in float32, rounded once to what W is held in.

In place, so that engines that compute with the module's own tensors compute with the styles, too, and no layer is
exchanged. The weights as they were are kept on the host, of the changed layers alone, and put back bit by bit. Needs
torch and peft.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from peft.tuners.lora import LoraLayer

from gpu_consumers.errors import BackendError
from gpu_consumers.generation.float8 import Float8Linear, scaled
from gpu_consumers.generation.loading import denoisers

ADAPTER = "style"


@dataclass(frozen=True)
class Change:
    """What a style adds to the weights of one layer: `scale` · up · down, both on the host."""

    up: torch.Tensor
    down: torch.Tensor
    scale: float

    @property
    def held(self) -> int:
        """Bytes."""
        return int(self.up.nbytes + self.down.nbytes)

    def add(self, weights: torch.Tensor, weight: float) -> None:
        """To float32 weights, in place."""
        up, down = (one.to(weights.device, torch.float32).flatten(1) for one in (self.up, self.down))
        weights += (weight * self.scale) * (up @ down).reshape(weights.shape)


#: Of a style: its changes by the path of the layer, which begins with the denoiser's name.
Changes = Mapping[str, Change]


def read(pipe: Any, file: Any) -> Changes:
    """The changes in a file of LoRA weights, whose many formats diffusers knows; the pipeline is as it was afterwards.

    Raises `BackendError` for one that does more than to add to the denoisers' weights, and what diffusers raises.
    """
    try:
        pipe.load_lora_weights(
            str(file.parent), weight_name=file.name, adapter_name=ADAPTER, local_files_only=True, use_safetensors=True
        )
        found = dict(_changes(pipe))
    finally:
        for module in pipe.components.values():
            if isinstance(module, torch.nn.Module) and hasattr(module, "unload_lora"):
                module.unload_lora()
    if not found:
        raise BackendError("it changes nothing in the denoiser")
    return found


def _changes(pipe: Any) -> Iterator[tuple[str, Change]]:
    for part, module in denoisers(pipe):
        for path, layer in module.named_modules():
            if not isinstance(layer, LoraLayer):
                continue
            if ADAPTER not in layer.lora_A or layer.use_dora.get(ADAPTER) or layer.lora_bias.get(ADAPTER):
                raise BackendError(f"{part}.{path}: it is no plain LoRA (DoRA, a bias or an embedding)")
            up, down = (side[ADAPTER].weight.detach().cpu().clone() for side in (layer.lora_B, layer.lora_A))
            yield f"{part}.{path}", Change(up, down, float(layer.scaling[ADAPTER]))


class Merged:
    """The layers of one pipeline that are changed now. Called by whoever has the turn."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._originals: dict[str, dict[str, torch.Tensor]] = {}

    @property
    def held(self) -> int:
        """Bytes of the weights as they were, on the host."""
        return sum(int(value.nbytes) for found in self._originals.values() for value in found.values())

    def set(self, mix: Sequence[tuple[Changes, float]]) -> None:
        """Let the layers compute with this mix alone; those that are not in it compute as before there was any."""
        wanted = dict.fromkeys(path for changes, _ in mix for path in changes)
        with torch.no_grad():
            for path in [path for path in self._originals if path not in wanted]:
                for name, value in self._originals[path].items():
                    self._tensors(path)[name].copy_(value)
                del self._originals[path]
            for path in wanted:
                self._change(path, [(changes[path], weight) for changes, weight in mix if path in changes])

    def _change(self, path: str, changes: Sequence[tuple[Change, float]]) -> None:
        tensors = self._tensors(path)
        if path not in self._originals:
            self._originals[path] = {name: _kept(value) for name, value in tensors.items()}
        before = {name: value.to(tensors["weight"].device) for name, value in self._originals[path].items()}
        total = before["weight"].to(torch.float32, copy=True)
        if "scale" in tensors:
            total *= before["scale"]
        for change, weight in changes:
            change.add(total, weight)
        made = dict(zip(("weight", "scale"), scaled(total), strict=True)) if "scale" in tensors else {"weight": total}
        for name, value in made.items():
            tensors[name].copy_(value)

    def _tensors(self, path: str) -> dict[str, torch.Tensor]:
        part, _, inner = path.partition(".")
        layer = getattr(self._pipe, part).get_submodule(inner)
        held = {"weight": layer.weight.detach()}
        return held | ({"scale": layer.scale} if isinstance(layer, Float8Linear) else {})


def _kept(value: torch.Tensor) -> torch.Tensor:
    """A copy on the host, from which a GPU reads as fast as it can."""
    copied = value.to("cpu", copy=True)
    return copied.pin_memory() if value.device.type == "cuda" else copied
