"""Questions that are asked often get their answer; a question that only looks like one of them does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.ports import Brief
from gpu_consumers.script.clean import sentences
from gpu_consumers.script.knowledge import answer_to, answers, facts_on, guide_to, guides
from gpu_consumers.script.memory import mark
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
    "What is inflation?": "basket",
}  # fmt: skip
OTHERS = (
    "Why do cats purr when a violin plays?", "Why is the sky falling?", "Why is blue paint so expensive?",
    "How do planes avoid storms?", "Who invented popcorn?", "Why do people dream of tigers?",
    "Why do birds sing in the morning?", "Why is ice cream cold?",
    "Why do caterpillars sleep so much?", "Why does romance end?", "Why did the British empire fall?",
    "Why does lightning flash?", "Why do babies sleep so much?", "Why is coffee so expensive?",
)  # fmt: skip


def written(prompt: str, seed: int = 1, seconds: float = 30, heard: tuple[str, ...] = ()) -> Script:
    brief = Brief(prompt=prompt, archetype=None, target_seconds=seconds, language="en", seed=seed, heard=heard)
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
