"""Topic family `quality`: figures of many clips together, which belong to no single video."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from schemas.base import Message, Micros, Slug, message
from schemas.values import Sha256
from schemas.videos import Name
from schemas.works import Outlier


class Group(StrEnum):
    """What clips have in common that are measured together."""

    MODEL = "model"
    FLAVOR = "flavor"


@message("quality")
class DistanceMeasured(Message):
    """How far the clips of a model, or of a flavor, are from those of a reference, as a network sees them.

    Compare it with others of the same reference and the same network alone. Where it is far above those before it, it
    says so: an alert.
    """

    group: Group
    name: Name = Field(description="of the model, or of the flavor")
    ts_us: Micros
    figure: Slug = Field("fvd", description="fvd: Fréchet video distance (arXiv 1812.01717); 0 is the same")
    distance: float = Field(ge=0)
    clips: int = Field(ge=1, description="that the network has seen")
    made_since_us: Micros | None = Field(None, description="the clips were made from then on; none: from the beginning")
    made_until_us: Micros | None = Field(None, description="and before then; none: until it was measured")
    reference: Sha256 = Field(description="a hash of the reference's videos, whatever their names")
    reference_name: Name = Field(description="of the folder that they were in")
    reference_clips: int = Field(ge=1)
    network: Sha256 = Field(description="of the network's file")
    seen: int = Field(0, ge=0, description="how many measurements before it could be compared with it")
    outlier: Outlier | None = Field(None, description="it is far above those")

    @property
    def key(self) -> str:
        return self.name
