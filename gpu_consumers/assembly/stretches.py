"""Stretches of a clip in which nothing is to be seen or nothing moves, half a second or longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from gpu_consumers.assembly.gates import BLACK_LUMA
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.ports import Failure
from gpu_consumers.quality.gauge import Gauge
from schemas.works import ClipQuality

#: How long what is drawn here may stand still. Footage and generated views may rest longer, as a screen recording does.
DRAWN_S, FOOTAGE_S = 0.5, 2.0
#: Samples along the shorter side.
GRID = 135
#: Mean change of a sample from a frame that stands still to the next, which the encoder still mends: 0.05 was seen. The
#: calmest look is as still as this for 0.23 s.
STILL_CHANGE = 0.12
#: The same before it is encoded: then what stands still does not change at all, but for a bar that fills.
DRAWN_CHANGE = 0.008
#: A key frame is encoded afresh, so that all of it changes a little; what moves changes some samples a lot.
MOVED_LEVELS, MOVED_SHARE = 16, 0.001

Luma = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Look:
    """A glance at one frame."""

    seconds: float
    luma: Luma  #: sparse
    key: bool = False


class Stretches:
    """Looks in order, and what they show: each stretch of at least so many seconds that is black or still. Pure."""

    def __init__(self, least_s: float, still: float = STILL_CHANGE) -> None:
        self._least_s, self._limit = least_s, still
        self._runs = (_Run("black", "the picture is black"), _Run("frozen", "the picture stands still"))
        self._before: Look | None = None

    def see(self, look: Look) -> list[Failure]:
        """What this look completes."""
        black, frozen = self._runs
        before, self._before = self._before, look
        still = before is not None and _still(before, look, self._limit)
        return [
            *black.goes_on(look, _black(look), self._least_s, since=look.seconds),
            *frozen.goes_on(look, still, self._least_s, since=before.seconds if before else 0.0),
        ]


class Watch:
    """Looks at every other frame of a clip while it is drawn, so that none has to be decoded for it, and takes the
    figures of its pictures."""

    def __init__(self, fps: int, least_s: float) -> None:
        # A stretch may begin and end between two looks.
        self._fps, self._stretches = fps, Stretches(max(least_s - 3.5 / fps, 0.28), DRAWN_CHANGE)
        self._found: list[Failure] = []
        self._gauge = Gauge()

    def see(self, canvas: Canvas, frame: int) -> None:
        """Take a look, if it is that frame's turn."""
        if frame % 2 == 0:
            luma = canvas.planes[0]
            self._gauge.take(luma)
            step = _step(canvas.width, canvas.height)
            self._found += self._stretches.see(Look(frame / self._fps, luma[::step, ::step].astype(np.int16)))

    @property
    def faults(self) -> tuple[Failure, ...]:
        """What was seen so far."""
        return tuple(self._found)

    @property
    def quality(self) -> ClipQuality | None:
        """The figures of the frames so far, before they are encoded."""
        return self._gauge.quality()


class _Run:
    """Looks in a row of which something holds. Told once, as soon as it lasts."""

    def __init__(self, gate: str, reason: str) -> None:
        self._gate, self._reason = gate, reason
        self._since: float | None = None
        self._told = False

    def goes_on(self, look: Look, holds: bool, least_s: float, since: float) -> Iterator[Failure]:
        if not holds:
            self._since, self._told = None, False
            return
        self._since = since if self._since is None else self._since
        if look.seconds - self._since >= least_s and not self._told:
            self._told = True
            yield Failure(self._gate, f"{self._reason} from {self._since:.1f} s on", (self._since + look.seconds) / 2)


def _black(look: Look) -> bool:
    return float(look.luma.mean()) < BLACK_LUMA and float(look.luma.std()) < 3


def _still(before: Look, look: Look, limit: float) -> bool:
    change = np.abs(look.luma - before.luma)
    if look.key:
        return float((change > MOVED_LEVELS).mean()) < MOVED_SHARE
    return float(change.mean()) < limit


def unmoved(clip: Path, *, least_s: float = DRAWN_S) -> list[Failure]:
    """The stretches of a clip. Decodes every other frame, those that others refer to, and no filter over them."""
    with av.open(str(clip)) as container:
        rate = float(container.streams.video[0].average_rate or 30)
        # A stretch may begin and end between two of these frames.
        seen = Stretches(max(least_s - 3.5 / rate, 0.28))
        return [failure for look in _looks(container) for failure in seen.see(look)]


def _looks(container: av.container.InputContainer) -> Iterator[Look]:
    stream = container.streams.video[0]
    stream.codec_context.options = {"skip_loop_filter": "all"}
    stream.codec_context.skip_frame = "NONREF"
    step = _step(stream.codec_context.width, stream.codec_context.height)
    for frame in container.decode(stream):
        plane = frame.planes[0]
        luma = np.asarray(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        sparse = luma[: plane.height : step, : plane.width : step].astype(np.int16)
        yield Look(frame.time or 0.0, sparse, frame.key_frame)


def _step(width: int, height: int) -> int:
    return max(1, min(width, height) // GRID)
