"""Chrome: what scenes carry whatever their look: a progress bar, the title at first, a closing line at last."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import BLACK, WHITE
from gpu_consumers.picture.ink import Ink
from gpu_consumers.picture.motion import ease_in_out
from gpu_consumers.picture.palettes import ink_on
from gpu_consumers.picture.paragraph import Setting, fit
from gpu_consumers.picture.shapes import even, rounded
from gpu_consumers.picture.sprite import Sprite
from gpu_consumers.picture.stage import Stage
from gpu_consumers.picture.tokens import tokens
from gpu_consumers.picture.typefaces import Face
from gpu_consumers.picture.typeset import lay_words

SHADE = 6  #: how far the shade of the bar reaches, in pixels


class Chrome:
    """All of it, drawn over a look's picture."""

    def __init__(self, stage: Stage) -> None:
        self._bar = ProgressBar(stage)
        self._label = TitleLabel(stage) if stage.label else None
        self._closing = ClosingLine(stage) if stage.last and not stage.first else None

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Blend it into the canvas as it stands at that frame."""
        for part in (self._closing, self._bar, self._label):
            if part is not None:
                part.draw(canvas, frame)


class ProgressBar:
    """A thin bar along the top of the safe area that fills while the scene plays.

    It tells of this scene alone. Were it to tell where the scene stands among the others, each of them would have to be
    drawn anew whenever one is moved, added or taken out.
    """

    def __init__(self, stage: Stage) -> None:
        safe = stage.layout.safe
        self._x, self._y, self._wide, self._tall = safe.x, safe.y, even(safe.width) - 2, even(8 * stage.layout.unit)
        self._frames, self._track = stage.frames, self._tracks()

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Blend the bar of that frame into the canvas."""
        canvas.stamp(self._track, self._x - SHADE, self._y - SHADE)
        canvas.fill(WHITE, self._x, self._y, even(self._wide * (frame + 1) / self._frames), self._tall)

    def _tracks(self) -> Sprite:
        """The bar that is to be filled, on a soft shade."""
        sheet = self._wide + 2 * SHADE, self._tall + 2 * SHADE
        ink = Ink(*sheet)
        for soft, colour in ((6.0, BLACK), (1.0, WHITE)):
            mask = rounded(self._wide, self._tall, self._tall / 2, sheet, soft)
            ink.lay(Image.fromarray((mask * 255).astype(np.uint8)), colour, 0.42)
        return ink.sprite()


class TitleLabel:
    """The video's title on a small plate under the bar, in the first scene: in two lines where one would be tiny."""

    def __init__(self, stage: Stage) -> None:
        box, unit, colour = stage.layout.stage, stage.layout.unit, stage.palette.accent
        size = round(38 * unit)
        setting = Setting(face=Face.BOLD, size=size)
        least, room = round(30 * unit), box.width - 2 * size
        text = fit(tokens(stage.label), setting, (room, size), smallest=least, lines=1)
        if text.width > room:
            two = replace(setting, size=least, align="center")
            text = fit(tokens(stage.label), two, (room, 2 * least), smallest=round(18 * unit), lines=2)
        wide, tall = text.width + 2 * size, max(round(size * 1.9), text.height + size)
        ink = Ink(wide, tall)
        ink.lay(rounded(wide, tall, tall / 2, (ink.width, ink.height)), colour)
        lay_words(ink, text, text.words, (size, (tall - text.height) / 2), ink_on(colour))
        self._sprite = ink.sprite()
        self._x, self._y = box.x + (box.width - wide) / 2, box.y

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Blend it into the canvas; it stands still."""
        canvas.stamp(self._sprite, self._x, self._y)


class ClosingLine:
    """A thin frame that closes around the last scene while it ends."""

    def __init__(self, stage: Stage) -> None:
        self._colour, self._frames = stage.palette.accent, stage.frames
        self._thick, self._inset = even(8 * stage.layout.unit), even(30 * stage.layout.unit)

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Fill as much of the line as of the scene is over: from the top, down both sides, to the bottom's middle."""
        inset, thick = self._inset, self._thick
        wide, tall = canvas.width - 2 * inset, canvas.height - 2 * inset
        drawn = ease_in_out((frame + 1) / self._frames) * (wide + tall)
        top = min(drawn, wide / 2)
        side = min(max(0.0, drawn - wide / 2), tall)
        low = max(0.0, drawn - wide / 2 - tall)
        middle, right, bottom = canvas.width // 2, canvas.width - inset - thick, canvas.height - inset - thick
        canvas.fill(self._colour, round(middle - top), inset, round(2 * top), thick)
        for x in (inset, right):
            canvas.fill(self._colour, x, inset, thick, round(side))
        for x in (inset, round(canvas.width - inset - low)):
            canvas.fill(self._colour, x, bottom, round(low), thick)
