"""The cost model: it begins with a formula, learns from what clips took, and knows how sure it is."""

from __future__ import annotations

import random
from dataclasses import replace
from math import exp

import pytest

from gpu_consumers.estimates.formula import CHIPS, Architecture, chip
from gpu_consumers.estimates.model import CostModel, afterwards
from gpu_consumers.estimates.spread import Belief, Observed
from gpu_consumers.scheduling.work import Work
from schemas.works import RenderWork

#: Wan 2.1 1.3B, as its model card and configuration say.
SMALL = Architecture(parameters=1.3e9, layers=30, width=1536, passes=2, weights=10**10)
WORK = Work(model="wan", width=832, height=480, frames=81, steps=50, backend="eager")


def model() -> CostModel:
    return CostModel(lambda work: CHIPS["H100"].phases(SMALL, work))


def done(step: float, work: Work = WORK, batch: int = 1) -> RenderWork:
    return RenderWork(
        model=work.model, width=work.width, height=work.height, frames=work.frames, steps=work.steps,
        accelerator=work.backend, cache=work.cache, precision=work.precision, device="H100",
        batch=batch, encode_s=0.4 * batch, step_s=step,
        decode_s=3.0 * batch,
    )  # fmt: skip


def test_the_formula_counts_what_was_published_of_a_forward_pass() -> None:
    # 32,760 tokens and 283 TFLOP: what the sources of the published speeds come to for this shape
    assert SMALL.tokens(WORK) == 32_760
    assert replace(SMALL, passes=1).operations(WORK) == pytest.approx(283e12, rel=0.01)


def test_attention_within_a_frame_grows_with_the_frames_and_not_with_their_square() -> None:
    framewise = replace(SMALL, framewise=True, per_frames=1)
    one, ten = (framewise.operations(replace(WORK, frames=frames)) for frames in (1, 10))
    assert ten == pytest.approx(10 * one)
    assert one == pytest.approx(replace(SMALL, per_frames=1).operations(replace(WORK, frames=1)))


@pytest.mark.parametrize(
    ("driver", "name"),
    [
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA H100 NVL", "H100 NVL"),
        ("NVIDIA H200", "H200"),
        ("NVIDIA H200 NVL", "H200 NVL"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("cpu", "cpu"),
        ("?", "RTX 4090"),
    ],
)
def test_a_chip_is_known_by_what_its_driver_calls_it(driver: str, name: str) -> None:
    assert chip(driver).name == name


def test_it_believes_the_formula_until_it_knows_better() -> None:
    costs = model()
    formula = CHIPS["H100"].phases(SMALL, WORK).step
    assert costs.step(WORK).typical == pytest.approx(formula)
    assert costs.step(WORK).high == pytest.approx(3 * formula, rel=1e-3)


def test_a_few_clips_are_enough_and_odd_ones_change_nothing() -> None:
    # given clips of 1.5 s a step, one in ten of which took ten times as long
    costs, chance = model(), random.Random(1)
    for number in range(40):
        costs.learn(done(1.5 * exp(chance.gauss(0, 0.03)) * (10 if number % 10 == 9 else 1)))
    assert costs.step(WORK).typical == pytest.approx(1.5, rel=0.05)


def test_one_shape_teaches_about_the_others_and_any_number_of_steps() -> None:
    # given a device that takes twice the time of the formula
    costs, wide = model(), replace(WORK, width=1280, height=720)
    formula = CHIPS["H100"].phases(SMALL, WORK).step
    for _ in range(20):
        costs.learn(done(2 * formula))
    # then it does so at a shape that was never seen
    assert costs.step(wide).typical == pytest.approx(2 * CHIPS["H100"].phases(SMALL, wide).step, rel=0.1)
    assert costs.clip(replace(WORK, steps=10)).typical < costs.clip(WORK).typical / 3


def test_it_grows_sure_and_nine_of_ten_stay_below_what_it_says() -> None:
    chance, below, of = random.Random(2), 0, 0
    costs = model()
    for number in range(300):
        step = 1.2 * exp(chance.gauss(0, 0.1))
        if number >= 20:
            below, of = below + (step <= costs.step(WORK).high), of + 1
        costs.learn(done(step))
    assert 0.84 <= below / of <= 0.97
    assert costs.step(WORK).high < 1.4


@pytest.mark.parametrize("other", [{"cache": "first-block 0.08"}, {"precision": "fp8"}])
def test_a_clip_with_a_step_cache_or_in_fp8_is_another_kind_of_work(other: dict[str, str]) -> None:
    # given a model that takes 2 s a step, and 1 s with a step cache (or in FP8)
    costs, cached = model(), replace(WORK, **other)
    for _ in range(20):
        costs.learn(done(2.0))
        costs.learn(done(1.0, cached))
    # then neither spoils what is known of the other, at any shape
    assert costs.step(WORK).typical == pytest.approx(2.0, rel=0.05)
    assert costs.step(cached).typical == pytest.approx(1.0, rel=0.05)
    wide = [costs.step(replace(one, width=1280, height=720)).typical for one in (WORK, cached)]
    assert wide[0] == pytest.approx(2 * wide[1], rel=0.1)


def test_it_follows_a_device_that_changes() -> None:
    costs = model()
    for step in [1.0] * 100 + [2.0] * 64:
        costs.learn(done(step))
    assert costs.step(WORK).typical == pytest.approx(2.0, rel=0.1)


def test_a_batch_pays_only_once_it_was_measured_to() -> None:
    costs = model()
    for _ in range(3):
        costs.learn(done(1.0))
    assert costs.gain(WORK, 2) == 1.0
    for _ in range(30):
        costs.learn(done(1.0))
        costs.learn(done(1.1, batch=2))
    assert costs.gain(WORK, 2) == pytest.approx(2 * (50 + 3.4) / (55 + 6.8), rel=0.1)


def test_a_batch_is_eager_and_pays_only_beside_what_one_clip_runs_on() -> None:
    # given a batch that makes 1.8 times as many clips a second as one by one, eagerly
    costs, fast = model(), replace(WORK, backend="inductor")
    for _ in range(30):
        costs.learn(done(1.0))
        costs.learn(done(1.1, batch=2))
    # when one clip then runs on an engine, twice as fast
    for _ in range(30):
        costs.learn(done(0.5, fast))
    # then the batch, which cannot, is as slow as it was, and gains no more
    assert costs.clip(fast, 2) == costs.clip(WORK, 2)
    assert costs.gain(WORK, 2) > 1.6 and costs.gain(fast, 2) < 1.0


def test_loading_is_learned_too() -> None:
    costs = model()
    for _ in range(20):
        costs.learn_load("wan", 4.0)
    assert costs.load("wan").typical == pytest.approx(4.0, rel=0.5)


def test_a_model_that_waits_in_the_hosts_memory_is_loaded_sooner_than_one_on_the_disk() -> None:
    near = set[str]()
    costs = CostModel(lambda work: CHIPS["H100"].phases(SMALL, work), near.__contains__)
    for _ in range(20):
        costs.learn_load("wan", 90.0)
        costs.learn_load("wan", 2.0, near=True)
    assert costs.load("wan").typical == pytest.approx(90, rel=0.5)
    near.add("wan")
    assert costs.load("wan").typical == pytest.approx(2, rel=0.5)


def test_a_belief_without_values_is_the_prior_and_with_many_it_is_theirs() -> None:
    prior, seen = Belief(0.0, 1.0), Observed()
    assert seen.after(prior) == prior
    for _ in range(64):
        seen.add(exp(3.0))
    assert seen.after(prior).middle == pytest.approx(3.0, rel=0.05)
    seen.add(0.0)
    assert len(seen) == 64


def test_networks_that_frames_go_through_are_a_phase_of_their_own() -> None:
    # given a network of a million parameters after the model
    costs = CostModel(lambda work: CHIPS["H100"].phases(replace(SMALL, post=1_000_000), work))
    enlarged, plain = afterwards(WORK, "4x.safetensors", 150), costs.clip(WORK)
    formula = 2 * 1_000_000 * 832 * 480 * 150 / (989e12 * 0.35)
    assert costs.clip(enlarged).typical == pytest.approx(formula)
    assert costs.step(enlarged).typical == pytest.approx(formula / 150)
    # when clips have told what it takes
    took = {"post": "4x.safetensors", "post_frames": 150, "post_s": 12.0}
    for _ in range(40):
        costs.learn(done(plain.typical / 60).model_copy(update=took))
    # then that is believed, of so many frames and, at first, of others in proportion
    assert costs.clip(enlarged).typical == pytest.approx(12.0, rel=0.1)
    assert costs.clip(afterwards(WORK, "4x.safetensors", 300)).typical == pytest.approx(24.0, rel=0.2)
    # and the model's own phases are what they were, as are other networks
    alone = model()
    for _ in range(40):
        alone.learn(done(plain.typical / 60))
    assert costs.clip(WORK) == alone.clip(WORK)
    assert costs.clip(afterwards(WORK, "2x.safetensors", 150)).typical == pytest.approx(formula)
