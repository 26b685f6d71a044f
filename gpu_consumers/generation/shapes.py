"""Which clip a model is asked for, for a scene of some shape and length. Pure."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, log

from gpu_consumers.generation.manifest import Manifest, Shape
from gpu_consumers.ports import SceneSpec
from gpu_consumers.scheduling.work import Work

#: Of each side, so that half the pixels are left.
SQUEEZE = 0.7
#: Shorter sides than this are not made shorter, in pixels.
SMALLEST = 64


def shape_for(manifest: Manifest, spec: SceneSpec) -> Shape:
    """The shape whose sides are most alike the video's; of several such the largest, just long enough for the scene."""
    width, height = spec.size
    wanted = ceil(spec.frames / spec.fps * manifest.fps)

    def odd(shape: Shape) -> tuple[float, int, bool, int]:
        unlike = round(abs(log(shape.width / shape.height * height / width)), 3)
        short = shape.frames < wanted
        return unlike, -shape.width * shape.height, short, -shape.frames if short else shape.frames

    return min(manifest.shapes, key=odd)


def frames_for(manifest: Manifest, shape: Shape, spec: SceneSpec) -> int:
    """Frames that cover the scene at the model's own pace: no more than the shape allows, a number that it can make."""
    wanted = ceil(spec.frames / spec.fps * manifest.fps)
    most = (shape.frames - 1) // manifest.multiple * manifest.multiple + 1
    return max(manifest.multiple + 1, min(most, ceil((wanted - 1) / manifest.multiple) * manifest.multiple + 1))


def work_for(manifest: Manifest, spec: SceneSpec, accelerator: str) -> Work:
    """What the scheduler and the cost model are told of it. Engines are built for whole shapes, and what is made at
    once has one length; else eager takes any."""
    shape = shape_for(manifest, spec)
    frames = frames_for(manifest, shape, spec) if accelerator == "eager" and manifest.batch == 1 else shape.frames
    return Work(
        model=manifest.name,
        width=shape.width,
        height=shape.height,
        frames=frames,
        steps=manifest.steps,
        backend=accelerator,
        cache=manifest.cache.label if manifest.cache else "",
        precision="fp8" if manifest.fp8 else "",
        passes=passes_for(manifest, spec.guidance),
    )


def passes_for(manifest: Manifest, guidance: float | None) -> int:
    """Forward passes of a step, where that guidance asks for others than the manifest's; 0 where it does not.

    A scale of 1 is the prompt's own pass alone, any larger one takes a pass without the prompt, too.
    """
    usual = manifest.network.passes
    guided = usual > 1 if manifest.guidance is None else manifest.guidance > 1
    if guidance is None or (guidance > 1) == guided:
        return 0
    return usual + 1 if guidance > 1 else max(1, usual - 1)


def smaller(work: Work) -> Work | None:
    """The same clip at half the pixels, for a device without the memory for all of them; None: it is small enough.

    Sides stay multiples of 32, which every manifest's latents divide.
    """
    width, height = (max(32, round(side * SQUEEZE / 32) * 32) for side in (work.width, work.height))
    if width * height >= work.width * work.height or min(work.width, work.height) < SMALLEST:
        return None
    return replace(work, width=width, height=height)


def timeline(made: int, pace: float, wanted: int, fps: float) -> list[float]:
    """At which of the `made` frames (with fractions) each of the `wanted` frames stands.

    At the model's pace where that covers the scene; a little slower (to two thirds) where it almost does; else back and
    forth, so that there is never a still and never a jump.
    """
    last, end = made - 1, (wanted - 1) / fps * pace
    if last < 1 or wanted < 2:
        return [0.0] * wanted
    slower = min(1.0, max(2 / 3, last / end)) if end > 0 else 1.0
    return [_bounce(frame / fps * pace * slower, last) for frame in range(wanted)]


def _bounce(at: float, last: int) -> float:
    within = at % (2 * last)
    return min(float(last), within if within <= last else 2 * last - within)
