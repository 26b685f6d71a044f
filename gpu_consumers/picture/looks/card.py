"""Cards: a sheet of paper with the heading drops onto a stack of coloured ones, a little askew."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter

from gpu_consumers.picture.canvas import Canvas, Plate, Sprite
from gpu_consumers.picture.colour import Rgb
from gpu_consumers.picture.motion import overshoot, progress, sway
from gpu_consumers.picture.palettes import Palette
from gpu_consumers.picture.paragraph import Setting, fit
from gpu_consumers.picture.stage import Paint, Stage
from gpu_consumers.picture.text import draw, emoji
from gpu_consumers.picture.tokens import tokens
from gpu_consumers.picture.typefaces import Face

PAPER, INK = Rgb(252, 249, 240), Rgb(24, 22, 32)


def card(stage: Stage) -> Paint:
    """The stack lies still; the top card falls in and then hangs in a light draught."""
    layout, palette, rng, unit = stage.layout, stage.palette, stage.rng("card"), stage.layout.unit
    room = stage.room
    side = round(min(room.width * 0.94, room.height * 0.92))
    tilt = float(rng.uniform(2, 5)) * float(rng.choice([-1, 1]))
    ground = _table(stage, side, tilt)
    top = Sprite.of_image(_sheet(side, PAPER, tilt, stage.heading, palette))
    x, y = room.centre[0] - top.width / 2, room.centre[1] - top.height / 2
    canvas = stage.canvas()

    def paint(frame: int) -> Canvas:
        canvas.paste(ground)
        fallen = 1.0 if stage.first else overshoot(progress(frame, 1, 14))
        canvas.stamp(top, x, y - (1 - fallen) * layout.height * 0.8 + 7 * unit * sway(stage.seconds(frame), 3.2))
        return canvas

    return paint


def _sheet(side: int, colour: Rgb, tilt: float, text: str, palette: Palette) -> Image.Image:
    """A square card with its shadow, turned by `tilt` degrees."""
    margin = side // 8
    sheet = Image.new("RGBA", (side + 2 * margin, side + 2 * margin), (0, 0, 0, 0))
    shadow = Image.new("L", sheet.size)
    box = (margin, margin, margin + side, margin + side)
    ImageDraw.Draw(shadow).rounded_rectangle(tuple(v + side // 60 for v in box), side // 22, fill=120)
    sheet.putalpha(shadow.filter(ImageFilter.BoxBlur(side // 40)))
    ImageDraw.Draw(sheet).rounded_rectangle(box, side // 22, fill=(*colour, 255))
    if text:
        _write(sheet, side, margin, text, palette)
    return sheet.rotate(tilt, Image.Resampling.BICUBIC)


def _write(sheet: Image.Image, side: int, margin: int, text: str, palette: Palette) -> None:
    pad = side // 9
    inner = side - 2 * pad
    setting = Setting(face=Face.SERIF, size=side // 6, align="left")
    set_ = fit(tokens(text), setting, (inner, round(inner * 0.8)), smallest=24)
    left, top = margin + pad, margin + pad + inner * 0.12
    mask = Image.new("L", sheet.size)
    for word in set_.words:
        draw(mask, left + word.x, top + word.baseline, word.text, set_.face, set_.size)
    sheet.paste(tuple(INK), (0, 0), mask)
    for word in set_.words:
        for x, picture in emoji(word.text, set_.face, set_.size):
            sheet.alpha_composite(picture, (round(left + word.x + x), round(top + word.baseline - set_.size * 0.86)))
    pen = ImageDraw.Draw(sheet)
    rule = margin + pad * 0.75
    pen.rectangle((left, rule, left + inner // 4, rule + side // 50), fill=tuple(palette.first))


def _table(stage: Stage, side: int, tilt: float) -> Plate:
    layout, palette, rng = stage.layout, stage.palette, stage.rng("table")
    image = Image.new("RGB", (layout.width, layout.height), tuple(palette.ground))
    pen = ImageDraw.Draw(image)
    step = round(54 * layout.unit)
    dot = palette.ground.mix(palette.first, 0.4)
    for y in range(step // 2, layout.height, step):
        for x in range(step // 2, layout.width, step):
            pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=tuple(dot))
    for n, colour in enumerate((palette.first, palette.second, palette.accent)):
        angle = -tilt * (2.6 - n) + float(rng.uniform(-1, 1))
        below = _sheet(side, colour, angle, "", palette)
        at = round(stage.room.centre[0] - below.width / 2), round(stage.room.centre[1] - below.height / 2)
        image.paste(below, at, below)
    return Plate.of_image(image)
