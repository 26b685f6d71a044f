"""Figures in a row become sentences, and what they come to is computed; nothing else is touched."""

from __future__ import annotations

import pytest

from gpu_consumers.ports import Brief
from gpu_consumers.script.series import spelt_out
from gpu_consumers.script.templates import TemplateWriter


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "The warmest years. 2016: 1.29, 2020: 1.27, 2023: 1.45",
            "The warmest years. In 2016 it was 1.29; in 2020 it was 1.27; in 2023 it was 1.45. "
            "2023 is the highest of these with 1.45, 2020 the lowest with 1.27.",
        ),
        (
            "Rents: Berlin 14 euros, Paris 29 euros, London 33 euros and Lisbon 22 euros",
            "Rents. Berlin, 14 euros; Paris, 29 euros; London, 33 euros; Lisbon, 22 euros. "
            "London is the highest of these with 33 euros: 2.4 times the lowest, Berlin with 14 euros.",
        ),
        (
            "Tea 30%; Coffee 30%; Water 30%.",
            "Tea and two others. Tea, 30%; Coffee, 30%; Water, 30%.",
        ),
        (
            "Sales: May $1,200, June $2,400, July $600",
            "Sales. May, $1,200; June, $2,400; July, $600. "
            "June is the highest of these with $2,400: 4 times the lowest, July with $600.",
        ),
        (
            "Noon: Rome 30 degrees, Oslo 10 degrees, Bern 20 degrees",  # thrice as warm would mean nothing
            "Noon. Rome, 30 degrees; Oslo, 10 degrees; Bern, 20 degrees. "
            "Rome is the highest of these with 30 degrees, Oslo the lowest with 10 degrees.",
        ),
        (
            "A 1, B 1, C 1, D 1, E 1",
            "A and four others. A, 1; B, 1; C, 1; D, 1. E, 1.",
        ),
    ],
)  # fmt: skip
def test_figures_are_told_four_in_a_breath_and_compared(text: str, told: str) -> None:
    assert spelt_out(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "Why do cats purr?",
        "Buy 3 apples, 2 pears, 5 plums",
        "Berlin 14, Paris 29",  # two are part of a sentence
        "Anna 5 kg, Ben 3 miles, Cleo 9 kg",  # not of one kind
        "Anna 5, Anna 3, Ben 9",
        "At 7 we rise, at 8 we eat, at 9 we leave",
    ],
)
def test_what_is_no_row_of_figures_stays_as_it_is(text: str) -> None:
    assert spelt_out(text) == text


@pytest.mark.parametrize("seed", range(5))
def test_a_script_tells_every_figure_of_the_prompt(seed: int) -> None:
    prompt = "Our survey of 100 people: Coffee 52%, Tea 31%, Water 17%"
    script = TemplateWriter().write(Brief(prompt=prompt, seed=seed, target_seconds=30, archetype=None, language="en"))

    said = " ".join(scene.narration for scene in script.scenes)

    assert all(figure in said for figure in ("Coffee, 52%", "Tea, 31%", "Water, 17%", "3.1 times the lowest"))
