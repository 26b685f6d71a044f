"""A language model computes once what prompts begin with, and threads that ask it at once form a batch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.errors import TransientBackendError
from gpu_consumers.script import prefixes
from gpu_consumers.script.language_model import LanguageModel, Request, loaded
from gpu_consumers.script.prefixes import Prefixes, common, size

LONGEST_S = 120.0
SYSTEM = "You write about cats. " * 12
USERS = ("Why do cats purr?", "How?", "Why do they do it without ever learning how to do it?", "Do cats purr?")


def request(user: str = USERS[0], *, system: str = SYSTEM, seed: int = 1) -> Request:
    word = {"type": "string", "pattern": "^[a-z]{20,40}$"}
    schema: dict[str, Any] = {"type": "object", "properties": {"said": word}, "required": ["said"]}
    return Request(system=system, user=user, schema=schema, seed=seed, most_tokens=200)


def answer(model: LanguageModel, asked: Request) -> str:
    return model.complete([asked], temperature=0.8, timeout_s=LONGEST_S)[0]


@pytest.fixture
def model(language_model: Path) -> LanguageModel:
    """One that has seen nothing yet."""
    known = loaded(str(language_model))
    return LanguageModel(model=known.model, tokenizer=known.tokenizer)


@contextmanager
def passes(model: LanguageModel) -> Iterator[list[tuple[int, int]]]:
    """The (rows, tokens) of each forward pass."""
    found: list[tuple[int, int]] = []

    def note(_module: Any, _args: Any, kwargs: dict[str, Any]) -> None:
        found.append(tuple(kwargs["input_ids"].shape))

    hook = model.model.base_model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield found
    finally:
        hook.remove()


def test_what_all_prompts_begin_with_is_computed_once(model: LanguageModel) -> None:
    with passes(model) as first:
        answer(model, request(USERS[0]))
    with passes(model) as second:
        answer(model, request(USERS[2], seed=2))
    beginning = len(model._prompt(request(""))) // 2
    assert first[0][1] > beginning, "the system's words, in a pass of their own"
    assert max(tokens for _, tokens in second) < beginning, "the user's words alone"
    assert first[1][1] < beginning


def test_an_answer_has_the_same_bits_whether_or_not_its_beginning_was_kept(model: LanguageModel) -> None:
    fresh = [answer(model, request(user, seed=seed)) for seed, user in enumerate(USERS)]
    kept = [answer(model, request(user, seed=seed)) for seed, user in enumerate(USERS)]
    model._prefixes = Prefixes(model.model)
    anew = [answer(model, request(user, seed=seed)) for seed, user in reversed(list(enumerate(USERS)))][::-1]
    assert fresh == kept == anew and len(set(fresh)) == len(USERS)


def test_it_says_what_one_pass_over_the_whole_prompt_says(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = answer(model, request())
    monkeypatch.setattr(prefixes, "LEAST_TOKENS", 10**6)
    with passes(model) as seen:
        assert answer(model, request()) == split
    assert seen[0][1] == len(model._prompt(request()))


def test_going_on_from_a_beginning_leaves_it_as_it_was(model: LanguageModel) -> None:
    answer(model, request())
    ((tokens, kept),) = model._prefixes._kept.items()
    assert kept.get_seq_length() == len(tokens)


def test_the_beginnings_used_longest_ago_go_first(model: LanguageModel) -> None:
    some = [tuple(range(number, number + 40)) for number in range(3)]
    one = size(model.model.base_model(input_ids=model.model.dummy_inputs["input_ids"][:1, :1]).past_key_values) * 40
    kept = Prefixes(model.model, most_bytes=2 * one)
    for tokens in (some[0], some[1], some[0], some[2]):
        assert kept.lent(tokens).get_seq_length() == 40
    assert list(kept._kept) == [some[0], some[2]] and one > 0
    # and what is larger than all that may be kept is still lent
    assert Prefixes(model.model, most_bytes=1).lent(some[0]) is not None
    assert kept.lent(tuple(range(prefixes.LEAST_TOKENS - 1))) is None


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_what_two_prompts_begin_with(one: list[int], other: list[int]) -> None:
    length = common(one, other)
    assert one[:length] == other[:length]
    assert length in (len(one), len(other)) or one[length] != other[length]


def together(model: LanguageModel, asked: list[Request], timeout_s: float = LONGEST_S) -> list[Any]:
    """What each of many threads gets, or what it raises, when all ask while the model is busy."""

    def one(request: Request) -> Any:
        try:
            return model.complete([request], temperature=0.8, timeout_s=timeout_s)[0]
        except TransientBackendError as error:
            return error

    with ThreadPoolExecutor(len(asked)) as pool:
        with model._turn:
            answers = [pool.submit(one, each) for each in asked]
            end = time.monotonic() + LONGEST_S
            while len(model._waiting) < len(asked) and time.monotonic() < end:
                time.sleep(0.01)
        return [each.result(LONGEST_S) for each in answers]


def test_threads_that_ask_at_once_are_answered_in_one_batch_as_if_they_were_alone(model: LanguageModel) -> None:
    asked = [request(user, seed=seed) for seed, user in enumerate(USERS)]
    alone = [answer(model, each) for each in asked]
    with passes(model) as seen:
        assert together(model, asked) == alone
    assert {rows for rows, _ in seen} == {len(USERS)}
    assert not model._waiting


def test_prompts_that_begin_otherwise_are_no_part_of_the_batch(model: LanguageModel) -> None:
    asked = [request(seed=1), request(seed=2), request(system="You write about dogs. " * 12, seed=3)]
    alone = [answer(model, each) for each in asked]
    with passes(model) as seen:
        assert together(model, asked) == alone
    assert {rows for rows, _ in seen} == {1, 2}


def test_a_batch_that_fails_fails_for_all_and_the_next_is_served(model: LanguageModel) -> None:
    asked = [request(user, seed=seed) for seed, user in enumerate(USERS)]
    assert [type(one) for one in together(model, asked, timeout_s=0.0)] == [TransientBackendError] * len(USERS)
    assert answer(model, asked[0]) and not model._waiting


def test_more_than_a_batch_holds_is_served_in_several(model: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpu_consumers.script.language_model.BATCH", 2)
    asked = [request(user, seed=seed) for seed, user in enumerate(USERS[:3])]
    with passes(model) as seen:
        assert len(set(together(model, asked))) == 3
    assert {rows for rows, _ in seen} == {1, 2}


def test_several_requests_of_one_caller_are_a_batch_too(model: LanguageModel) -> None:
    asked = [request(user, seed=seed) for seed, user in enumerate(USERS)]
    alone = [answer(model, each) for each in asked]
    assert model.complete(asked, temperature=0.8, timeout_s=LONGEST_S) == alone
