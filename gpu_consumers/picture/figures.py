"""Figures: what is being spoken of, as a sticker that changes with the words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.ink import sprite_of
from gpu_consumers.picture.layout import Box
from gpu_consumers.picture.motion import sway
from gpu_consumers.picture.pictograms import pictograms, weak
from gpu_consumers.picture.sprite import Sprite
from gpu_consumers.picture.text import bitmap, clean
from schemas.scripts import Word

#: Each stays for this long at least, in seconds.
HOLD_S = 1.3
#: Sizes of the frames in which a figure pops up; then it sways between the tilts, in degrees, a few frames each.
POPS, TILTS, POSE_FRAMES = (0.5, 0.86, 1.1, 1.05), (-3.0, 0.0, 3.0, 0.0), 9


@dataclass(frozen=True)
class Shown:
    """An emoji, and the frame from which on it is shown."""

    emoji: str
    frame: int


def figures(heading: str, title: str, words: Sequence[Word], fps: int, language: str) -> tuple[Shown, ...]:
    """What is shown when: at first what the heading (or else the title) is about, then what is said, as it is said.

    Empty where nothing of it can be drawn.
    """
    spoken_in = language.split("-")[0]
    spoken = list(pictograms([word.text for word in words], spoken_in))
    topics = [emoji for text in (heading, title) for _, emoji in pictograms(clean(text).split(), spoken_in)]
    opening = _strongest([*topics, *(emoji for _, emoji in spoken)])
    if opening is None:
        return ()
    said = [(words[n].start_ms * fps // 1000, emoji) for n, emoji in spoken if emoji not in weak()]
    shown = [Shown(opening, 0)]
    for frame, emoji in said:
        if emoji != shown[-1].emoji and frame - shown[-1].frame >= HOLD_S * fps:
            shown.append(Shown(emoji, frame))
    return tuple(shown)


def _strongest(found: Sequence[str]) -> str | None:
    """The first that is not weak; else the first."""
    return next((emoji for emoji in found if emoji not in weak()), found[0] if found else None)


class Figures:
    """Draws the figures of a scene into a box, one at a time."""

    def __init__(self, shown: Sequence[Shown], box: Box | None, fps: int, *, still: bool = False) -> None:
        """`still`: the first one does not pop up, since the first frame of a video is its cover."""
        self._shown, self._box, self._fps, self._still = shown, box, fps, still

    def draw(self, canvas: Canvas, frame: int, dx: float = 0, dy: float = 0) -> None:
        """Blend in the one of that frame."""
        now = max((each for each in self._shown if each.frame <= frame), key=lambda each: each.frame, default=None)
        if now is None or self._box is None:
            return
        since = frame - now.frame
        poses = _poses(now.emoji, min(self._box.width, self._box.height))
        popping = since < len(POPS) and not (self._still and now.frame == 0)
        pose = since if popping else len(POPS) + since // POSE_FRAMES % len(TILTS)
        x, y = self._box.centre
        lift = 0 if popping else self._box.height * 0.022 * sway(since / self._fps, 2.6)
        sprite = poses[pose]
        canvas.stamp(sprite, x - sprite.width / 2 + dx, y - sprite.height / 2 + dy + lift)


@lru_cache(maxsize=3)  # one is shown at a time; each takes 5 MB
def _poses(emoji: str, size: int) -> tuple[Sprite, ...]:
    """Sprites of one size of sheet: popping up, then at each tilt. The emoji with its edge fills the size."""
    art = sticker(emoji, size)
    grown = [_pasted(art.resize([max(2, round(side * scale)) for side in art.size]), size) for scale in POPS]
    tilted = {tilt: sprite_of(_pasted(art.rotate(tilt, Image.Resampling.BICUBIC), size)) for tilt in set(TILTS)}
    return (*map(sprite_of, grown), *(tilted[tilt] for tilt in TILTS))


def _pasted(art: Image.Image, size: int) -> Image.Image:
    side = round(size * 1.24) // 2 * 2
    sheet = Image.new("RGBA", (side, side))
    sheet.paste(art, ((side - art.width) // 2, (side - art.height) // 2))
    return sheet


def sticker(emoji: str, size: int) -> Image.Image:
    """The emoji with a white edge and a soft shadow, RGBA, about `size` pixels each way."""
    small = bitmap(emoji)
    scale = size * 0.86 / max(small.size)
    art = small.resize([round(side * scale) for side in small.size], Image.Resampling.BICUBIC)
    pad = round(size * 0.07)
    sheet = Image.new("RGBA", (art.width + 2 * pad, art.height + 2 * pad), (255, 255, 255, 0))
    sheet.paste(art, (pad, pad))
    cover = sheet.getchannel("A")
    edge = _grown(cover, size * 0.035)
    shadow = _soft(edge, size * 0.03).point(lambda level: level * 0.5)
    made = Image.new("RGBA", sheet.size)
    made.putalpha(_moved(shadow, round(size * 0.02)))
    white = Image.new("RGBA", sheet.size, (255, 255, 255, 0))
    white.putalpha(edge)
    made.alpha_composite(white)
    # The bitmap's own soft edge is dark: a little of it is cut off, and what is left lies on white.
    sheet.putalpha(cover.point(lambda level: max(0, (level - 80) * 255 // 175)))
    made.alpha_composite(sheet)
    return made


def _grown(mask: Image.Image, by: float) -> Image.Image:
    """A mask made larger all round, with round corners: blurred, then cut far out, all at a quarter of its size."""
    small = mask.reduce(4)
    soft = np.asarray(small.filter(ImageFilter.GaussianBlur(by / 4)), np.float32)
    cut = np.clip((soft - 16) * 6, 0, 255).astype(np.uint8)
    return Image.fromarray(cut).resize(mask.size, Image.Resampling.BICUBIC)


def _soft(mask: Image.Image, by: float) -> Image.Image:
    return mask.reduce(4).filter(ImageFilter.GaussianBlur(by / 4)).resize(mask.size, Image.Resampling.BILINEAR)


def _moved(mask: Image.Image, down: int) -> Image.Image:
    moved = Image.new("L", mask.size)
    moved.paste(mask, (0, down))
    return moved
