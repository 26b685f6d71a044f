"""FP8: the linear layers of a transformer's blocks in 8 bits. Needs torch, and a chip that multiplies them.

E4M3 (Micikevicius and others 2022, "FP8 Formats for Deep Learning"): weights have a scale for each row and are brought
to it once, what comes in has one for each token, found at each call. What lies outside of the blocks (embeddings, the
first and the last projection) and all norms are few weights on which much depends: they keep the precision they have.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import torch

from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.generation.boundaries import BLOCKS
from gpu_consumers.generation.loading import denoisers

FORMAT = torch.float8_e4m3fn
LARGEST = float(torch.finfo(FORMAT).max)
#: Both sides of a layer are a multiple of it: torch's product asks for that.
MULTIPLE = 16
#: A denoiser of which less than that would be in 8 bits (convolutions never are) gains nothing.
LEAST = 0.5


class Float8Linear(torch.nn.Linear):  # type: ignore[misc]
    """A linear layer that holds its weights in 8 bits and multiplies in 8 bits; bias and results are as before."""

    def __init__(self, plain: torch.nn.Linear) -> None:
        """`plain`: the layer that it stands in for."""
        super().__init__(plain.in_features, plain.out_features, bias=False, device="meta")
        #: What the layer takes and gives. Adapters on top of it are loaded as that, too (peft reads this name).
        self.compute_dtype = plain.weight.dtype
        #: Whether the chip's product takes the scales along; else they are multiplied to its result.
        self.fused = False
        weight, scale = scaled(plain.weight.detach())
        self.weight, self.bias = torch.nn.Parameter(weight, requires_grad=False), plain.bias
        self.register_buffer("scale", scale)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """(…, in) → (…, out), in the type of what is given."""
        tokens, scale = scaled(given.reshape(-1, self.in_features))
        made = product(tokens, scale, self.weight, self.scale, self.bias, given.dtype, fused=self.fused)
        return made.reshape(*given.shape[:-1], self.out_features)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """New weights as they are published are brought to 8 bits as the first ones were."""
        weight = state_dict.get(f"{prefix}weight")
        if weight is not None and weight.dtype != FORMAT:
            state_dict[f"{prefix}weight"], state_dict[f"{prefix}scale"] = scaled(weight)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def scaled(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows in 8 bits, and the scale (rows, 1) by which each is to be multiplied."""
    scale = (rows.abs().amax(dim=1, keepdim=True).float() / LARGEST).clamp_min(1e-12)
    return (rows.float() / scale).clamp(-LARGEST, LARGEST).to(FORMAT), scale


def product(
    tokens: torch.Tensor, scale: torch.Tensor, weight: torch.Tensor, scales: torch.Tensor, bias: torch.Tensor | None,
    dtype: torch.dtype, *, fused: bool,
) -> torch.Tensor:  # fmt: skip
    """`tokens` times the rows of `weight`, each with its scale: the same numbers, whoever multiplies the scales."""
    if fused:
        return torch._scaled_mm(tokens, weight.t(), scale_a=scale, scale_b=scales.t(), bias=bias, out_dtype=dtype)
    one = scale.new_ones(())
    made = torch._scaled_mm(tokens, weight.t(), scale_a=one, scale_b=one, out_dtype=torch.float32)
    made = made * scale * scales.t()
    return (made if bias is None else made + bias).to(dtype)


@cache
def fuses(place: torch.device) -> bool:
    """Whether a device's product takes the scales along, found out by trying. Raises `BackendMissingError` where it
    has none for 8 bits at all."""
    for fused in (True, False):
        try:
            _try(place, fused=fused)
        except (RuntimeError, NotImplementedError) as error:
            why = (str(error).strip().splitlines() or [""])[0][:300]
        else:
            return fused
    raise BackendMissingError(
        f"{_named(place)} cannot multiply in FP8: {why}",
        hint="GPUs of compute capability 8.9 (Ada, Hopper) or later can. Take `denoiser: fp8` out of its model.yaml.",
    )


def _try(place: torch.device, *, fused: bool) -> None:
    rows, scale = scaled(torch.ones(MULTIPLE, MULTIPLE, device=place))
    made = product(rows, scale, rows, scale, None, torch.bfloat16, fused=fused)
    if not bool((made == MULTIPLE).all()):
        raise RuntimeError(f"16 ones times 16 ones are {float(made[0, 0]):g} to it")


def _named(place: torch.device) -> str:
    if place.type != "cuda":
        return f"the {place.type.upper()}"
    capability = ".".join(map(str, torch.cuda.get_device_capability(place)))
    return f"{torch.cuda.get_device_name(place)} (compute capability {capability})"


def quantize(pipe: Any, name: str) -> None:
    """Exchange the layers of a pipeline's denoisers. Raises as `worthwhile`."""
    worthwhile(pipe, name)
    for _, module in denoisers(pipe):
        for path, layer in list(_taken(module)):
            parent, _, last = path.rpartition(".")
            setattr(module.get_submodule(parent), last, Float8Linear(layer))


def worthwhile(pipe: Any, name: str) -> None:
    """Raises `BackendError` where few of the weights of a pipeline's denoisers could be in 8 bits."""
    for part, module in denoisers(pipe):
        taken = sum(layer.weight.numel() for _, layer in _taken(module))
        share = taken / sum(one.numel() for one in module.parameters())
        if share < LEAST:
            raise BackendError(
                f"{name}: FP8 would take {share:.0%} of the weights of its {part}, which gains nothing",
                hint="It is for transformers. Take `denoiser: fp8` out of its model.yaml.",
            )


def _taken(module: Any) -> Iterator[tuple[str, torch.nn.Linear]]:
    for path, layer in module.named_modules():
        inside = set(path.split(".")) & set(BLOCKS) and "norm" not in path
        if inside and type(layer) is torch.nn.Linear and _even(layer):
            yield path, layer


def _even(layer: torch.nn.Linear) -> bool:
    return bool(layer.in_features % MULTIPLE == layer.out_features % MULTIPLE == 0)


def placed(pipe: Any, place: torch.device) -> Any:
    """The pipeline on a device, its layers of 8 bits made ready for that. Raises as `fuses`."""
    for _, module in denoisers(pipe):
        readied(module, place)
    return pipe.to(place)


def readied(module: Any, place: torch.device) -> None:
    """Make a module's layers of 8 bits ready for a device. Raises as `fuses`."""
    for layer in module.modules():
        if isinstance(layer, Float8Linear):
            layer.fused = fuses(place)
