"""Caption styles, as data."""

from __future__ import annotations

from dataclasses import dataclass

from gpu_consumers.errors import BackendError
from gpu_consumers.picture.typefaces import Face


@dataclass(frozen=True)
class CaptionStyle:
    """How words look before, while and after they are spoken. Lengths are shares of the type's size."""

    name: str
    face: Face
    largest: int  #: type size where the shorter side of the picture is 1080
    upper: bool = False
    outline: float = 0.0  #: dark edge around the letters
    ahead: float = 1.0  #: opacity of words that are still to come
    boxed: bool = False  #: the active word stands on a plate of the accent colour; else it is written in it
    panel: float = 0.0  #: opacity of a dark panel behind the phrase
    space: float = 1.2  #: between words, as a share of the font's own space
    pop: float = 1.0  #: how much larger the active word is when it begins
    single: bool = False  #: one word at a time


CAPTION_STYLES = {
    style.name: style
    for style in (
        CaptionStyle("karaoke", Face.BLACK, 100, outline=0.08, ahead=0.7, space=1.5, pop=1.08),
        CaptionStyle("box", Face.BLACK, 94, outline=0.07, boxed=True, space=1.75),
        CaptionStyle("punch", Face.BLACK, 168, upper=True, outline=0.09, pop=1.16, single=True),
        CaptionStyle("clean", Face.BOLD, 78, ahead=0.5, panel=0.62),
    )
}


def caption_style(name: str) -> CaptionStyle:
    """The style of that name. Raises `BackendError` for one that there is not."""
    if name not in CAPTION_STYLES:
        known = ", ".join(CAPTION_STYLES)
        raise BackendError(f"there is no caption style {name!r}", hint=f"Known caption styles: {known}.")
    return CAPTION_STYLES[name]
