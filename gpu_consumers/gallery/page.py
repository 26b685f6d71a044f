"""The gallery's page: the same rows in HTML, with the finished videos where they were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gallery</title>
<style>
body { margin: 0; padding: 24px; background: #121218; color: #f5f5fa; font: 16px/1.4 system-ui, sans-serif }
h1 { font-size: 22px; margin: 0 0 24px } h2 { font-size: 18px; margin: 0 } p { margin: 2px 0 10px; color: #9696a5 }
section { margin-bottom: 36px } .cells { display: flex; gap: 12px; overflow-x: auto; padding-bottom: 8px }
figure { margin: 0; flex: none } figcaption { color: #9696a5; font-size: 13px; padding-top: 4px }
img, video { display: block; height: 384px; border-radius: 10px; background: #000 }
</style>
"""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A still of the page, as a file beside it."""

    image: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """One prompt on the page."""

    prompt: str
    about: str
    cells: Sequence[Cell]
    video: str = ""  #: a file beside the page; empty: none was made


def page(title: str, parts: Sequence[Part]) -> str:
    """The HTML document."""
    body = "\n".join(map(_section, parts))
    return f"{_HEAD}<h1>{escape(title)}</h1>\n{body}\n</html>\n"


def _section(part: Part) -> str:
    cells = "".join(map(_figure, part.cells))
    video = ""
    if part.video:
        name = escape(part.video, quote=True)
        video = f'<figure><video src="{name}" controls playsinline preload="metadata"></video></figure>'
    head = f"<h2>{escape(part.prompt)}</h2><p>{escape(part.about)}</p>"
    return f'<section>{head}<div class="cells">{video}{cells}</div></section>'


def _figure(cell: Cell) -> str:
    name, caption = escape(cell.image, quote=True), escape(cell.caption)
    return f'<figure><img src="{name}" alt="{caption}" loading="lazy"><figcaption>{caption}</figcaption></figure>'
