"""Tiles: a mosaic of quarter circles and stripes in the palette; every beat a few of them are exchanged."""

from __future__ import annotations

from PIL import Image, ImageDraw

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.layout import Box, parted
from gpu_consumers.picture.motion import ease_in_out, progress
from gpu_consumers.picture.shapes import even
from gpu_consumers.picture.sprite import Plate
from gpu_consumers.picture.stage import Paint, Stage

ACROSS, EVERY, TAKES = 6, 12, 10  #: tiles along the shorter side; frames between exchanges; frames that one takes


def tiles(stage: Stage) -> Paint:
    """The heading stands on a plain block that is cut out of the mosaic."""
    palette, unit = stage.palette, stage.layout.unit
    mosaic = Mosaic(stage)
    block = mosaic.block
    margin = round(40 * unit)
    inner, place = Box(block.x + margin, block.y + margin, block.width - 2 * margin, block.height - 2 * margin), None
    inner = Box(inner.x, inner.y, inner.width, stage.room.bottom - inner.y)
    if stage.shown:
        inner, place = parted(inner, 0.52, round(36 * unit), beside=stage.layout.wide)
    figures = stage.figures(place)
    headline = stage.headline(Type(largest=round(150 * unit), shadow=0, colour=palette.ink), inner)
    canvas = stage.canvas()

    def paint(frame: int) -> Canvas:
        mosaic.advance(frame)
        for plane, source in zip(canvas.planes, mosaic.canvas.planes, strict=True):
            plane[...] = source
        if headline.text.words:
            canvas.fill(palette.ground, block.x, block.y, block.width, block.height)
        headline.draw(canvas, frame)
        figures.draw(canvas, frame)
        return canvas

    return paint


class Mosaic:
    """The tiles as they lie, on a canvas of their own, of which each frame changes a few."""

    def __init__(self, stage: Stage) -> None:
        layout, self._rng = stage.layout, stage.rng("tiles")
        self._side = side = even(min(layout.width, layout.height) / ACROSS)
        self._rows, self._columns = -(-layout.height // side), -(-layout.width // side)
        self._art = _art(stage, side)
        self._changes: list[tuple[int, int, Plate, bool]] = []
        self.canvas = stage.canvas()
        for row in range(self._rows):
            for column in range(self._columns):
                self.canvas.paste(self._art[int(self._rng.integers(len(self._art)))], column * side, row * side)
        top = -(-stage.room.y // side) * side
        # Down to where the captions end: letters on a mosaic are hard to read.
        tall = max(2, (layout.captions.bottom - top + side // 2) // side) * side
        #: Where the heading stands, in whole tiles.
        self.block = Box(side, top, (layout.width // side - 2) * side, tall)

    def advance(self, frame: int) -> None:
        """Uncover a little more of the tiles that are being exchanged."""
        if frame % EVERY == 0:
            picks = self._rng.integers((self._columns, self._rows, len(self._art), 2), size=(7, 4)).tolist()
            self._changes = [(x * self._side, y * self._side, self._art[n], bool(way)) for x, y, n, way in picks]
        shown = even(self._side * ease_in_out(progress(frame % EVERY + 1, 0, TAKES)))
        for x, y, tile, down in self._changes:
            self._uncover(tile, x, y, self._side if down else shown, shown if down else self._side)

    def _uncover(self, tile: Plate, x: int, y: int, wide: int, tall: int) -> None:
        for shift, plane, source in zip((0, 1, 1), self.canvas.planes, tile.planes, strict=True):
            spot = plane[y >> shift : (y + tall) >> shift, x >> shift : (x + wide) >> shift]
            spot[...] = source[: spot.shape[0], : spot.shape[1]]


def _art(stage: Stage, side: int) -> list[Plate]:
    palette, rng = stage.palette, stage.rng("art")
    colours = [palette.ground, palette.first, palette.second, palette.deep, palette.first.mix(palette.deep, 0.5)]
    plates = []
    for n in range(26):
        ground, ink = rng.choice(len(colours), 2, replace=False)
        mask = _shape(n % 6, side * 2).rotate(90 * int(rng.integers(4))).reduce(2)
        plates.append(Plate.of_mask(mask, colours[ground], palette.accent if n % 13 == 5 else colours[ink]))
    return plates


def _shape(kind: int, side: int) -> Image.Image:
    mask = Image.new("L", (side, side))
    pen = ImageDraw.Draw(mask)
    if kind == 0:
        pen.ellipse((-side, -side, side, side), fill=255)
    elif kind == 1:
        pen.ellipse((-side, -side, side, side), fill=255)
        pen.ellipse((-side // 2, -side // 2, side // 2, side // 2), fill=0)
    elif kind == 2:
        pen.ellipse((side * 0.22, side * 0.22, side * 0.78, side * 0.78), fill=255)
    elif kind == 3:
        pen.polygon([(0, 0), (side, 0), (0, side)], fill=255)
    elif kind == 4:
        pen.pieslice((0, -side // 2, side, side // 2), 0, 180, fill=255)
        pen.pieslice((0, 0, side, side), 0, 180, fill=255)
    else:
        for n in range(0, 8, 2):
            pen.rectangle((0, n * side / 8, side, (n + 1) * side / 8 - 1), fill=255)
    return mask
