"""The grammar and the archetypes are data: every line can be said, and every rule is there."""

from __future__ import annotations

import re
from random import Random

import pytest

from gpu_consumers.script import grammar, slots
from gpu_consumers.script.archetypes import archetypes
from gpu_consumers.script.understanding import understand

PROMPTS = {
    "hard": "My cat died yesterday", "glad": "I finally ran a marathon", "moment": "My son started school today",
    "why": "Why do cats purr?", "how": "How do planes fly?", "what": "What is love?", "who": "Who was Ada Lovelace?",
    "whether": "Is coffee bad?", "question": "What happens when it rains?", "action": "How to make bread",
    "list": "5 things about tea", "goal": "5 tips for better sleep", "reasons": "3 reasons to dance",
    "picks": "10 cities in Japan", "compare": "cats vs dogs", "claim": "pineapple belongs on pizza",
    "scenario": "POV: you're a cat", "story": "Tell me a story about a fox who lies", "topic": "the deep sea",
    "facts": "Tea is old. It is hot.", "angles": "5 things about tea", "any": "volcanoes",
    "product": "Promote my app Tidy", "described": "An ad for Tidy, an app for lists",
    "place": "An ad for Tidy, a shop for boxes", "questions": "5 facts about jam",
    "told": "We walked all day. She was there.",
}  # fmt: skip
#: Rules whose lines are phrases inside other lines, not sentences.
PHRASES = {rule for rule in grammar.rules() if "." not in rule} - {"close"}
KNOWN = {"ask": "why is it so?", "Ask": "Why is it so?", "tell": "it is so.", "Tell": "It is so.", "punch": "So",
         "nth": "two", "Nth": "Two"}  # fmt: skip
TOPICS = {group: slots.slots(understand(prompt), Random(1)) | KNOWN for group, prompt in PROMPTS.items()}


@pytest.mark.parametrize("rule", grammar.rules())
def test_every_line_of_a_rule_can_be_said(rule: str) -> None:
    for group, lines in grammar.rules()[rule].items():
        for line in lines:
            # Given a topic of the kind that the line is for, or any other that has its slots
            fitting = [
                filled for filled in (TOPICS[group], *TOPICS.values()) if grammar.slots_of(line) <= filled.keys()
            ]
            assert fitting, f"no prompt has {grammar.slots_of(line)}"
            # When it is said in a few ways
            for seed in range(3):
                said = grammar.expand(line, fitting[0], Random(seed))
                # Then no notation is left in it, and it is whole sentences
                assert not re.search(r"[\[\]{}|]|=>|  ", said.text + said.punch)
                assert rule in PHRASES or re.search(r"[.?!…]\"?$", said.text), said.text


@pytest.mark.parametrize("rule", sorted(set(grammar.rules()) - PHRASES))
def test_words_on_the_screen_are_few(rule: str) -> None:
    # Slots may be long; then the writer takes the subject instead.
    for line in (line for lines in grammar.rules()[rule].values() for line in lines):
        words = re.sub(r"\{@?\w+\}\S*", "", line.partition(" => ")[2]).split()
        assert len(words) <= 5, line


@pytest.mark.parametrize("shape", archetypes().values(), ids=archetypes().keys())
def test_archetypes_name_rules_that_exist_and_open_and_close(shape) -> None:  # type: ignore[no-untyped-def]
    assert all(rule in grammar.rules() for beat in shape.beats for rule in beat.lines)
    assert shape.beats[0].beat == "hook" and shape.beats[-1].beat == "close"
    assert {shape.beats[0].rank, shape.beats[-1].rank} <= {1, 2}


def test_the_archetypes_of_the_product_are_all_there() -> None:
    assert set(archetypes()) >= {
        "problem-solution", "pov", "testimonial", "list", "myth-vs-fact", "story-twist", "how-to", "hot-take",
    }  # fmt: skip


def test_every_rule_has_something_for_every_topic() -> None:
    for rule, groups in grammar.rules().items():
        assert groups.get("any"), rule


def test_choices_slots_and_rules_are_filled_in() -> None:
    filled = {"about": "owls", "About": "Owls"}
    line = grammar.expand("[a|a] owl. {about}? [{About}|{About}]! => {About} [x|x]", filled, Random(0))
    assert (line.text, line.punch) == ("An owl. Owls? Owls!", "Owls x")


def test_what_somebody_is_agrees_with_you() -> None:
    for prompt, said in (
        ("How to be kind", "are kind"),
        ("How to never be late", "are never late"),
        ("How to bake", "bake"),
    ):
        assert slots.slots(understand(prompt), Random(1))["acts"] == said
