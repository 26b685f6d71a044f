"""Charts: the figures that a scene shows while they are told."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Contract

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]

#: The largest figure, either way: beyond it decimals are lost.
LARGEST = 1e15


class ChartKind(StrEnum):
    """How figures are drawn."""

    BARS = "bars"  #: of separate things; from zero
    LINE = "line"  #: of moments one after the other


class ChartValue(Contract):
    """One figure of a chart."""

    label: Label = Field(description="what it is of")
    text: Label = Field(description="as it is shown, with its unit")
    value: float = Field(ge=-LARGEST, le=LARGEST, strict=True)


class Chart(Contract):
    """Figures of one unit. All of them are drawn; each stands out from when it is told."""

    kind: ChartKind = ChartKind.BARS
    values: tuple[ChartValue, ...] = Field(min_length=2, max_length=12)
    told: int = Field(
        0, ge=0, le=12, strict=True, description="how many of them, from the first on, were told before the scene"
    )
