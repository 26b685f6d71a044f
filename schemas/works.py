"""What a step of the work used, and the figures of what it made."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Contract, Slug


class Cost(Contract):
    """What a step used, as measured by the worker that did it, and its price by the settings then in force."""

    cpu_seconds: float = Field(0.0, ge=0)
    gpu_seconds: float = Field(0.0, ge=0)
    wall_seconds: float = Field(0.0, ge=0)
    energy_j: float = Field(0.0, ge=0, description="joules of GPU and CPU package; 0 where no meter could be read")
    amount: float = Field(0.0, ge=0, description="in `currency`")
    currency: str = "USD"

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            gpu_seconds=self.gpu_seconds + other.gpu_seconds,
            wall_seconds=self.wall_seconds + other.wall_seconds,
            energy_j=self.energy_j + other.energy_j,
            amount=self.amount + other.amount,
            currency=self.currency,
        )


class ClipQuality(Contract):
    """What a clip's pictures say of themselves, without anybody looking: measured on the luma of its frames."""

    width: int = Field(ge=1, description="pixels of the frames that were looked at")
    height: int = Field(ge=1)
    frames: int = Field(ge=1, description="how many were looked at")
    sharpness: float = Field(
        ge=0, description="variance of the Laplacian, the median of the frames: little is blurred, much is noise"
    )
    flicker: float = Field(
        ge=0, description="levels that a sample goes and comes back from one frame to the next, on average"
    )
    reference: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None, description="what the next two compare it with: `draft`, the same scene in few steps"
    )
    psnr_db: float | None = Field(None, ge=0, le=100, description="100 for equal pictures")
    ssim: float | None = Field(None, ge=-1, le=1, description="structural similarity, 1 for equal pictures")


class Outlier(Contract):
    """A figure that lies far outside of what was usual lately."""

    figure: Slug = Field(description="sharpness, flicker, psnr_db, ssim, seconds or amount; fvd of many clips")
    value: float
    typical: float = Field(description="the median of the last ones of its kind")
    deviations: float = Field(ge=0, description="how far off, in robust standard deviations of the logarithm")


class RenderWork(Contract):
    """What a generative model did for a scene, and how long each phase took: the cost model learns from it.

    Phases are seconds on the device, without the time spent waiting while others had it.
    """

    model: Annotated[str, StringConstraints(max_length=200)]
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    frames: int = Field(ge=1)
    steps: int = Field(ge=1)
    accelerator: Annotated[str, StringConstraints(max_length=100)] = Field(
        description="eager, inductor, tensorrt; `tensorrt, vae inductor` where the VAE's decoder has another"
    )
    cache: Annotated[str, StringConstraints(max_length=100)] = Field(
        "", description="the step cache of its denoiser, with its numbers; empty: none"
    )
    precision: Annotated[str, StringConstraints(max_length=20)] = Field(
        "", description="of its denoiser's layers, where it is not that of the weights: fp8"
    )
    passes: int = Field(
        0, ge=0, le=4, description="forward passes of a step, where its guidance makes others; 0: as usual"
    )
    device: Annotated[str, StringConstraints(max_length=200)] = Field(description="the chip, as its driver names it")
    batch: int = Field(1, ge=1, description="scenes that were made together with it, itself included")
    encode_s: float = Field(0.0, ge=0, description="from the start to the first step")
    step_s: float = Field(0.0, ge=0, description="median of the denoising steps; with a step cache, their mean")
    decode_s: float = Field(0.0, ge=0, description="from the last step to the pixels")
    post: Annotated[str, StringConstraints(max_length=100)] = Field(
        "", description="the networks that its frames went through to become more and larger; empty: none"
    )
    post_frames: int = Field(0, ge=0, description="frames that came out of them")
    post_s: float = Field(0.0, ge=0, description="in these networks, all frames together")
    waited_s: float = Field(0.0, ge=0, description="in the scheduler, before it began and while it was pre-empted")
    preemptions: int = Field(0, ge=0)
