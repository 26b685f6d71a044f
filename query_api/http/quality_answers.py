"""How good what is made is, as `GET /v1/figures` tells it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from query_api.quality import Made, Quality
from query_api.states import moment
from schemas.quality import DistanceMeasured, Group
from schemas.videos import AnomalyFound
from schemas.works import Outlier


class DistanceAnswer(BaseModel):
    """How far clips are from a reference, as a network sees them; 0 is the same."""

    figure: str
    distance: float
    clips: int
    reference: str = Field(description="name of the folder that it was in")
    usual: float | None = Field(None, description="only where it is far above that: an alert")
    measured_at: datetime


class QualityLine(BaseModel):
    """Scenes of a model, or of a flavor: medians of the last 256 of them. Compare a model only with itself."""

    group: Group
    name: str
    scenes: int
    odd: int = Field(description="anomalies that were found in them")
    sharpness: float | None = Field(None, description="variance of the luma's Laplacian")
    flicker: float | None = Field(None, description="levels of luma that come and go from frame to frame")
    psnr_db: float | None = Field(None, description="against the draft of the same scene")
    ssim: float | None = Field(None, description="against the draft of the same scene")
    distance: DistanceAnswer | None = None


class AnomalyAnswer(BaseModel):
    """A scene whose figures lay far outside of what was usual."""

    video_id: str
    revision: int
    scene_number: int
    model: str
    found_at: datetime
    outliers: tuple[Outlier, ...]


class QualityAnswer(BaseModel):
    """Of the events that `making` counts, in all revisions; and the newest comparisons with a reference."""

    groups: list[QualityLine] = Field(description="models, then flavors")
    anomalies: list[AnomalyAnswer] = Field(description="the last ten, the newest first")


def quality(found: Quality) -> QualityAnswer:
    """As it is told."""
    return QualityAnswer(
        groups=[_line(*one) for one in found.groups()], anomalies=[_odd(one) for one in reversed(found.anomalies)]
    )


def _line(group: Group, name: str, made: Made) -> QualityLine:
    distance = _distance(made.distance) if made.distance else None
    return QualityLine(group=group, name=name, scenes=made.scenes, odd=made.odd, distance=distance, **made.middles)


def _distance(event: DistanceMeasured) -> DistanceAnswer:
    return DistanceAnswer(
        figure=event.figure,
        distance=event.distance,
        clips=event.clips,
        reference=event.reference_name,
        usual=event.outlier.typical if event.outlier else None,
        measured_at=moment(event.ts_us),
    )


def _odd(event: AnomalyFound) -> AnomalyAnswer:
    told = event.model_dump(include={"video_id", "revision", "scene_number", "model"})
    return AnomalyAnswer(**told, found_at=moment(event.ts_us), outliers=event.outliers)
