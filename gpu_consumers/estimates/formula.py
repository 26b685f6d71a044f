"""The formula: seconds of a clip from a transformer's size and a chip's speed, before anything was measured.

A forward pass over L latent tokens takes 2·N·L + 4·L·S·d·layers operations: every parameter that a token goes through,
and attention to S tokens, which are all of them or those of its own frame. `python -m bench operations` counts what the
shipped models compute: the same within 1 %. Practice reaches 60 to 70 % of a chip's dense bf16 peak at best, and 30 to
40 % without tuning (figures that publishers give for Wan, FastWan and LightX2V, worked out against this formula).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from gpu_consumers.scheduling.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """Seconds of each part of a clip, and of bringing the weights onto the device."""

    encode: float
    step: float
    decode: float
    load: float
    post: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What decides the work of a forward pass. A latent token stands for `patch` pixels and `per_frames` frames."""

    parameters: float  #: those that each token goes through: not what is done to the prompt alone
    layers: int  #: with attention among tokens
    width: int
    patch: int = 16  #: pixels of a token's edge: the VAE's compression times the patch size
    per_frames: int = 4
    framewise: bool = False  #: whether tokens attend to those of their own frame alone
    passes: int = 2  #: forward passes of a step: 2 with classifier-free guidance, 1 for distilled models
    weights: int = 0  #: bytes of all weights
    post: int = 0  #: parameters of the networks that its frames go through

    def tokens(self, work: Work) -> int:
        """Latent tokens of a clip."""
        return self._in_frame(work) * (1 + ceil((work.frames - 1) / self.per_frames))

    def operations(self, work: Work) -> float:
        """Floating-point operations of one step."""
        tokens = self.tokens(work)
        seen = self._in_frame(work) if self.framewise else tokens
        return self.passes * (2 * self.parameters * tokens + 4 * tokens * seen * self.width * self.layers)

    def _in_frame(self, work: Work) -> int:
        return ceil(work.height / self.patch) * ceil(work.width / self.patch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """How fast a device is. `peak` is dense bf16 operations a second, from its data sheet."""

    name: str
    peak: float
    source: str = ""
    reached: float = 0.35  #: the part of the peak that a model reaches without tuning
    pixels: float = 1e7  #: pixels a second that a VAE decodes
    copies: float = 1.2e10  #: bytes a second from the host's memory

    def phases(self, model: Architecture, work: Work) -> Phases:
        """The formula's answer."""
        return Phases(
            encode=0.3,
            step=model.operations(work) / (self.peak * self.reached),
            decode=work.width * work.height * work.frames / self.pixels,
            load=model.weights / self.copies,
            # A convolution uses every parameter once for each pixel that comes in.
            post=2 * model.post * work.width * work.height * work.frames / (self.peak * self.reached),
        )


#: Dense bf16 peaks without sparsity: where a data sheet gives the figure with sparsity, half of it.
#: The first whose name is in the driver's counts, so a chip's slower boards stand before it.
CHIPS = {
    "H200 NVL": Chip(name="H200 NVL", peak=835e12, source="NVIDIA H200 data sheet, NVL: 1,671 Tflop/s with sparsity"),
    "H200": Chip(name="H200", peak=989e12, source="NVIDIA H200 data sheet: 1,979 Tflop/s with sparsity"),
    "H100 NVL": Chip(name="H100 NVL", peak=835e12, source="NVIDIA H100 data sheet, NVL: 1,671 Tflop/s with sparsity"),
    "H100 PCIe": Chip(name="H100 PCIe", peak=756e12, source="NVIDIA H100 data sheet: 1,513 Tflop/s with sparsity"),
    "H100": Chip(name="H100", peak=989e12, source="NVIDIA H100 data sheet, SXM: 1,979 Tflop/s with sparsity"),
    "B200": Chip(name="B200", peak=2250e12, source="NVIDIA HGX B200 data sheet: 36 Pflop/s with sparsity, 8 chips"),
    "A100": Chip(name="A100", peak=312e12, source="NVIDIA A100 data sheet: 312 Tflop/s"),
    "L40S": Chip(name="L40S", peak=362e12, source="NVIDIA L40S data sheet: 362 Tflop/s"),
    "RTX 4090": Chip(name="RTX 4090", peak=165e12, source="NVIDIA Ada white paper: 165.2 Tflop/s, FP32 accumulation"),
    "RTX 5090": Chip(
        name="RTX 5090", peak=210e12, source="NVIDIA RTX Blackwell white paper: 209.5 Tflop/s, FP32 accumulation"
    ),
}
#: A core of a server does about 50 bf16-equivalent Gflop/s through oneDNN; it is only where learning begins.
CPU = Chip(name="cpu", peak=5e10, reached=0.5, pixels=2e5, copies=2e9)


def chip(device_name: str) -> Chip:
    """The chip that a driver's name of a device means; one nobody listed counts as the slowest listed."""
    if device_name == "cpu":
        return CPU
    return listed(device_name) or CHIPS["RTX 4090"]


def listed(device_name: str) -> Chip | None:
    """The chip that a driver's name of a device means, if it is one of those whose peak is known; a slice (MIG) has an
    unknown part of it."""
    if "MIG" in device_name.split():
        return None
    return next((found for name, found in CHIPS.items() if name.replace("RTX ", "") in device_name), None)


def share_of_peak(model: Architecture, work: Work, step_s: float, peak: float) -> float:
    """Which part of a chip's peak (operations a second) a step of that many seconds makes use of."""
    return model.operations(work) / step_s / peak if step_s > 0 else 0.0
