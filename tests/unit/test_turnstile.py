"""The turnstile: real threads change places at boundaries, and what they make is what they would make alone."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gpu_consumers.errors import BackendError, TransientBackendError
from gpu_consumers.scheduling.places import Turn
from gpu_consumers.scheduling.policy import Policy
from gpu_consumers.scheduling.turnstile import Turnstile
from infra.errors import UnavailableError
from schemas.values import Lane
from tests.unit.scheduling_kit import KnownCosts, request, scheduler

TIMEOUT = 20


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT
    while not true() and time.monotonic() < end:
        time.sleep(0.001)


class Clip:
    """A computation of many steps whose result depends on every one of them, with a gate at its second step."""

    def __init__(self, seed: int, steps: int = 6) -> None:
        self.seed, self.steps = seed, steps
        self.begun, self.gate = threading.Event(), threading.Event()
        self.gate.set()

    def make(self, turn: Turn, items: Sequence[Any]) -> list[Any]:
        noise, state = random.Random(self.seed), 0.0
        for step in range(self.steps):
            state = state * 0.5 + noise.random()
            if step == 1:
                self.begun.set()
                assert self.gate.wait(TIMEOUT)
            turn.boundary()
        return [(state, item) for item in items]


def alone(clip: Clip) -> tuple[float, str]:
    result: tuple[float, str] = Turnstile(scheduler()).run(request("alone", steps=clip.steps), "alone", clip.make)
    return result


def test_a_clip_that_gave_way_is_the_clip_that_it_would_have_been() -> None:
    # given a bulk clip at its second step
    turnstile, bulk, urgent, ended = Turnstile(scheduler()), Clip(1), Clip(2), []
    bulk.gate.clear()
    with ThreadPoolExecutor(2) as pool:

        def run(key: str, lane: Lane, clip: Clip) -> Any:
            result = turnstile.run(request(key, lane, steps=6), key, clip.make)
            ended.append(key)
            return result

        first = pool.submit(run, "bulk", Lane.BULK, bulk)
        assert bulk.begun.wait(TIMEOUT)
        # when something urgent comes
        second = pool.submit(run, "urgent", Lane.INTERACTIVE, urgent)
        until(lambda: len(turnstile._places) == 2)
        bulk.gate.set()
        results = first.result(TIMEOUT), second.result(TIMEOUT)
    # then that was done first, and both are what they are alone
    assert ended == ["urgent", "bulk"]
    assert [state for state, _ in results] == [alone(Clip(1))[0], alone(Clip(2))[0]]


def test_only_one_thread_is_ever_between_two_boundaries() -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def make(turn: Turn, items: Sequence[int]) -> Sequence[int]:
        nonlocal inside, most
        for _ in range(20):
            with lock:
                inside += 1
                most = max(most, inside)
            threading.Event().wait(0.0002)
            with lock:
                inside -= 1
            turn.boundary()
        return items

    turnstile, lanes = Turnstile(scheduler()), list(Lane)
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(turnstile.run, request(f"{n}", lanes[n % 3], steps=20), n, make) for n in range(8)]
        assert [job.result(TIMEOUT) for job in jobs] == list(range(8))
    assert most == 1


def test_equal_requests_are_made_once_and_serve_all_who_asked() -> None:
    turnstile, clip = Turnstile(scheduler()), Clip(3)
    clip.gate.clear()
    made: list[str] = []

    def make(turn: Turn, items: Sequence[str]) -> list[Any]:
        made.extend(items)
        return clip.make(turn, items)

    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(turnstile.run, request("same", steps=6), f"item {number}", make) for number in range(3)]
        assert clip.begun.wait(TIMEOUT)
        until(lambda: turnstile._scheduler._jobs["same"].askers == 3)
        clip.gate.set()
        results = {job.result(TIMEOUT) for job in jobs}
    assert len(made) == len(results) == 1


def test_a_failure_reaches_all_who_asked_and_the_next_one_goes_on() -> None:
    def fail(turn: Turn, items: Sequence[str]) -> list[str]:
        raise BackendError("broken")

    turnstile = Turnstile(scheduler())
    with pytest.raises(BackendError, match="broken"):
        turnstile.run(request("a"), "a", fail)
    assert turnstile.run(request("a"), "a", lambda _turn, items: list(items)) == "a"


def test_a_batch_is_made_by_one_thread_and_answers_each() -> None:
    # given a device at work, and three equal pieces of work that wait, measured to pay as a batch
    costs = KnownCosts(gains={3: 2.0})
    turnstile, first = Turnstile(scheduler(costs=costs, policy=Policy(batch_most=3))), Clip(1)
    first.gate.clear()
    batches: list[list[str]] = []

    def make(_turn: Turn, items: Sequence[str]) -> list[str]:
        batches.append(list(items))
        return [item.upper() for item in items]

    with ThreadPoolExecutor(4) as pool:
        running = pool.submit(turnstile.run, request("first", steps=6), "first", first.make)
        assert first.begun.wait(TIMEOUT)
        jobs = [pool.submit(turnstile.run, request(key), key, make) for key in "abc"]
        until(lambda: len(turnstile._places) == 4)
        first.gate.set()
        running.result(TIMEOUT)
        # then
        assert [job.result(TIMEOUT) for job in jobs] == ["A", "B", "C"]
    assert sorted(batches[0]) == ["a", "b", "c"] and len(batches) == 1


def test_models_are_swapped_by_the_thread_that_needs_them_before_its_first_step() -> None:
    seen: list[tuple[tuple[str, ...], str | None]] = []
    chooser = scheduler(capacity=100, weights={"a": 60, "b": 60})
    turnstile = Turnstile(chooser, swap=lambda evict, load: seen.append((evict, load)))
    for model in "ab":
        turnstile.run(request(model, model=model), model, lambda _turn, items: list(items))
    assert seen == [((), "a"), (("a",), "b")]


def test_a_model_that_cannot_be_loaded_fails_the_clip_that_needs_it_and_no_other() -> None:
    # given a clip whose model is broken, chosen, but its thread has not come yet
    seen: list[tuple[tuple[str, ...], str | None]] = []

    def swap(evict: tuple[str, ...], load: str | None) -> None:
        seen.append((evict, load))
        if load == "broken":
            raise BackendError("its weights are broken")

    turnstile = Turnstile(scheduler(capacity=100, weights={"broken": 60, "good": 60}), swap=swap)
    slow, _ = turnstile._line_up(request("slow", Lane.BULK, model="broken"), 0, lambda _left: None)
    # when a more urgent one goes first
    assert turnstile.run(request("urgent", model="good"), 1, lambda _turn, items: list(items)) == 1
    # then it was made room for, and the other fails by itself, when it comes
    assert (("broken",), "good") in seen and "broken" not in [load for _, load in seen]
    with pytest.raises(BackendError, match="its weights are broken"):
        turnstile._lead(slow, lambda _turn, items: list(items))
    assert turnstile.run(request("next", model="good"), 2, lambda _turn, items: list(items)) == 2
    assert not turnstile._orders


def test_what_leaves_goes_first_when_an_order_was_overtaken_before_it_was_carried_out() -> None:
    # given a device that holds one model; a clip of another was chosen, but its thread has not come yet
    held: set[str] = set()

    def swap(evict: tuple[str, ...], load: str | None) -> None:
        held.difference_update(evict)
        held.update({load} if load else ())
        assert len(held) <= 1

    turnstile = Turnstile(scheduler(capacity=100, weights={"a": 60, "b": 60, "c": 60}), swap=swap)
    turnstile.run(request("before", model="b"), 0, lambda _turn, items: list(items))
    slow, _ = turnstile._line_up(request("slow", Lane.BULK, model="a"), 0, lambda _left: None)
    # when a more urgent one of a third goes first, and it is chosen again
    turnstile.run(request("urgent", model="c"), 1, lambda _turn, items: list(items))
    turnstile._lead(slow, lambda _turn, items: list(items))
    # then there was one on the device at any time
    assert held == {"a"}


def test_a_stop_lets_every_waiting_thread_go() -> None:
    turnstile, clip = Turnstile(scheduler()), Clip(1)
    clip.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(turnstile.run, request("running", steps=6), 0, clip.make)
        assert clip.begun.wait(TIMEOUT)
        waiting = pool.submit(turnstile.run, request("waiting"), 0, clip.make)
        until(lambda: len(turnstile._places) == 2)
        turnstile.stop()
        with pytest.raises(UnavailableError):
            waiting.result(TIMEOUT)
        clip.gate.set()
        # what has the device goes on; nobody else wants it
        assert running.result(TIMEOUT)


def test_a_clip_without_a_turn_is_given_up_in_the_end() -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 10.0
        return now[0]

    turnstile, clip = Turnstile(scheduler(), clock=clock, longest_wait_s=30.0), Clip(1)
    clip.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(turnstile.run, request("running", steps=6), 0, clip.make)
        assert clip.begun.wait(TIMEOUT)
        with pytest.raises(TransientBackendError, match="no turn"):
            turnstile.run(request("waiting"), 0, _never)
        clip.gate.set()
        running.result(TIMEOUT)


_never: Callable[[Turn, Sequence[Any]], list[Any]] = Clip(0).make
