"""The cost model of one device: what a clip takes, learned from the events that clips leave.

Three layers, each the belief from which the next one starts: the formula, the model at any shape (how far off the
formula is for it), the model at this very shape. So one clip at one shape already teaches about all the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from math import log

from gpu_consumers.estimates.formula import Phases
from gpu_consumers.estimates.spread import Belief, Observed
from gpu_consumers.scheduling.work import Estimate, Work
from schemas.works import RenderWork

Prior = Callable[[Work], Phases]

PHASES = ("encode", "step", "decode")
#: The formula is off by less than a factor of three, nine times of ten.
_FORMULA = Belief(0.0, log(3) / 1.2816)
#: Clips that must have been measured, alone and as a batch, before a batch is believed to pay.
ENOUGH = 3


class CostModel:
    """Answers what the scheduler asks (`Costs`). Not thread-safe; answers are kept until something new is learned."""

    def __init__(self, prior: Prior, near: Callable[[str], bool] = lambda _model: False) -> None:
        """`near`: whether a model waits in the host's memory; else its weights are read from the disk."""
        self._prior, self._near = prior, near
        self._family: defaultdict[tuple[object, ...], Observed] = defaultdict(Observed)
        self._exact: defaultdict[tuple[object, ...], Observed] = defaultdict(Observed)
        self._loads: defaultdict[tuple[str, bool], Observed] = defaultdict(Observed)
        self._loaded: dict[tuple[str, bool], float] = {}
        self._known: dict[tuple[Work, int], tuple[Estimate, Estimate]] = {}

    def learn(self, done: RenderWork) -> None:
        """Take in what one clip (or one batch) took. Equal clips in a batch tell the same thing once each."""
        work = Work(
            model=done.model, width=done.width, height=done.height, frames=done.frames, steps=done.steps,
            backend=done.accelerator, cache=done.cache, precision=done.precision, passes=done.passes,
        )  # fmt: skip
        self._note(work, done.batch, {"encode": done.encode_s, "step": done.step_s, "decode": done.decode_s})
        if done.post and done.post_frames:
            self._note(afterwards(work, done.post, done.post_frames), 1, {"post": done.post_s})
        self._forget(work.model)

    def _note(self, work: Work, batch: int, seen: dict[str, float]) -> None:
        believed = asdict(self._prior(work))
        for phase, seconds in seen.items():
            ratio = seconds / (believed[phase] * batch or 1e-9)
            self._exact[(*_exactly(work, batch), phase)].add(ratio)
            if batch == 1:
                self._family[(*_family(work), phase)].add(ratio)

    def learn_post(self, work: Work, seconds: float) -> None:
        """Take in how long frames took in the networks that they go through."""
        self._note(work, 1, {"post": seconds})
        self._forget(work.model)

    def learn_step(self, work: Work, batch: int, seconds: float) -> None:
        """Take in how long a step of that many clips at once took."""
        self._exact[(*_exactly(work, batch), "step")].add(seconds / (self._prior(work).step * batch or 1e-9))
        self._forget(work.model)

    def _forget(self, model: str) -> None:
        """The answers that were kept: something new was learned of that model."""
        self._known = {key: value for key, value in list(self._known.items()) if key[0].model != model}

    def learn_load(self, model: str, seconds: float, *, near: bool = False) -> None:
        """Take in how long a model's weights took, from the host's memory or from the disk."""
        self._loads[model, near].add(seconds)
        self._loaded.pop((model, near), None)

    def clip(self, work: Work, batch: int = 1) -> Estimate:
        """A whole clip, or a batch of them."""
        return self._estimate(work, batch)[0]

    def step(self, work: Work) -> Estimate:
        """The longest time between two boundaries. Decoding has its own, of about the length of a step."""
        return self._estimate(work, 1)[1]

    def load(self, model: str) -> Estimate:
        """Bringing the weights onto the device, from where they are now."""
        kind = model, self._near(model)
        if (seconds := self._loaded.get(kind)) is None:
            formula = self._prior(Work(model=model, width=16, height=16, frames=1, steps=1, backend="eager")).load
            belief = self._loads[kind].after(Belief(log(formula or 1e-6), _FORMULA.spread))
            seconds = self._loaded[kind] = belief.typical
        return Estimate(seconds, 2 * seconds)

    def gain(self, work: Work, batch: int) -> float:
        """Clips a second of a batch, beside one by one. 1.0 until both were measured often enough."""
        counts = [len(self._exact[(*_exactly(work, size), "step")]) for size in (1, batch)]
        if min(counts) < ENOUGH:
            return 1.0
        return batch * self.clip(work).typical / self.clip(work, batch).typical

    def known(self, work: Work) -> int:
        """Clips of this very kind that it has learned from."""
        return len(self._exact[(*_exactly(work, 1), "step")])

    def _estimate(self, work: Work, batch: int) -> tuple[Estimate, Estimate]:
        if (work, batch) not in self._known:
            if work.post:
                whole = self._phase(work, batch, "post")
                self._known[work, batch] = whole, whole * (1 / work.frames)
            else:
                encode, step, decode = (self._phase(work, batch, phase) for phase in PHASES)
                self._known[work, batch] = encode + step * work.steps + decode, step
        return self._known[work, batch]

    def _phase(self, work: Work, batch: int, phase: str) -> Estimate:
        seconds = getattr(self._prior(work), phase) * batch
        family = self._family[(*_family(work.at_once(batch)), phase)].after(_FORMULA)
        belief = self._exact[(*_exactly(work, batch), phase)].after(family)
        return Estimate(seconds * belief.typical, seconds * belief.high)


def afterwards(work: Work, post: str, frames: int) -> Work:
    """What the frames of that work go through networks for, to become so many."""
    return Work(
        model=work.model, width=work.width, height=work.height, frames=frames, steps=0, backend="eager", post=post
    )  # fmt: skip


def _exactly(work: Work, batch: int) -> tuple[object, ...]:
    # Steps cost the same each time, however many there are, so their number is no part of it.
    return *_family(work.at_once(batch)), work.passes, work.width, work.height, work.frames, batch


def _family(work: Work) -> tuple[object, ...]:
    return work.model, work.backend, work.cache, work.precision, work.post
