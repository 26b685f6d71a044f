"""Quality in `/v1/figures`: medians by model and flavor, what was odd, the newest distance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from query_api.figures import Tally
from query_api.http.figure_answers import Figures
from query_api.quality import SCENES, Quality
from schemas import ids
from schemas.quality import DistanceMeasured, Group
from schemas.videos import AnomalyFound, SceneRendered
from schemas.works import ClipQuality, Outlier
from tests.unit.read_kit import Api, life

VIDEO = ids.derive("cats", "video")
LIFE = [event.data for event in life(VIDEO, 10)]
SCENE = next(event for event in LIFE if isinstance(event, SceneRendered))
BEFORE = LIFE[: LIFE.index(SCENE)]


def scene(sharpness: float, **changes: Any) -> SceneRendered:
    found = ClipQuality(width=64, height=64, frames=9, sharpness=sharpness, flicker=0.5)
    return SCENE.model_copy(update={"quality": found, **changes})


def odd() -> AnomalyFound:
    outlier = Outlier(figure="sharpness", value=9, typical=200, deviations=8)
    return AnomalyFound(
        video_id=VIDEO, ts_us=900, scene_id=SCENE.scene_id, scene_number=2, model=SCENE.model, kind="any", seen=20,
        outliers=(outlier,),
    )  # fmt: skip


def distance(ts_us: int, value: float, outlier: Outlier | None = None) -> DistanceMeasured:
    return DistanceMeasured(
        group=Group.MODEL, name=SCENE.model, ts_us=ts_us, distance=value, clips=500, reference="a" * 64,
        reference_name="usual", reference_clips=900, network="b" * 64, outlier=outlier,
    )  # fmt: skip


async def test_figures_tell_medians_anomalies_and_the_newest_distance(tmp_path: Path) -> None:
    # given scenes of one model, one of them reused, one odd, and two distances of which the older one comes last
    tally, api = Tally(), Api(tmp_path)
    far = Outlier(figure="fvd", value=400, typical=99, deviations=7)
    events = (scene(100), scene(300), scene(200), scene(9, reused=True), odd(), distance(9, 400, far), distance(5, 99))
    for event in (*BEFORE, *events):
        tally.count(event)
    # when they are asked for
    api.parts.figures = Figures(tally, dict)
    told = (await api.get("/v1/figures")).json()["quality"]
    # then model and flavor have them, and only the model a distance: it is far above the usual one
    model, flavor = told["groups"]
    assert (model["group"], model["scenes"], model["odd"], model["sharpness"]) == ("model", 3, 1, 200)
    assert (flavor["group"], flavor["name"], flavor["sharpness"]) == ("flavor", "default", 200)
    assert (model["distance"]["distance"], model["distance"]["usual"]) == (400, 99)
    assert "distance" not in flavor and "ssim" not in model
    assert [(one["scene_number"], one["outliers"][0]["figure"]) for one in told["anomalies"]] == [(2, "sharpness")]


def test_only_the_last_scenes_count_for_a_median_but_all_are_counted() -> None:
    quality = Quality()
    for value in (*[1.0] * SCENES, *[5.0] * SCENES):
        quality.learn(scene(value))
    (_, _, made), = quality.groups()  # fmt: skip
    assert (made.scenes, made.middles["sharpness"]) == (2 * SCENES, 5.0)
