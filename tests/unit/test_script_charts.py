"""Scenes that tell figures of the prompt carry them, to be drawn."""

from __future__ import annotations

import pytest

from gpu_consumers.ports import Brief
from gpu_consumers.script.templates import TemplateWriter
from schemas.charts import Chart, ChartKind
from schemas.scripts import Scene


def charts(prompt: str, seed: int = 1) -> list[tuple[Scene, Chart]]:
    brief = Brief(prompt=prompt, seed=seed, target_seconds=30, archetype=None, language="en")
    return [(scene, scene.chart) for scene in TemplateWriter().write(brief).scenes if scene.chart]


@pytest.mark.parametrize("seed", range(5))
def test_every_scene_that_tells_figures_has_all_of_them(seed: int) -> None:
    found = charts("Rainfall: Monday 3 mm, Tuesday 12 mm, Wednesday 7.5 mm", seed)

    assert [[(v.label, v.text, v.value) for v in chart.values] for _, chart in found] == [
        [("Monday", "3 mm", 3.0), ("Tuesday", "12 mm", 12.0), ("Wednesday", "7.5 mm", 7.5)]
    ] * 2
    assert [(scene.on_screen_text, chart.told) for scene, chart in found] == [
        ("Rainfall", 0),
        ("4 times the lowest", 3),
    ]


def test_a_long_row_goes_on_where_the_scene_before_ended() -> None:
    found = charts("Rents: Berlin 14, Paris 29, London 33, Rome 20, Oslo 25, Bern 27")

    assert [chart.told for _, chart in found] == [0, 4, 6]


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ("1990 3.4 million, 2000 3.38 million, 2010 3.46 million, 2020 3.66 million", ChartKind.LINE),
        ("January 3, February 4, March 5, April 9", ChartKind.LINE),
        ("Mon 3, Tue 4, Wed 5, Thu 9", ChartKind.LINE),
        ("2019 3, 2020 4, 2021 5", ChartKind.BARS),  # few
        ("2021 3, 2020 4, 2019 5, 2018 6", ChartKind.BARS),  # backwards
        ("Jana 3, Febe 4, Marion 5, Aprilia 9", ChartKind.BARS),  # they only begin like months and days
        ("Berlin 3, Hamburg 4, Munich 5, Cologne 9", ChartKind.BARS),
    ],
)
def test_moments_in_their_order_are_a_line(rows: str, kind: ChartKind) -> None:
    assert {chart.kind for _, chart in charts(f"How it was: {rows}")} == {kind}


@pytest.mark.parametrize(
    "prompt", ["Why do cats purr?", "Berlin 14, Paris 29", "Nine: " + ", ".join(f"{c} 2" for c in "ABCDEFGHI")]
)
def test_without_a_row_that_is_readable_there_is_no_chart(prompt: str) -> None:
    assert charts(prompt) == []


@pytest.mark.parametrize(
    ("prompt", "language", "title", "narration"),
    [
        (
            "Regen: Montag 3 mm, Dienstag 12 mm und Mittwoch 7 mm", "de", "Regen",
            "Montag, 3 mm; Dienstag, 12 mm; Mittwoch, 7 mm.",
        ),
        (
            "Lluvia en la ciudad: lunes 3 mm, martes 12 mm y miércoles 7 mm", "es", "Lluvia en la ciudad",
            "Lunes, 3 mm; martes, 12 mm; miércoles, 7 mm.",
        ),
    ],
)  # fmt: skip
def test_rows_in_other_languages_are_drawn_too(prompt: str, language: str, title: str, narration: str) -> None:
    script = TemplateWriter().write(Brief(prompt=prompt, seed=1, target_seconds=30, archetype=None, language="en"))

    assert (script.language, script.title) == (language, title)
    assert [(s.narration, s.on_screen_text, len(s.chart.values)) for s in script.scenes if s.chart] == [
        (narration, title, 3)
    ]


@pytest.mark.parametrize(
    "rows", ["Mai 1.200 Euro, Juni 900 Euro, Juli 1.300 Euro", "Mai 3,5 Euro, Juni 3,6 Euro, Juli 4 Euro"]
)
def test_figures_that_another_language_writes_in_another_way_are_not_guessed(rows: str) -> None:
    assert charts(f"Umsatz der Firma im Jahr: {rows}") == []


def test_figures_too_large_for_a_chart_are_told_without_one() -> None:
    assert charts("Rain: 2001 1 mm, 2002 2 mm, 2003 3 mm, 2004 900,000,000,000,000,000 mm") == []
