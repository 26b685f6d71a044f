"""Cards: a sheet of paper with the heading drops onto a stack of coloured ones, a little askew."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import BLACK, Rgb
from gpu_consumers.picture.ink import Ink
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.motion import overshoot, progress, sway
from gpu_consumers.picture.paragraph import Setting, fit
from gpu_consumers.picture.sprite import Plate, Sprite
from gpu_consumers.picture.stage import Paint, Stage
from gpu_consumers.picture.text import emoji
from gpu_consumers.picture.tokens import tokens
from gpu_consumers.picture.typefaces import Face
from gpu_consumers.picture.typeset import words_mask

PAPER, INK = Rgb(252, 249, 240), Rgb(24, 22, 32)


def card(stage: Stage) -> Paint:
    """The stack lies still; the top card falls in and then hangs in a light draught."""
    layout, rng, unit = stage.layout, stage.rng("card"), stage.layout.unit
    room = stage.room
    side = round(min(room.width * 0.94, room.height * 0.92))
    tilt = float(rng.uniform(2, 5)) * float(rng.choice([-1, 1]))
    ground = _table(stage, side, tilt)
    top = _top(side, tilt, stage)
    x, y = room.centre[0] - top.width / 2, room.centre[1] - top.height / 2
    centre, figure = stage.room.centre, round(side * 0.4)
    place = Box(round(centre[0] + side * 0.12), round(centre[1] + side * 0.16), figure, figure)
    figures = stage.figures(place)
    canvas = stage.canvas()

    def paint(frame: int) -> Canvas:
        canvas.paste(ground)
        fallen = 1.0 if stage.first else overshoot(progress(frame, 1, 14))
        down = 7 * unit * sway(stage.seconds(frame), 3.2) - (1 - fallen) * layout.height * 0.8
        canvas.stamp(top, x, y + down)
        figures.draw(canvas, frame, dy=down)
        return canvas

    return paint


def _top(side: int, tilt: float, stage: Stage) -> Sprite:
    sheet, shadow = _sheet(side, tilt)
    ink, margin = Ink(*sheet.size), side // 8
    ink.lay(shadow, BLACK)
    ink.lay(sheet, PAPER)
    rule = ink.mask()
    pad, inner = margin + side // 9, side - 2 * (side // 9)
    text = fit(
        tokens(stage.heading),
        Setting(face=Face.SERIF, size=side // 6, align="start"),
        (inner, round(inner * (0.56 if stage.shown else 0.8))),  # above what is pasted on the card
        smallest=24,
    )
    left, top, bar = text.start(pad, inner), pad + inner * 0.12, margin + side // 12
    ruled = text.start(pad, inner, inner // 4)
    ImageDraw.Draw(rule).rectangle((ruled, bar, ruled + inner // 4, bar + side // 50), fill=255)
    ink.lay(_turned(words_mask(ink, text, text.words, (left, top)), tilt), INK)
    ink.lay(_turned(rule, tilt), stage.palette.first)
    for word in text.words:
        for x, picture in emoji(word.text, text.face, text.size):
            ink.lay_picture(picture, round(left + word.x + x), round(top + word.baseline - text.size * 0.86))
    return ink.sprite()


def _sheet(side: int, tilt: float) -> tuple[Image.Image, Image.Image]:
    """Masks of a square card turned by `tilt` degrees, and of its shadow."""
    margin = side // 8
    whole = (side + 2 * margin) // 2 * 2
    mask = Image.new("L", (whole, whole))
    box = (margin, margin, margin + side, margin + side)
    ImageDraw.Draw(mask).rounded_rectangle(box, side // 22, fill=255)
    mask = _turned(mask, tilt)
    low = mask.reduce(4).filter(ImageFilter.BoxBlur(side // 160)).point(lambda level: level * 0.5)
    shadow = Image.new("L", mask.size)
    shadow.paste(low.resize(mask.size, Image.Resampling.BILINEAR), (side // 90, side // 60))
    return mask, shadow


def _turned(mask: Image.Image, tilt: float) -> Image.Image:
    return mask.rotate(tilt, Image.Resampling.BILINEAR)


def _table(stage: Stage, side: int, tilt: float) -> Plate:
    layout, palette, rng = stage.layout, stage.palette, stage.rng("table")
    dots = Image.new("L", (layout.width, layout.height))
    step, pen = round(54 * layout.unit), ImageDraw.Draw(dots)
    for y in range(step // 2, layout.height, step):
        for x in range(step // 2, layout.width, step):
            pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=255)
    plate = Plate.of_mask(dots, palette.ground, palette.ground.mix(palette.first, 0.4))
    for n, colour in enumerate((palette.first, palette.second, palette.accent)):
        sheet, shadow = _sheet(side, -tilt * (2.6 - n) + float(rng.uniform(-1, 1)))
        at = round(stage.room.centre[0] - sheet.width / 2), round(stage.room.centre[1] - sheet.height / 2)
        for mask, tone in ((shadow, BLACK), (sheet, colour)):
            placed = Image.new("L", dots.size)
            placed.paste(mask, at)
            plate.lay(placed, tone)
    return plate
