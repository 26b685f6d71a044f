"""What it gains to make several clips at once, measured by a few steps when a model is warmed up.

A clip of thousands of tokens fills a device by itself; only small ones gain. So nothing is batched on a guess: the cost
model hears what a step of one clip takes on what it runs on here, and a step of several, which always run eagerly, and
the scheduler asks it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gpu_consumers.acceleration.buckets import keeping
from gpu_consumers.estimates.model import ENOUGH
from gpu_consumers.generation.loading import one_step
from gpu_consumers.generation.manifest import Manifest, Shape
from gpu_consumers.scheduling.places import Turn
from gpu_consumers.scheduling.work import Work

if TYPE_CHECKING:
    from gpu_consumers.generation.device import Device

#: Steps that are timed together, beside the one before them that warms up.
STEPS = 2


@dataclass(frozen=True, slots=True)
class Company:
    """Clips at once at a shape, and how many times more of them a second that makes than one by one."""

    bucket: str
    clips: int
    gain: float


def sizes(most: int) -> list[int]:
    """The numbers of clips that are tried: one, then twice as many each time, and the most."""
    doubled = [2**power for power in range(most.bit_length()) if 2**power < most]
    return [*doubled, most]


def measured(device: Device, wanted: Manifest) -> Iterator[Company]:
    """Let the cost model hear what steps take at each shape; what each number of clips gains by them.

    Called before scenes are taken: it costs some thirty steps a number. What does not fit into the memory is left out.
    """
    if wanted.batch == 1:
        return
    choice = device.choice(wanted.name)
    for shape in wanted.shapes:
        work = Work(
            model=wanted.name, width=shape.width, height=shape.height, frames=shape.frames, steps=wanted.steps,
            backend=choice.label, cache=wanted.cache.label if wanted.cache else "",
            precision="fp8" if wanted.fp8 else "",
        )  # fmt: skip
        for clips in sizes(wanted.batch):
            if not _fits(device, wanted, clips):
                break
            seconds = _steps(device, wanted, shape, clips, eager=not choice.of(clips).settled)
            device.learn_steps(work, clips, seconds)
            yield Company(shape.bucket, clips, device.costs.gain(work, clips))


def _fits(device: Device, wanted: Manifest, clips: int) -> bool:
    return wanted.held + clips * device.peak(wanted) <= device.capacity


def _steps(device: Device, wanted: Manifest, shape: Shape, clips: int, *, eager: bool) -> Sequence[float]:
    """Seconds of a step, measured `ENOUGH` times, in one turn on the device."""

    def measure(_turn: Turn) -> Sequence[float]:
        with keeping(eager=eager):
            return _timed(lambda told: _run(device, wanted, shape, clips, told))

    return device.in_turn(f"{clips} steps", wanted.name, measure, peak=clips * device.peak(wanted))


def _run(device: Device, wanted: Manifest, shape: Shape, clips: int, told: Callable[[], None]) -> None:
    steps = {"num_inference_steps": 1 + STEPS * ENOUGH}

    def at_the_end(_pipe: Any, _step: int, _timestep: Any, _tensors: dict[str, Any]) -> dict[str, Any]:
        device.settle()
        told()
        return {}

    with device.models.of(wanted.name).cache.clip():
        given = one_step(device.pipe(wanted.name), wanted, shape, clips) | steps | {"callback_on_step_end": at_the_end}
        device.models.shell(wanted.name)(**given)


def _timed(run: Callable[[Callable[[], None]], None]) -> Sequence[float]:
    """Seconds of a step, from when the first of a run has ended."""
    ends = list[float]()
    run(lambda: ends.append(time.perf_counter()))
    marks = ends[::STEPS]
    return [(after - before) / STEPS for before, after in pairwise(marks)]
