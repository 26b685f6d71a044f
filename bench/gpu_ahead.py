"""Videos made ahead, with and without deadlines: simulated viewers on simulated GPUs, with the real scheduler.

Each viewer asks for five videos when they come, and for another one with each swipe, as `processors.viewers` does. A
video is due as `processors.deadlines` says. Clips are those of `bench.gpu_sim`. How long viewers stay with a video, for
how many videos, and how many come are assumptions: 10 s as a median, a spread of two thirds, 20 videos.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp
from statistics import quantiles

from bench.gpu_sim import CLIP_S, SCENES, clip, learning
from bench.report import Figure
from bench.simulation import Device, Order, simulate
from processors.deadlines import deadline_us, needed_us
from schemas import ids
from schemas.prompts import PromptSubmitted
from schemas.values import Lane, Origin

GPUS, LOADS, SECONDS, AHEAD, VIDEOS = 20, (0.6, 0.95), 6000.0, 5, 20
PACE_S, SPREAD = 10.0, 0.5


@dataclass(frozen=True)
class Asked:
    """A video that is made ahead: asked for at `at`, and its viewer comes to it at `needed`."""

    number: int
    at: float
    needed: float
    deadline: float


def run() -> Sequence[Figure]:
    """The same viewers without deadlines (first come, first served) and with them, at each load."""
    return [figure for load in LOADS for figure in _at(load)]


def _at(load: float) -> list[Figure]:
    asked = sorted(_asked(load), key=lambda one: one.at)
    figures = []
    for name, known in (("without deadlines", False), ("with deadlines", True)):
        waits = _waits(asked, known)
        late = sum(wait > 0 for wait in waits) / len(waits)
        figures.append(
            Figure(name=f"{GPUS} GPUs, {load:.0%} busy, {name}: waiting for a video that was made ahead",
                   value=sum(max(0.0, wait) for wait in waits) / len(waits), unit="s",
                   against=f"{late:.0%} of {len(waits):,} videos came after their viewer; p95 "
                           f"{max(0.0, quantiles(waits, n=20)[-1]):.0f} s")
        )  # fmt: skip
    return figures


def _asked(load: float) -> Iterator[Asked]:
    """Viewers come at random, so many that the devices have that load."""
    chance, now, number = random.Random(5), 0.0, 0
    every = CLIP_S * SCENES * (VIDEOS + AHEAD) / GPUS / load
    while (now := now + chance.expovariate(1 / every)) < SECONDS:
        pace = PACE_S * exp(chance.gauss(0, SPREAD))
        for video in range(VIDEOS + AHEAD):
            at = now + max(0, video - AHEAD + 1) * pace
            number += 1
            needed = needed_us(round(at * 1e6), min(video, AHEAD - 1), round(pace * 1e3))
            yield Asked(number, at, needed / 1e6, _deadline(number, at, needed))


def _deadline(number: int, at: float, needed: int) -> float:
    prompt = PromptSubmitted(
        video_id=ids.video_id(f"{number}"), text="a subject", origin=Origin.PREFETCH, lane=Lane.PREFETCH,
        needed_us=needed, ts_us=round(at * 1e6),
    )  # fmt: skip
    return deadline_us(prompt) / 1e6


def _waits(asked: Sequence[Asked], known: bool) -> list[float]:
    """Seconds that each viewer waits for each video that was finished; none or less: it was there."""
    chance = random.Random(7)
    devices = [Device(learning()[0]) for _ in range(GPUS)]
    done: dict[int, list[float]] = {}
    orders = (order for one in asked for order in _clips(one, known, chance))
    for each in simulate(orders, devices, lambda _order, _all: chance.randrange(GPUS), until=SECONDS):
        done.setdefault(int(each.order.request.key.split("/")[0]), []).append(each.at)
    return [max(done[one.number]) - one.needed for one in asked if len(done.get(one.number, ())) == SCENES]


def _clips(asked: Asked, known: bool, chance: random.Random) -> Iterator[Order]:
    for scene in range(SCENES):
        made = clip(asked.number, asked.at, Lane.PREFETCH, chance)
        deadline = asked.deadline if known else None
        yield replace(made, request=replace(made.request, key=f"{asked.number}/{scene}", deadline=deadline))
