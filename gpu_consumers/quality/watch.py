"""Which figures of a scene lie far outside of those of the last scenes of its kind. Pure: events in, outliers out.

A kind is a model (or a look) at one shape on one device. Middle and spread are medians of logarithms, so that a few odd
scenes change nothing, and what is odd for long becomes usual.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log, log10

from gpu_consumers.estimates.spread import Belief, Observed
from schemas.videos import SceneRendered
from schemas.works import Outlier

#: Scenes of a kind that are remembered, and how many there must be before anything is said.
WINDOW, LEAST = 64, 20
#: So many robust standard deviations are far outside.
FAR = 6.0
#: No kind is steadier than that, so that an outlier is at least 1.6 times (or a 1.6th of) what is usual.
STEADIEST = 0.08
#: Kinds that are remembered; the one that came up longest ago goes.
KINDS = 512
#: What cannot be seen counts as nothing: a flicker below it is like one of 0.
_UNSEEN = 0.05


@dataclass(frozen=True, slots=True)
class Watched:
    """A figure, by the positive amount that it stands for: too much of it is odd, and too little where it says so."""

    amount: Callable[[float], float] = lambda value: value
    value: Callable[[float], float] = lambda amount: amount  #: back again
    both: bool = False


#: Decibels count as the error that they stand for, likeness as what it lacks.
FIGURES: Mapping[str, Watched] = {
    "sharpness": Watched(lambda value: value + 1.0, lambda amount: amount - 1.0, both=True),
    "flicker": Watched(lambda value: value + _UNSEEN, lambda amount: amount - _UNSEEN),
    "psnr_db": Watched(lambda value: 10 ** (-value / 20), lambda amount: -20 * log10(amount)),
    "ssim": Watched(lambda value: 1.01 - value, lambda amount: 1.01 - amount),
    "seconds": Watched(),
    "amount": Watched(),
    "fvd": Watched(),  #: of many clips, see `distances`
}


def kind(event: SceneRendered) -> str:
    """What the scene may be compared with."""
    work, seen = event.work, event.quality
    if work:
        runs = f"{work.accelerator} {work.precision}".strip()
        shape = f"{work.width}x{work.height}x{work.frames}, {work.steps} steps, {runs}, {work.device}"
    else:
        shape = f"{seen.width}x{seen.height}" if seen else "any size"
    return f"{event.model} {event.look} {shape}"[:200]


def figures(event: SceneRendered) -> dict[str, float]:
    """What a scene is judged by. Time (of the device, or of the CPU) and cost are by second of the clip."""
    length, work, seen = event.duration_ms / 1000, event.work, event.quality
    spent = event.cost.gpu_seconds if work else event.cost.cpu_seconds
    found = {"seconds": spent / length, "amount": event.cost.amount / length}
    if seen:
        told = {"sharpness": seen.sharpness, "flicker": seen.flicker, "psnr_db": seen.psnr_db, "ssim": seen.ssim}
        found |= {name: value for name, value in told.items() if value is not None}
    return {name: value for name, value in found.items() if FIGURES[name].amount(value) > 0}


class Watch:
    """Learns scenes, and says what is odd about the next one."""

    def __init__(self, window: int = WINDOW, least: int = LEAST) -> None:
        self._window, self._least = window, least
        self._kinds: OrderedDict[str, dict[str, Observed]] = OrderedDict()

    def seen(self, event: SceneRendered) -> int:
        """How many scenes of its kind are remembered."""
        return max(map(len, self._kinds.get(kind(event), {}).values()), default=0)

    def learn(self, event: SceneRendered) -> None:
        """Remember a scene. One that was reused says nothing new."""
        if event.reused:
            return
        known = self._kinds.setdefault(kind(event), {})
        self._kinds.move_to_end(kind(event))
        for name, value in figures(event).items():
            known.setdefault(name, Observed(self._window)).add(FIGURES[name].amount(value))
        if len(self._kinds) > KINDS:
            self._kinds.popitem(last=False)

    def judge(self, event: SceneRendered) -> tuple[Outlier, ...]:
        """The figures of a scene that are far outside; none of one that was reused, or of a kind that is new."""
        known = {} if event.reused else self._kinds.get(kind(event), {})
        seen = ((name, value, known.get(name)) for name, value in figures(event).items())
        judged = (outlier(name, value, own) for name, value, own in seen if own and len(own) >= self._least)
        return tuple(found for found in judged if found)


def outlier(name: str, value: float, known: Observed) -> Outlier | None:
    """A figure that is far outside of the amounts that were seen before."""
    watched, usual = FIGURES[name], known.after(_NOTHING, weight=0.0)
    off = (log(watched.amount(value)) - usual.middle) / max(usual.spread, STEADIEST)
    if (abs(off) if watched.both else off) < FAR:
        return None
    typical = round(watched.value(usual.typical), 6)
    return Outlier(figure=name, value=value, typical=typical, deviations=round(abs(off), 1))


#: Nothing is believed before anything was seen.
_NOTHING = Belief(0.0, 0.0)
