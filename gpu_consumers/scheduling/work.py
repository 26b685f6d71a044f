"""What is asked of a device, and what is known of how long it takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from schemas.values import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What decides how long a clip takes: equal work takes equally long, and only equal work can share a batch."""

    model: str
    width: int
    height: int
    frames: int
    steps: int
    backend: str  #: the accelerator: eager, inductor, tensorrt
    cache: str = ""  #: the step cache: its kind and numbers
    precision: str = ""  #: of the denoiser, where it is another than that of its weights: fp8
    passes: int = 0  #: forward passes of a step, where its guidance makes others than the model usually does
    post: str = ""  #: the networks that its frames go through: then it is that alone, of so many frames, in no steps

    def at_once(self, clips: int) -> Work:
        """What so many of it are that are made at once: engines are built for one clip, so several run eagerly."""
        return self if clips == 1 else replace(self, backend="eager")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One clip that somebody wants. Requests with the same `key` are one piece of work.

    Times are seconds of any steady clock, memory is in bytes.
    """

    key: str  #: hash of everything that decides the pixels
    work: Work
    lane: Lane
    deadline: float | None = None  #: None: so long after its arrival as the lane's patience says
    peak: int = 0  #: memory while it runs, without the weights
    held: int = 0  #: what stays on the device while it is suspended: latents, embeddings, scheduler state
    batch_most: int | None = None  #: clips that may be made at once; None: as many as the policy says
    company: str = ""  #: what else must be equal in a batch: styles, guidance


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds that something takes: the median, and what nine of ten stay below."""

    typical: float
    high: float

    def __add__(self, other: Estimate) -> Estimate:
        # Sums of independent times spread less than this; a promise may only err on the safe side.
        return Estimate(self.typical + other.typical, self.high + other.high)

    def __mul__(self, times: float) -> Estimate:
        return Estimate(self.typical * times, self.high * times)

    def after(self, spent: float, least: float) -> Estimate:
        """What is left of it once `spent` seconds are gone; never less than `least`."""
        return Estimate(max(self.typical - spent, least), max(self.high - spent, least))


class Costs(Protocol):
    """What the scheduler asks of a cost model. Each answer must be cheap: it is asked at every step."""

    def clip(self, work: Work, batch: int = 1) -> Estimate:
        """A whole clip, or a batch of them."""
        ...

    def step(self, work: Work) -> Estimate:
        """The longest time between two boundaries, a denoising step as a rule."""
        ...

    def load(self, model: str) -> Estimate:
        """Bringing a model's weights onto the device."""
        ...

    def gain(self, work: Work, batch: int) -> float:
        """How many times more clips a second a batch makes, as measured; 1.0 where nothing was measured."""
        ...
