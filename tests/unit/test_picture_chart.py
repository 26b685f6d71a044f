"""Charts: where figures stand, when they light up, and that bars begin at zero; on real pixels."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gpu_consumers.picture.charting import Inks
from gpu_consumers.picture.colour import Rgb, yuv
from gpu_consumers.picture.cues import spread
from gpu_consumers.picture.layout import Layout
from gpu_consumers.picture.looks.chart import chart
from gpu_consumers.picture.painter import Painter, stage_of
from gpu_consumers.picture.palettes import PALETTES
from gpu_consumers.picture.plot import axis, numbers, places, spans, telling
from gpu_consumers.picture.renderer import ProceduralRenderer
from gpu_consumers.ports import SceneSpec
from gpu_consumers.scenes.chain import ways
from infra.storage.artifacts import fingerprint
from schemas.charts import Chart, ChartKind, ChartValue
from schemas.values import Format
from tests.unit.picture_kit import spec

RAIN = {"Monday": 3.0, "Tuesday": 12.0, "Wednesday": 6.0}
TOLD = "Monday, 3 mm; Tuesday, 12 mm; Wednesday, 6 mm."


def charted(
    kind: ChartKind = ChartKind.BARS, told: int = 0, values: dict[str, float] = RAIN, **changes: object
) -> SceneSpec:
    """Three seconds in which figures are told."""
    shown = tuple(ChartValue(label=label, text=f"{value:g} mm", value=value) for label, value in values.items())
    made = spec(narration=TOLD, heading="Rainfall", duration_ms=3000, palette="midnight", **changes)  # type: ignore[arg-type]
    return replace(made, scene=made.scene.model_copy(update={"chart": Chart(kind=kind, values=shown, told=told)}))


def frame(shot: SceneSpec, at: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    painter = Painter(shot)
    canvas = painter.paint(0)
    for n in range(1, at + 1):
        canvas = painter.paint(n)
    return canvas.planes[0].copy()


def longest(luma: np.ndarray[tuple[int, int], np.dtype[np.uint8]], colour: Rgb) -> list[int]:
    """Lengths of the bars of a colour on the stage, from the top: rows that hold a long run of it."""
    stage = Layout(1080, 1920).stage
    inside = luma[stage.y + 200 : stage.bottom, stage.x : stage.right] == yuv(colour)[0]
    rows = inside.sum(axis=1)
    starts = np.flatnonzero((rows[1:] > 60) & (rows[:-1] <= 60)) + 1
    return [int(np.median(rows[start : start + 30])) for start in starts]


def test_bars_are_as_long_as_their_values_from_zero() -> None:
    # Given a comparison in which all are told
    shot = charted(told=3)
    inks = Inks.of(Painter(shot).stage.palette)
    # When one of them is spoken of
    luma = frame(shot, 2)
    # Then the lit one and the others are in proportion
    lit, plain = longest(luma, inks.lit), longest(luma, inks.plain)
    assert len(lit) == 1 and len(plain) == 2
    assert [plain[0] / lit[0], plain[1] / lit[0]] == pytest.approx([4.0, 2.0], rel=0.1)


def test_a_bar_grows_when_its_value_is_told() -> None:
    shot = charted()
    lit = Inks.of(Painter(shot).stage.palette).lit
    second = telling([*RAIN], shot.words, shot.fps, 0, cover=False).mentions[1][0]

    before, after = longest(frame(shot, second - 1), lit), longest(frame(shot, second + 20), lit)

    assert after[0] == pytest.approx(4 * before[0], rel=0.1)


def test_a_cover_shows_all_of_it() -> None:
    shot = charted(number=1)
    assert len(longest(frame(shot, 0), Inks.of(Painter(shot).stage.palette).plain)) == 2


@pytest.mark.parametrize("kind", ChartKind)
@pytest.mark.parametrize("shape", Format)
@pytest.mark.parametrize(
    "values",
    [
        {"A": -2.0, "B": 3.0},
        {"Zero": 0.0, "None": 0.0},
        {"1990": 3.4, "2000": 3.38, "2020": 3.66},
        {f"A label of no small length, number {n}": 10.0**n for n in range(12)},
    ],
)
def test_any_figures_are_drawn_inside_the_stage(kind: ChartKind, shape: Format, values: dict[str, float]) -> None:
    shot = charted(kind, told=len(values), values=values, format=shape)
    drawn, stage = stage_of(shot), Layout(*shape.size).stage
    luma = chart(drawn, shot.scene.chart)(30).planes[0]  # type: ignore[arg-type]
    ground, dots = (
        yuv(colour)[0] for colour in (drawn.palette.ground, drawn.palette.ground.mix(drawn.palette.ink, 0.14))
    )

    shown = (luma < min(ground, dots)) | (luma > max(ground, dots))
    assert shown[stage.y : stage.bottom, stage.x : stage.right].mean() > 0.01
    assert not shown[stage.y : stage.bottom, : stage.x - 8].any()
    assert not shown[stage.y : stage.bottom, stage.right + 8 :].any()


@pytest.mark.parametrize("kind", ChartKind)
def test_it_never_stands_still_for_long(kind: ChartKind, tmp_path: Path) -> None:
    # Given a comparison: all is told, and nothing grows
    shot = replace(charted(kind, told=3), renditions=())
    # When it is drawn, under the gates of any scene
    clip = ProceduralRenderer().render(shot, tmp_path / "clip.mp4", lambda *_: None)
    # Then none of them closes
    assert (clip.look, clip.faults) == ("chart", ())


def test_the_last_way_to_draw_a_scene_goes_without_its_chart() -> None:
    assert [way.scene.chart is None for way in ways(charted())] == [False, False, True]


@pytest.mark.parametrize("kind", ChartKind)
def test_the_same_scene_gives_the_same_pixels(kind: ChartKind) -> None:
    first, second = frame(charted(kind), 40), frame(charted(kind), 40)
    assert (first == second).all() and (first != frame(charted(kind), 5)).any()


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda palette: palette.name)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_figures_stand_out_from_every_ground(palette: object, number: int) -> None:
    turned = palette.turned(number)  # type: ignore[attr-defined]
    inks = Inks.of(turned)
    assert min(ink.contrast(turned.ground) for ink in (inks.text, inks.plain, inks.lit)) >= 3


def test_axes_are_round_and_bars_begin_at_zero() -> None:
    assert spans([3, 12]) == [(0, 0.25), (0, 1)]
    assert spans([-1, 3]) == [(0.25, 0.0), (0.25, 1.0)]
    assert axis([3.38, 3.66]).ticks == (3.3, 3.4, 3.5, 3.6, 3.7)
    assert axis([11.6, 23.5]).ticks[0] == 0
    assert axis([5, 5]).share(5) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    "values", [(0, 5e-324), (5e-324, 5e-324), (-1e15, 1e15), (1e15, 1e15), (1e15 - 0.25, 1e15), (0, 0)]
)
def test_whatever_figures_a_client_sends_there_is_an_axis_that_holds_them(values: tuple[float, ...]) -> None:
    shares = [axis(values).share(value) for value in values]
    assert all(-0.01 <= share <= 1.01 for share in shares) and len(axis(values).ticks) <= 8


def test_an_axis_shortens_millions_and_more_all_alike() -> None:
    assert numbers([0, 2500, 5000]) == ["0", "2,500", "5,000"]
    assert numbers([-5e5, 0, 5e5, 1e6]) == ["-0.5M", "0", "0.5M", "1M"]
    assert numbers([0, 7.5e9]) == ["0", "7.5B"]
    assert numbers([9e14, 1e15]) == ["900T", "1,000T"]


def test_years_stand_as_far_apart_as_they_are() -> None:
    assert places(["1990", "2000", "2020"]) == pytest.approx([0, 1 / 3, 1])
    assert places(["May", "June", "July"]) == [0, 0.5, 1]


def test_what_is_spoken_is_found_by_its_whole_name() -> None:
    words = spread("York 2; New York, 9; in 2016 it was 3.", 3000)
    found = telling(["New York", "York", "2016"], words, 30, 0, cover=False)
    assert [number for _, number in found.mentions] == [1, 0, 2]


def test_figures_that_nobody_names_come_by_themselves_and_told_ones_stand() -> None:
    assert telling(["A", "B"], spread("nothing of it", 1000), 30, 0, cover=False).starts == (2, 7)
    assert telling(["A", "B"], spread("B", 1000), 30, 1, cover=False).starts == (-math.inf, 0)


def test_what_was_drawn_before_there_were_charts_is_found_again() -> None:
    plain = spec()
    before = plain.inputs() | {"scene": plain.scene.model_dump(mode="json", exclude={"chart"})}
    assert fingerprint(spec=plain.inputs()) == fingerprint(spec=before)
    assert fingerprint(spec=charted().inputs()) != fingerprint(spec=charted(told=1).inputs())
