"""Kinetic type: rows of the heading run across the picture against each other, and it stands before them, large."""

from __future__ import annotations

from PIL import Image

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import Rgb
from gpu_consumers.picture.headline import Type
from gpu_consumers.picture.palettes import ink_on
from gpu_consumers.picture.shapes import even
from gpu_consumers.picture.sprite import Plate
from gpu_consumers.picture.stage import Paint, Stage
from gpu_consumers.picture.text import advance, clean, draw
from gpu_consumers.picture.typefaces import Face

ROWS = 9


def kinetic(stage: Stage) -> Paint:
    """Poster rows in two tones of a leading colour."""
    layout, palette, rng = stage.layout, stage.palette, stage.rng("kinetic")
    ground = (palette.first, palette.second)[int(rng.integers(2))].mix(palette.deep, 0.3)
    phrase = clean(stage.heading or stage.title).upper()
    tall = even(layout.height / ROWS)
    tones = [ground.mix(palette.deep, amount) for amount in (0.16, 0.3)]
    rows = [_row(phrase, tall, layout.width, ground, tone) for tone in tones]
    speeds = rng.uniform(80, 170, ROWS) * layout.unit
    style = Type(
        face=Face.CONDENSED, largest=round(330 * layout.unit), upper=True, leading=0.9, colour=ink_on(ground),
        shadow=0.3, enter="slide",
    )  # fmt: skip
    room, place = stage.divided(0.48)
    headline, figures = stage.headline(style, room, text=phrase), stage.figures(place)
    canvas = stage.canvas()

    def paint(frame: int) -> Canvas:
        for n in range(ROWS):
            plate, period = rows[n % 2]
            shift = int(stage.seconds(frame) * speeds[n]) % period
            canvas.paste(plate, -shift if n % 2 else shift - period, n * tall)
        headline.draw(canvas, frame)
        figures.draw(canvas, frame)
        return canvas

    return paint


def _row(phrase: str, tall: int, width: int, ground: Rgb, colour: Rgb) -> tuple[Plate, int]:
    size = round(tall * 0.98)
    text = phrase[:40] + " • "
    period = max(2, even(advance(text, Face.CONDENSED, size)))
    copies = 2 + width // period
    mask = Image.new("L", (even(period * copies), tall))
    for n in range(copies):
        draw(mask, n * period, tall * 0.86, text, Face.CONDENSED, size)
    return Plate.of_mask(mask, ground, colour), period
