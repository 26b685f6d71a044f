"""The canvas: colours land as BT.709 levels, sprites blend as they should, nothing is drawn outside."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import BLACK, WHITE, Rgb, yuv
from gpu_consumers.picture.ink import Ink, sprite_of
from gpu_consumers.picture.palettes import PALETTES, ink_on
from gpu_consumers.picture.sprite import Plate, Sprite
from tests.unit.picture_kit import plain


@pytest.mark.parametrize(
    ("colour", "levels"),
    [
        (BLACK, (16, 128, 128)),
        (WHITE, (235, 128, 128)),
        (Rgb(255, 0, 0), (63, 102, 240)),
        (Rgb(0, 0, 255), (32, 240, 118)),
    ],
)
def test_colours_are_bt709_in_limited_range(colour: Rgb, levels: tuple[int, int, int]) -> None:
    assert yuv(colour) == levels


def test_a_sprite_covers_as_much_as_its_alpha() -> None:
    canvas = plain(Canvas.blank(16, 16), BLACK)
    canvas.stamp(Sprite.of_mask(np.full((4, 4), 0.5), WHITE), 4, 6)
    assert canvas.planes[0][6:10, 4:8] == pytest.approx(125.5, abs=1)
    assert canvas.planes[0][5, 4] == canvas.planes[0][6, 3] == 16


@pytest.mark.parametrize(("x", "y"), [(-3, -3), (13, 13), (-50, 0), (0, 99), (5.5, 7.5)])
def test_what_lies_outside_is_clipped(x: float, y: float) -> None:
    canvas = plain(Canvas.blank(16, 16))
    canvas.stamp(Sprite.of_mask(np.ones((6, 6)), WHITE), x, y)
    canvas.paste(Plate.plain(6, 6, WHITE), round(x), round(y))
    canvas.fill(WHITE, round(x), round(y), 6, 6)


def test_a_picture_and_its_mask_make_the_same_sprite() -> None:
    mask = np.zeros((8, 8), np.float32)
    mask[2:6, 2:6] = 1
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[2:6, 2:6] = (200, 40, 90, 255)
    results = []
    for sprite in (Sprite.of_mask(mask, Rgb(200, 40, 90)), sprite_of(Image.fromarray(rgba))):
        canvas = plain(Canvas.blank(8, 8))
        canvas.stamp(sprite, 0, 0)
        results.append([plane.copy() for plane in canvas.planes])
    assert all(np.abs(a.astype(int) - b).max() <= 1 for a, b in zip(*results, strict=True))


def test_ink_lays_one_colour_over_another() -> None:
    ink = Ink(8, 8)
    ink.lay(np.ones((8, 8), np.float32), WHITE)
    ink.lay(np.full((8, 8), 0.5, np.float32), BLACK)
    canvas = plain(Canvas.blank(8, 8), Rgb(255, 0, 0))
    canvas.stamp(ink.sprite(), 0, 0)
    assert canvas.planes[0] == pytest.approx(125.5, abs=2)
    assert canvas.planes[2] == pytest.approx(128, abs=2)


def test_fading_makes_it_less() -> None:
    whole = Sprite.of_mask(np.ones((4, 4)), WHITE)
    for share, level in ((0.0, 16), (0.5, 125.5), (1.0, 235)):
        canvas = plain(Canvas.blank(4, 4), BLACK)
        canvas.stamp(whole.faded(share), 0, 0)
        assert canvas.planes[0] == pytest.approx(level, abs=2)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=str)
def test_palettes_can_be_read_on(palette: object) -> None:
    made = PALETTES[getattr(palette, "name", "")]
    assert WHITE.contrast(made.ground) >= 4.5
    assert made.accent.contrast(made.ground) >= 4.5
    assert ink_on(made.accent).contrast(made.accent) >= 4.5
    assert made.deep.luminance < made.ground.luminance < made.accent.luminance
