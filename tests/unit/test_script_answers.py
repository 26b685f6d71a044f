"""Questions that are asked often get their answer; a question that only looks like one of them does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.ports import Brief
from gpu_consumers.script import knowledge
from gpu_consumers.script.clean import sentences
from gpu_consumers.script.knowledge import answer_to, answers, facts_on, guide_to, guides
from gpu_consumers.script.memory import mark, marks_of
from gpu_consumers.script.templates import TemplateWriter
from gpu_consumers.script.understanding import understand
from gpu_consumers.voice.pace import estimate_seconds
from schemas.scripts import Script

ASKED = {
    "Why is the sky blue?": "scatters", "why do cats purr": "at ease", "How do airplanes fly?": "push air down",
    "How does a plane fly?": "push air down", "Why is the ocean salty?": "rivers", "why is the sea so salty": "rivers",
    "Why do leaves change color in autumn?": "green breaks down", "What causes tides?": "moon",
    "Why do we have seasons?": "tilted", "Why do onions make you cry?": "gas",
    "Why do my fingers wrinkle in water?": "nerves",
    "Is it true that we only use 10% of our brain?": "myth", "How does GPS work?": "four satellites",
    "Why do birds fly in a V?": "rides", "how are rainbows made": "raindrops", "Why does ice float?": "lighter",
    "Why do flamingos stand on one leg?": "no strength", "How does bluetooth work?": "jumping",
    "Why did the Roman empire fall?": "troubles", "Why do cats always land on their feet?": "halves",
    "What killed the dinosaurs?": "asteroid", "How do touchscreens work?": "electricity",
    "How do submarines sink and rise again?": "changing their weight",
    "What is inflation?": "basket", "What happens inside a black hole?": "not known",
    "What is a black hole?": "collapses",
    "how far away is the sun": "million", "How far is the Sun from the Earth?": "million",
    "What is the difference between a crocodile and an alligator?": "snout", "how bridges stay up": "squeezed",
    "Why don't bridges fall down?": "squeezed", "Who was Ada Lovelace?": "1843",
    "when was the first email sent": "1971",
    "Why are leaves green?": "chlorophyll", "Why don't woodpeckers get headaches?": "small",
    "Why is Pluto no longer a planet?": "planet",
}  # fmt: skip
OTHERS = (
    "Why do cats purr when a violin plays?", "Why is the sky falling?", "Why is blue paint so expensive?",
    "How do planes avoid storms?", "Who invented popcorn?", "Why do people dream of tigers?",
    "Why do birds sing in the morning?", "Why is ice cream cold?",
    "Why do caterpillars sleep so much?", "Why does romance end?", "Why did the British empire fall?",
    "Why does lightning flash?", "Why do babies sleep so much?", "Why is coffee so expensive?",
    "Why did my sourdough not rise?", "Why don't cats purr?", "Why can't I sleep?", "Why doesn't my WiFi work?",
    "How does bread rise without yeast?", "Why do some planes never fly?", "Why is the sea not salty near rivers?",
    "How do bridges get their names?", "How far is the moon?", "Who was Ada?", "Who sent the first letter?",
    "Why is the traffic light green?",
)  # fmt: skip


def written(
    prompt: str, seed: int = 1, seconds: float = 30, heard: tuple[str, ...] = (), *, asked: bool = False
) -> Script:
    brief = Brief(
        prompt=prompt, archetype=None, target_seconds=seconds, language="en", seed=seed, heard=heard, asked=asked
    )
    return TemplateWriter().write(brief)


def spoken(script: Script) -> str:
    return " ".join(scene.narration for scene in script.scenes)


@pytest.mark.parametrize(("prompt", "answer"), ASKED.items())
def test_a_known_question_is_answered(prompt: str, answer: str) -> None:
    made = written(prompt)
    # then the answer is told in the scene before the last, and what leads to it before that
    assert answer in made.scenes[-2].narration
    assert [scene.beat for scene in made.scenes][-2:] == ["payoff", "close"]
    assert sum("?" in scene.narration for scene in made.scenes) <= 3
    assert 0.85 <= sum(estimate_seconds(scene.narration, "en") for scene in made.scenes) / 30 <= 1.15


@pytest.mark.parametrize("listener", ["a teenager", "my grandma", "a five-year-old"])
def test_whoever_it_is_explained_to_it_is_the_same_subject(listener: str) -> None:
    prompt = f"Explain compound interest to {listener}"
    assert facts_on(understand(prompt), "explainer")
    # then, whatever the seed, facts are told
    assert all(written(prompt, seed).archetype == "explainer" for seed in range(5))


@pytest.mark.parametrize("prompt", OTHERS)
def test_another_question_is_not_taken_for_it(prompt: str) -> None:
    assert answer_to(understand(prompt), "explainer") == ()


@pytest.mark.parametrize("seconds", [15, 30, 45, 60])
def test_however_short_the_video_the_answer_is_in_it(seconds: float) -> None:
    for seed in range(20):
        assert "at ease" in spoken(written("Why do cats purr?", seed, seconds))


def test_nobody_is_told_the_same_answer_again() -> None:
    first = written("Why is the sky blue?")
    heard = tuple(mark(sentence) for scene in first.scenes for sentence in sentences(scene.narration))
    again = written("Why is the sky blue?", seed=2, heard=heard)
    told = {mark(sentence) for scene in again.scenes for sentence in sentences(scene.narration)}
    assert not told & set(heard) - {mark("Why is the sky blue?")}


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("Why do cats purr?", "at ease"), ("How to get started with houseplants", "drown"),
        ("How high can a cat hear?", "85 kilohertz"), ("Warum schnurren Katzen?", "wenn ihnen wohl ist"),
    ],
)  # fmt: skip
def test_who_asks_for_what_they_have_heard_is_told_it_again(prompt: str, answer: str) -> None:
    # Given somebody who has heard it in every wording
    heard = marks_of(written(prompt, seed) for seed in range(40))
    for seed in range(8):
        # When they ask
        told = spoken(written(prompt, seed, heard=heard, asked=True))
        # Then they get the answer, and nobody says that it is not known
        assert answer in told and "know that one" not in told
    # And when nobody asked, it is not said again, and not said to be unknown
    made = written(prompt, heard=heard)
    assert not re.search(r"I don't know|can't (say|answer)|Nobody told me|have to guess", spoken(made))


@pytest.mark.parametrize("prompt", ["Facts about cats", "5 facts about octopuses"])
def test_who_asks_for_facts_that_they_know_all_is_told_them_again(prompt: str) -> None:
    everything = {fact.tell for fact in facts_on(understand(prompt), "list")}
    heard = tuple(mark(sentence) for tell in everything for sentence in sentences(tell))
    assert not any(tell in spoken(written(prompt, heard=heard)) for tell in everything)
    assert sum(tell in spoken(written(prompt, heard=heard, asked=True)) for tell in everything) >= 2


@given(seed=st.integers(0, 10_000))
def test_every_telling_keeps_the_order_of_the_steps(seed: int) -> None:
    made = spoken(written("Why do flamingos turn pink?", seed=seed))
    places = [made.find(step) for step in ("hatch grey", "algae", "Carrots", "end up in their feathers")]
    assert places == sorted(places) and -1 not in places


def test_the_store_is_whole() -> None:
    for answer in answers():
        assert 3 <= len(answer.facts) <= 5
        for fact in answer.facts:
            assert fact.source and 1 <= len(fact.punch.split()) <= 5 and fact.tell[-1] in ".?!"
            assert estimate_seconds(fact.tell, "en") < 9


def test_a_word_that_yaml_takes_for_something_else_is_in_quotes() -> None:
    for file in sorted(Path(knowledge.__file__).parent.rglob("*.yaml")):
        assert not list(odd(yaml.safe_load(file.read_text("utf-8")))), file.name


def odd(value: object) -> Iterator[object]:
    """Whatever is no text in a file: `off` without quotes is false, `1998` is a number."""
    if isinstance(value, dict):
        yield from odd([*value.keys(), *value.values()])
    elif isinstance(value, list):
        for each in value:
            yield from odd(each)
    elif not isinstance(value, str):
        yield value


@pytest.mark.parametrize(
    "prompt", ["how to put my phone down gracefully", "5 tips for a phone battery", "phone tricks"]
)
def test_every_prompt_about_what_has_a_guide_is_written(prompt: str) -> None:
    assert all(written(prompt, seed).scenes for seed in range(5))


GUIDED = {
    "How to sleep better": "same time", "5 habits of people who sleep well": "same time",
    "How do I learn Spanish?": "memory", "3 tips for saving money": "payday", "how to stop procrastinating": "silly",
    "Ways to reduce stress": "breathe", "5 study tips for exams": "close the book",
}  # fmt: skip


@pytest.mark.parametrize(("prompt", "step"), GUIDED.items())
def test_who_asks_how_gets_steps(prompt: str, step: str) -> None:
    made = written(prompt, seconds=40)
    # then each scene between the opening and the close is a numbered step, or says what to do with them
    assert step in spoken(made).lower()
    numbers = [scene.on_screen_text.split(".")[0] for scene in made.scenes if scene.on_screen_text[:1].isdigit()]
    assert numbers == [str(n + 1) for n in range(len(numbers))] and len(numbers) >= 2
    assert 0.85 <= sum(estimate_seconds(scene.narration, "en") for scene in made.scenes) / 40 <= 1.15


@pytest.mark.parametrize(
    "prompt", ["How to train your dragon", "5 reasons to sleep", "how to stop the banana war", "how to sleep in space"]
)
def test_other_wishes_are_not_taken_for_a_guide(prompt: str) -> None:
    topic = understand(prompt)
    assert guide_to(topic, "how-to") == guide_to(topic, "list") == ()


@pytest.mark.parametrize("seconds", [15, 30, 60])
@pytest.mark.parametrize("prompt", ["A recipe for banana bread", "banana bread recipe", "pancake recipe"])
def test_a_recipe_is_told_whole(prompt: str, seconds: float) -> None:
    made = spoken(written(prompt, seconds=seconds))
    assert all(step.tell in made for step in guide_to(understand(prompt), "how-to"))


def test_the_guides_are_whole() -> None:
    for guide in guides():
        assert 3 <= len(guide.facts) <= 6
        for fact in guide.facts:
            assert fact.source and 1 <= len(fact.punch.split()) <= 5 and fact.tell[-1] in ".?!"
            assert estimate_seconds(fact.tell, "en") < 9
