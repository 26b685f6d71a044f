"""The step caches that a manifest can name: which forward passes of a denoiser skip most of their work. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.flavors import Part


class FirstBlock(Part):
    """A pass whose first block changes its input much as it did in the last full pass skips all other blocks."""

    kind: Literal["first-block"]
    threshold: float = Field(0.08, gt=0, description="relative change below which it is much the same; more skips more")

    @property
    def label(self) -> str:
        """Its name for events and the cost model, with what decides how much it skips."""
        return f"{self.kind} {self.threshold:g}"

    @property
    def tensors(self) -> int:
        """Tensors as large as the hidden states that it keeps for a pass: the first block's output and change, and
        what the other blocks changed."""
        return 3


class Taylor(Part):
    """After `warmup` full steps only one of `interval` is computed; between them the output follows its trend."""

    kind: Literal["taylor"]
    interval: int = Field(3, ge=2, le=20)
    warmup: int = Field(3, ge=1, le=50)
    order: int = Field(1, ge=0, le=3, description="0: as in the last full step; 1: along a line; more: along a curve")

    @property
    def label(self) -> str:
        """As above."""
        return f"{self.kind} {self.interval} {self.warmup} {self.order}"

    @property
    def tensors(self) -> int:
        """The factors of its series. They are smaller than hidden states: it errs on the safe side."""
        return self.order + 1


Cache = Annotated[FirstBlock | Taylor, Field(discriminator="kind")]
