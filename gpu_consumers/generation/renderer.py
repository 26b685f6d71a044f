"""The `diffusers` scene renderer: a scene spec in, a clip out, made by a generative model on this process's device."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import mean, median
from typing import Any

from gpu_consumers.acceleration.backends import Eager
from gpu_consumers.acceleration.buckets import keeping
from gpu_consumers.acceleration.chain import Choice
from gpu_consumers.errors import TransientBackendError, UnwantedError
from gpu_consumers.estimates.model import afterwards
from gpu_consumers.generation.boundaries import give_way
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.faults import DeviceMemoryError
from gpu_consumers.generation.frames import drawn, finish, luma
from gpu_consumers.generation.identity import identity
from gpu_consumers.generation.loading import call_arguments, prompts
from gpu_consumers.generation.manifest import Manifest
from gpu_consumers.generation.marks import Marks, Together
from gpu_consumers.generation.post import Pictures
from gpu_consumers.generation.previews import Watcher
from gpu_consumers.generation.second_turn import SecondTurn
from gpu_consumers.generation.shapes import smaller, work_for
from gpu_consumers.generation.tensors import levels
from gpu_consumers.ports import Clip, Progress, SceneSpec, Urgency
from gpu_consumers.quality.gauge import gauged
from gpu_consumers.scheduling.places import Heed, Turn
from gpu_consumers.scheduling.work import Request, Work
from infra.settings import Settings
from infra.storage.artifacts import fingerprint
from infra.telemetry import logs
from schemas.videos import Fallback
from schemas.works import RenderWork

log = logs.get("generation")

#: The parts of the whole that the model's own steps are, and the networks that its frames go through where there are
#: any; the rest is classical post-processing and encoding.
MODELS_PART, NETWORKS_PART = 0.8, 0.4
#: Of the memory that a clip needs at most, what stays while it is suspended: latents, embeddings, decoded frames.
HELD = 0.1


#: What a thread brings to the turnstile.
Item = tuple[SceneSpec, Progress]


@dataclass(frozen=True)
class Made:
    """A model's frames, what they took, and for whom they were made: others who asked for the same share them."""

    pictures: Pictures
    work: RenderWork
    item: Item
    turn: Turn


class DiffusersRenderer:
    """One model at one urgency, for one scene. Cheap to make; what is dear belongs to the device."""

    def __init__(self, device: Device, manifest: Manifest, config: Settings, urgency: Urgency | None = None) -> None:
        self.name = "diffusers"
        self._device, self._manifest, self._config = device, manifest, config
        self._urgency = urgency or Urgency()
        #: The turns that this one pays for, and among how many clips each is shared. Frames that another request made
        #: are paid for by that one; those of an earlier try of this one by this one.
        self._turns = dict[int, tuple[Turn, int]]()

    def fingerprint(self) -> str:
        """A hash of the manifest, the weights, this package and torch. Raises `BackendMissingError` without weights."""
        return identity(self._manifest, self._config, device=self._device.name, accelerator=self._choice.fingerprint)

    def render(self, spec: SceneSpec, out: Path, progress: Progress) -> Clip:
        """Make the frames in turns with other clips, then the clip from them, beside other clips.

        Where the device has not the memory for them, they are made once more with half the pixels. Raises
        `BackendError`, and `UnwantedError` with what it has cost.
        """
        try:
            return self._render(spec, out, progress)
        except UnwantedError as error:
            error.gpu_seconds, error.gpu_joules = self._spent()
            raise

    def _spent(self) -> tuple[float, float]:
        """Seconds of the device, and joules, over all tries."""
        turns = self._turns.values()
        return sum(turn.used_s / clips for turn, clips in turns), sum(turn.joules / clips for turn, clips in turns)

    def _render(self, spec: SceneSpec, out: Path, progress: Progress) -> Clip:
        work, (first, second) = self.work(spec), self._parts()
        item, squeezed = (spec, _part(progress, 0, first)), tuple[Fallback, ...]()
        try:
            made = self._frames(item, work)
        except DeviceMemoryError as error:
            work = squeeze(work, error)
            squeezed = (Fallback(backend=f"{self._manifest.name} at full size", reason=str(error)),)
        if squeezed:
            made = self._frames(item, work)
        after = SecondTurn(
            self._device, self._manifest, self._request(spec, work), self._deadline(), self._heed(), self._turns
        )
        frames = after.frames(made.pictures, spec, out, _part(progress, first, second))
        self._urgency.expect(None)
        finish(frames, spec, out, _part(progress, second, 1))
        seconds, joules = self._spent()
        details = {
            "model": self._manifest.name, "fallbacks": (*squeezed, *after.plain, *self._choice.fallbacks),
            "squeezed": bool(squeezed or after.plain), "gpu_seconds": seconds, "gpu_joules": joules,
            "work": after.told(made.work) if made.item is item else None,
        }  # fmt: skip
        quality = gauged(luma(picture) for picture in made.pictures)
        return Clip(path=out, frames=spec.frames, look="generated", details=details, quality=quality)

    def work(self, spec: SceneSpec) -> Work:
        """What the device will be asked for."""
        return work_for(self._manifest, spec, self._choice.label)

    def expected(self, spec: SceneSpec) -> float:
        """Seconds on the device that it is believed to take, with the networks that its frames go through."""
        work = self.work(spec)
        return self._device.costs.clip(work).typical + self._afterwards(work, spec)

    def _afterwards(self, work: Work, spec: SceneSpec) -> float:
        label = self._manifest.post.label
        return self._device.costs.clip(afterwards(work, label, spec.frames)).typical if label else 0.0

    def _parts(self) -> tuple[float, float]:
        """Which part of the whole is done when its frames are made, and when they are enlarged."""
        if not self._manifest.post.networks:
            return MODELS_PART, MODELS_PART
        return (1 - NETWORKS_PART) * MODELS_PART, (1 - NETWORKS_PART) * MODELS_PART + NETWORKS_PART

    @cached_property
    def _choice(self) -> Choice:
        """Once: it is part of the fingerprint, whatever takes over before the clip is made."""
        return self._device.choice(self._manifest.name)

    def _frames(self, item: Item, work: Work) -> Made:
        """The frames, made by this thread or by another; where a batch was too much for the memory, alone."""
        try:
            return self._made(item, work, self._manifest.batch)
        except DeviceMemoryError as error:
            if error.company == 1:
                raise
            log.warning("out of memory, once more without company", model=work.model, clips=error.company)
        return self._made(item, work, 1)

    def _made(self, item: Item, work: Work, most: int) -> Made:
        def make(turn: Turn, items: Sequence[Item]) -> list[Made]:
            self._turns[id(turn)] = turn, len(items)
            return self._make(turn, items, work)

        made = self._device.run(self._request(item[0], work, most), item, make, self._heed(work, item[0]))
        self._urgency.expect(None)
        if made.item is item:
            self._turns[id(made.turn)] = made.turn, made.work.batch
        return made

    def _heed(self, work: Work | None = None, spec: SceneSpec | None = None) -> Heed:
        """Whoever waits hears how long it will still take, with what comes after that work."""
        after_s = self._afterwards(work, spec) if work and spec else 0.0
        return lambda left: self._urgency.expect(left.typical + after_s)

    def _request(self, spec: SceneSpec, work: Work, most: int = 1) -> Request:
        size, cached = (work.width, work.height), self._manifest.cached(work)
        key = fingerprint(kind="frames", spec=spec.inputs(), renderer=self.fingerprint(), size=size)
        peak = self._device.peak(self._manifest)
        return Request(
            key=key, work=work, lane=self._urgency.lane, peak=peak + cached, held=int(peak * HELD) + cached,
            deadline=self._deadline(self._afterwards(work, spec)), batch_most=most,
            company=fingerprint(styles=spec.styles, guidance=spec.guidance),
        )  # fmt: skip

    def _deadline(self, after_s: float = 0.0) -> float | None:
        """Of the device's clock, where so much is still to be done on it afterwards."""
        if self._urgency.deadline is None:
            return None
        return time.monotonic() + self._urgency.deadline - time.time() - after_s

    def _make(self, turn: Turn, items: Sequence[Item], work: Work) -> list[Made]:
        """The frames of one clip, or of several that are made at once."""
        specs, together = [spec for spec, _ in items], Together(turn, [progress for _, progress in items])
        together(0.0, None)  # their turn may come so late that nobody wants them any more
        pipe = self._device.models.shell(self._manifest.name)
        self._still_promised()
        ran = work.at_once(len(items))
        watcher = Watcher(pipe, self._device.models.of(self._manifest.name).show, work.width, work.height)
        marks = Marks(turn, together, self._manifest.steps, watcher)
        with (
            self._device.making(self._manifest.name, turn, specs[0].styles) as here,
            keeping(eager=not self._choice.of(len(items)).settled),
        ):
            here.first = marks.first_pass
            result = pipe(**self._arguments(pipe, specs, work, marks))
            made = [levels(clip) for clip in result.frames]
            give_way()
            encoded = here.encoded_s or 0.0
        done = RenderWork(
            model=ran.model, width=ran.width, height=ran.height, frames=ran.frames, steps=ran.steps,
            accelerator=ran.backend, cache=ran.cache, precision=ran.precision, passes=ran.passes,
            device=self._device.name, batch=len(items), encode_s=encoded,
            step_s=marks.step(encoded, mean if work.cache else median),
            decode_s=max(0.0, turn.used_s - marks.ends[-1]), waited_s=turn.waited_s, preemptions=turn.preemptions,
        )  # fmt: skip
        self._device.learn(done)
        return [Made(pictures, done, item, turn) for pictures, item in zip(made, items, strict=True)]

    def _still_promised(self) -> None:
        """Raises `TransientBackendError` where what the fingerprint names is gone: the clip is asked for anew."""
        if self._choice.settled and self._device.choice(self._manifest.name).fingerprint != self._choice.fingerprint:
            raise TransientBackendError(f"{self._manifest.name} no longer runs on {self._choice.label} here")

    def _arguments(self, pipe: Any, specs: Sequence[SceneSpec], work: Work, marks: Marks) -> dict[str, Any]:
        from PIL import Image

        image, first = None, specs[0]
        if self._manifest.image:
            image = Image.fromarray(drawn(first)).resize((work.width, work.height), Image.Resampling.LANCZOS)
        own = self._manifest.guidance if first.guidance is None else first.guidance
        told = prompts(self._manifest, [self._prompt(spec) for spec in specs], [spec.seed for spec in specs])
        return call_arguments(
            pipe, self._manifest, **told, image=image, output_type="pt", width=work.width, height=work.height,
            num_frames=work.frames, num_inference_steps=work.steps, guidance_scale=own,
            max_guidance_scale=first.guidance, frame_rate=self._manifest.fps, callback_on_step_end=marks,
        )  # fmt: skip

    def _prompt(self, spec: SceneSpec) -> str:
        asked = self._manifest.prompt.format(visuals=spec.scene.visuals, title=spec.title)
        known = (self._manifest.styles.get(name) for name, _ in spec.styles)
        return " ".join([*(style.trigger for style in known if style and style.trigger), asked])


def squeeze(work: Work, error: DeviceMemoryError) -> Work:
    """The work at half the pixels, run eagerly: engines are built for whole shapes. Raises `error` at the end."""
    less = smaller(work)
    if less is None:
        raise error
    log.warning("out of memory, once more with half the pixels", model=work.model, size=(less.width, less.height))
    return replace(less, backend=Eager.name)


def _part(progress: Progress, begin: float, end: float) -> Progress:
    """What is told from 0 to 1, told as that part of the whole."""
    return lambda part, picture: progress(begin + (end - begin) * part, picture)
