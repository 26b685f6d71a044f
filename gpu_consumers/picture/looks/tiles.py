"""Tiles: a mosaic of quarter circles and stripes in the palette; every beat a few of them are exchanged."""

from __future__ import annotations

from PIL import Image, ImageDraw

from gpu_consumers.picture.canvas import Canvas, Plate
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.motion import ease_in_out, progress
from gpu_consumers.picture.shapes import even
from gpu_consumers.picture.stage import Paint, Stage

ACROSS, EVERY, TAKES = 6, 12, 10  #: tiles a row; frames between exchanges; frames that one takes


def tiles(stage: Stage) -> Paint:
    """The heading stands on a plain block that is cut out of the mosaic."""
    layout, palette, rng = stage.layout, stage.palette, stage.rng("tiles")
    side = even(layout.width / ACROSS)
    rows = -(-layout.height // side)
    art = _art(stage, side)
    board = rng.integers(len(art), size=(rows, ACROSS))
    base = stage.canvas()
    for row in range(rows):
        for column in range(ACROSS):
            base.paste(art[board[row, column]], column * side, row * side)
    block = _block(stage, side)
    unit = layout.unit
    headline = stage.headline(
        Type(largest=round(150 * unit), shadow=0, colour=palette.ink), _inside(block, round(40 * unit))
    )
    canvas = stage.canvas()
    changes: list[tuple[int, int, Plate, bool]] = []

    def paint(frame: int) -> Canvas:
        if frame % EVERY == 0:
            picks = rng.integers((rows, ACROSS, len(art), 2), size=(7, 4))
            changes[:] = [
                (row * side, column * side, art[tile], bool(way)) for row, column, tile, way in picks.tolist()
            ]
        share = ease_in_out(progress(frame % EVERY + 1, 0, TAKES))
        for y, x, tile, down in changes:
            _uncover(base, tile, x, y, even(side * share), down=down)
        for plane, source in zip(canvas.planes, base.planes, strict=True):
            plane[...] = source
        if headline.text.words:
            canvas.fill(palette.ground, block.x, block.y, block.width, block.height)
        headline.draw(canvas, frame)
        return canvas

    return paint


def _inside(box: Box, margin: int) -> Box:
    return Box(box.x + margin, box.y + margin, box.width - 2 * margin, box.height - 2 * margin)


def _block(stage: Stage, side: int) -> Box:
    room = stage.room
    top = -(-room.y // side) * side
    rows = max(2, (room.bottom - top) // side)
    return Box(side, top, (ACROSS - 2) * side, rows * side)


def _uncover(base: Canvas, tile: Plate, x: int, y: int, shown: int, *, down: bool) -> None:
    wide, tall = (tile.width, shown) if down else (shown, tile.height)
    for shift, plane, source in zip((0, 1, 1), base.planes, tile.planes, strict=True):
        spot = plane[y >> shift : (y + tall) >> shift, x >> shift : (x + wide) >> shift]
        spot[...] = source[: spot.shape[0], : spot.shape[1]]


def _art(stage: Stage, side: int) -> list[Plate]:
    palette, rng = stage.palette, stage.rng("art")
    colours = [palette.ground, palette.first, palette.second, palette.deep, palette.first.mix(palette.deep, 0.5)]
    plates = []
    for n in range(26):
        ground, ink = rng.choice(len(colours), 2, replace=False)
        mask = _shape(n % 6, side * 2).rotate(90 * int(rng.integers(4))).reduce(2)
        image = Image.new("RGB", (side, side), tuple(colours[ground]))
        fill = palette.accent if n % 13 == 5 else colours[ink]
        ImageDraw.Draw(image).bitmap((0, 0), mask, fill=tuple(fill))
        plates.append(Plate.of_image(image))
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
