"""What is known is told: in archetypes that suit it, and as a part of a sentence where it is one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gpu_consumers.ports import Brief
from gpu_consumers.script.knowledge import answers, guides, stock
from gpu_consumers.script.slots import number
from gpu_consumers.script.templates import TemplateWriter
from producers.starter import PROMPTS
from schemas.scripts import Script

NAMES = frozenset(
    "Claude Berlin China American Greenland Singapore's Pluto Mars GPS Wifi Olympus Brazil I "
    "Vikings Saturn Roman Jupiter Edwin Dutch David Cleopatra Antarctica Lake".split()
)


def written(prompt: str, seed: int, archetype: str | None = None) -> Script:
    brief = Brief(prompt=prompt, seed=seed, target_seconds=30, archetype=archetype, language="en")
    return TemplateWriter().write(brief)


def told(script: Script, subject: str) -> int:
    said = " ".join(scene.narration for scene in script.scenes).lower()
    return sum(fact.tell.lower() in said for fact in stock()[subject])


@pytest.mark.parametrize("subject", ["penguins", "compound interest", "black holes"])
def test_what_is_known_of_a_subject_is_told_whatever_the_seed(subject: str) -> None:
    assert all(told(written(subject, seed), subject) >= 2 for seed in range(20))


def test_an_archetype_that_is_asked_for_stays() -> None:
    assert written("penguins", 1, "pov").archetype == "pov"
    assert written("POV: you are a penguin", 1).archetype == "pov"
    assert TemplateWriter(archetypes=("pov",)).write(
        Brief(prompt="penguins", seed=1, target_seconds=30, archetype=None, language="en")
    ).archetype == "pov"  # fmt: skip


@pytest.mark.parametrize("subject", sorted({facts: name for name, facts in stock().items()}.values()))
def test_after_a_colon_only_names_have_a_capital(subject: str) -> None:
    said = [scene.narration for seed in range(8) for scene in written(f"5 facts about {subject}", seed).scenes]

    assert {*re.findall(r": ([A-Z][\w']*)", " ".join(said))} <= NAMES


@pytest.mark.parametrize("subject", ["black holes", "cats", "coffee", "sleep", "penguins"])
def test_the_title_of_a_list_says_how_many_facts_are_told(subject: str) -> None:
    for seed in range(8):
        script = written(f"5 facts about {subject}", seed)

        assert script.title == f"{number(told(script, subject)).capitalize()} facts about {subject}"


@pytest.mark.parametrize(
    ("prompt", "subject", "title"),
    [
        ("The history of coffee in five facts", "the history of coffee", "facts about the history of coffee"),
        ("Five facts about octopuses", "octopuses", "facts about octopuses"),
        ("the truth about sleep", "sleep", "The truth about sleep"),
        ("What you did not know about the moon", "the moon", "What you did not know about the moon"),
        ("Did you know about bees?", "honey bees", "Did you know about bees?"),
        ("Explain quantum computing to a child", "quantum computers", "Quantum computing"),
        ("the life of owls", "owls", "Owls"),
        ("the secrets of a black hole", "black holes", "Black hole"),
    ],
)
def test_however_it_is_asked_for_what_is_known_is_told(prompt: str, subject: str, title: str) -> None:
    for seed in range(4):
        script = written(prompt, seed)

        assert told(script, subject) >= 2 and title in script.title


@pytest.mark.parametrize(
    ("prompt", "subject", "title"),
    [
        ("How smart are octopuses?", "octopuses", "Octopuses"),
        ("How heavy is a black hole?", "black holes", "Black hole"),
    ],
)
def test_who_asks_what_is_not_known_is_told_so_and_then_what_is(prompt: str, subject: str, title: str) -> None:
    for seed in range(8):
        script = written(prompt, seed)

        assert told(script, subject) >= 2 and script.title == title
        assert script.scenes[0].narration.lower().startswith(prompt.lower()) or "?" in script.scenes[0].narration


def ideas() -> list[str]:
    """What the page suggests, and what an empty system begins with, but for its story and its opinion."""
    form = (Path(__file__).parents[2] / "query_api/web/make/form.js").read_text("utf-8")
    suggested = re.search(r"const IDEAS = (\[.*\]);", form)
    assert suggested
    return [*json.loads(suggested[1]), *(text for text, _ in PROMPTS if not re.match("A short story|A hot take", text))]


@pytest.mark.parametrize("prompt", ideas())
def test_what_we_suggest_ourselves_is_known(prompt: str) -> None:
    stores = (*stock().values(), *(one.facts for one in answers() + guides()))
    known = {fact.tell.lower() for facts in stores for fact in facts}
    for seed in range(6):
        said = " ".join(scene.narration for scene in written(prompt, seed).scenes).lower()
        assert sum(tell in said for tell in known) >= 2, said


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("How old is the universe?", "13.8 billion"),
        ("How long is a day on Mars?", "thirty-seven minutes"),
        ("how many eyes does a honey bee have", "five eyes"),
    ],
)
def test_a_question_that_a_fact_answers_is_answered_by_it_at_the_end(prompt: str, answer: str) -> None:
    for seed in range(4):
        script = written(prompt, seed)

        assert answer in script.scenes[-2].narration and script.title.lower().startswith(prompt.lower().rstrip("?"))


@pytest.mark.parametrize("prompt", ["Why is my boss like a black hole?", "a cat burglar", "POV: you are an octopus"])
def test_what_is_only_like_a_known_subject_is_another_one(prompt: str) -> None:
    assert all(
        not told(written(prompt, seed), subject)
        for seed in range(4)
        for subject in ("black holes", "cats", "octopuses")
    )
