"""The stage: what a look gets to know about the scene it paints, and the tools that paint cheaply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import Floats, Rgb, halved, rounded, yuv
from gpu_consumers.picture.figures import Figures, Shown
from gpu_consumers.picture.headline import Headline, Type
from gpu_consumers.picture.layout import Box, Layout, parted
from gpu_consumers.picture.palettes import Palette
from gpu_consumers.picture.text import clean
from schemas.scripts import Scene, Word

#: What a sentence ends with.
SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "؟", "।")
#: Paints frame n and returns the canvas it is on, which may be another one each time.
Paint = Callable[[int], Canvas]


class Look(Protocol):
    """A way to fill the picture behind the captions: called once a scene; what it returns, once a frame, in order."""

    def __call__(self, stage: Stage) -> Paint: ...


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One scene, as a look sees it."""

    layout: Layout
    fps: int
    frames: int
    palette: Palette
    scene: Scene
    first: bool  #: whether the video begins here
    last: bool  #: whether it ends here
    title: str
    words: tuple[Word, ...]
    seed: int
    shown: tuple[Shown, ...] = ()  #: the figures

    def rng(self, purpose: str) -> np.random.Generator:
        """Chance that is the same whenever the same scene is painted."""
        return np.random.default_rng([self.seed & 0xFFFFFFFFFFFFFFFF, *purpose.encode()])

    def seconds(self, frame: int) -> float:
        """When the frame is shown."""
        return frame / self.fps

    @property
    def heading(self) -> str:
        """What stands large in the picture: the scene's own text; the title where the first scene has none."""
        return self.scene.on_screen_text or (self.title if self.first else "")

    @property
    def room(self) -> Box:
        """Where a look may put type: the stage, below the title's label where the first scene has one."""
        box, label = self.layout.stage, round(84 * self.layout.unit) if self.label else 0
        return Box(box.x, box.y + label, box.width, box.height - label)

    def divided(self, share: float = 0.52) -> tuple[Box, Box | None]:
        """The room for type, and that for the figure: below it, or beside it where the picture is wide. `share`: of the
        room that the figure gets. None: nothing is shown, and type has all of it."""
        if not self.shown:
            return self.room, None
        return parted(self.room, share, round(36 * self.layout.unit), beside=self.layout.wide)

    def figures(self, box: Box | None) -> Figures:
        """The figures in a box."""
        return Figures(self.shown, box, self.fps, still=self.first)

    @property
    def label(self) -> str:
        """The video's title, where the first scene shows something else."""
        title = clean(self.title)
        return title if self.first and title.casefold() != clean(self.heading).casefold() else ""

    def headline(self, style: Type, box: Box | None = None, text: str | None = None) -> Headline:
        """The heading set in a box (by default all the room). In the first scene it stands from the first frame on,
        which is the video's cover."""
        start = -60 if self.first else 3
        return Headline(self.heading if text is None else text, box or self.room, style, start, self.beats)

    @property
    def beats(self) -> tuple[int, ...]:
        """Frames at which a new sentence begins, but for the first."""
        pairs = pairwise(self.words)
        starts = [after.start_ms for before, after in pairs if before.text.endswith(SENTENCE_ENDS)]
        return tuple(round(start * self.fps / 1000) for start in starts)

    def canvas(self) -> Canvas:
        """A canvas of the clip's size, for a look to keep and draw on again and again."""
        return Canvas.blank(self.layout.width, self.layout.height)


class Backdrop:
    """A soft picture, computed small and enlarged in one step, since nobody sees the pixels of a gradient."""

    def __init__(self, layout: Layout, divisor: int = 10) -> None:
        self.width, self.height = (int(side / divisor / 2 + 0.5) * 2 for side in (layout.width, layout.height))
        self._size = (layout.width, layout.height)
        self._small = Canvas.blank(self.width, self.height)
        self._scaler = VideoReformatter()

    def show(self, luma: Floats, blue: Floats, red: Floats) -> Canvas:
        """Enlarge planes of (height, width), in video levels; chroma may come at half size already."""
        for plane, source in zip(self._small.planes, (luma, blue, red), strict=True):
            plane[...] = rounded(source if source.shape == plane.shape else halved(source))
        return self.enlarged()

    def enlarged(self) -> Canvas:
        """Enlarge what has been drawn on `small`."""
        width, height = self._size
        frame = self._scaler.reformat(
            self._small.frame, width, height, "yuv420p", interpolation=Interpolation.BICUBIC, threads=1
        )
        return Canvas(frame)

    @property
    def small(self) -> Canvas:
        """The small canvas."""
        return self._small


def blend(colours: list[Rgb], weights: list[Floats]) -> tuple[Floats, Floats, Floats]:
    """Colours weighted per pixel, as float planes; the weights need not add up to one."""
    total = np.sum(weights, axis=0)
    planes = []
    for part in range(3):
        mixed = sum(np.float32(yuv(colour)[part]) * weight for colour, weight in zip(colours, weights, strict=True))
        planes.append((mixed / total).astype(np.float32))
    return planes[0], planes[1], planes[2]
