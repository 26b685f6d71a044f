"""Making a gallery: prompts drafted and drawn on all cores, a sheet, a page, and the videos where they are wanted."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from gpu_consumers.assembly.assemble import SceneClip, assemble
from gpu_consumers.gallery.draft import Draft, draft
from gpu_consumers.gallery.page import Cell, Part, page
from gpu_consumers.gallery.sheet import Row, sheet
from gpu_consumers.gallery.stills import Still, stills
from gpu_consumers.picture.looks import LOOKS
from gpu_consumers.picture.palettes import palette_for
from gpu_consumers.picture.renderer import ProceduralRenderer
from gpu_consumers.ports import SceneSpec
from infra.flavors import Flavor
from schemas import ids

THUMB = 216
T = TypeVar("T")
#: Told how much is done, how much there is, and of what.
Told = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What shall be made. `every_look`: each prompt once in each look, in place of its own scenes."""

    prompts: Sequence[str]
    flavor: Flavor
    out: Path
    look: str | None = None
    every_look: bool = False
    moments: tuple[float, ...] = (0.6,)
    videos: bool = False


@dataclass(frozen=True, kw_only=True)
class Made:
    """The gallery's files."""

    sheet: Path
    page: Path
    videos: tuple[Path, ...]


def make(order: Order, tell: Told) -> Made:
    """Write the gallery. Raises `BackendError`."""
    order.out.mkdir(parents=True, exist_ok=True)
    with _pool() as pool:
        writing = [pool.submit(draft, prompt, order.flavor) for prompt in order.prompts]
        drafts = _told(writing, tell, "scripts and voices")
        asked = [[pool.submit(stills, spec, order.moments, THUMB) for spec in _specs(order, each)] for each in drafts]
        films = [_film(pool, each, order, n) for n, each in enumerate(drafts)] if order.videos else []
        jobs: list[Future[Any]] = [job for row in asked for job in row]
        _told([*jobs, *(job for _, clips in films for job in clips)], tell, "scenes")
    rows = [_row(each, [job.result() for job in row]) for each, row in zip(drafts, asked, strict=True)]
    videos = [_assembled(each, folder, order) for each, (folder, _) in zip(drafts, films, strict=False)]
    image = order.out / "sheet.png"
    sheet(rows).save(image, optimize=True)
    return Made(sheet=image, page=_page(order, rows, videos), videos=tuple(videos))


@contextmanager
def _pool() -> Iterator[ProcessPoolExecutor]:
    """A process for each core; an interrupt drops what has not begun."""
    pool = ProcessPoolExecutor(os.cpu_count() or 1, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _told(jobs: Sequence[Future[T]], tell: Told, doing: str) -> list[T]:
    found = []
    for n, job in enumerate(jobs):
        found.append(job.result())
        tell(n + 1, len(jobs), doing)
    return found


def _specs(order: Order, drafted: Draft) -> list[SceneSpec]:
    if order.every_look:
        shown = [drafted.specs[n % len(drafted.specs)] for n in range(len(LOOKS))]
        return [replace(spec, look=look) for spec, look in zip(shown, sorted(LOOKS), strict=True)]
    return [replace(spec, look=order.look or spec.look) for spec in drafted.specs]


def _row(drafted: Draft, found: Sequence[Sequence[Still]]) -> Row:
    palette = palette_for(drafted.specs[0].palette, drafted.script.title).name
    return Row(
        prompt=drafted.prompt,
        about=f"{drafted.script.archetype}, {palette}",
        stills=[still for each in found for still in each],
    )


def _film(pool: ProcessPoolExecutor, drafted: Draft, order: Order, number: int) -> tuple[Path, list[Future[Path]]]:
    folder = order.out / f".clips-{number}"
    folder.mkdir(exist_ok=True)
    specs = [replace(spec, look=order.look or spec.look, renditions=()) for spec in drafted.specs]
    return folder, [pool.submit(_clip, spec, folder / f"{n:02}.mp4") for n, spec in enumerate(specs)]


def _clip(spec: SceneSpec, out: Path) -> Path:
    return ProceduralRenderer().render(spec, out, lambda _fraction, _preview: None).path


def _assembled(drafted: Draft, folder: Path, order: Order) -> Path:
    paths = sorted(folder.glob("*.mp4"))
    clips = [
        SceneClip(path=path, speech=said, words=said.words, title=scene.on_screen_text)
        for path, said, scene in zip(paths, drafted.speech, drafted.script.scenes, strict=True)
    ]
    out = order.out / f"{drafted.video_id[:8]}.mp4"
    mood = order.flavor.mood or drafted.script.mood
    assemble(
        clips, title=drafted.script.title, mood=mood, seed=ids.seed(drafted.video_id), out=out, fps=order.flavor.fps
    )
    for path in paths:
        path.unlink()
    folder.rmdir()
    return out


def _page(order: Order, rows: Sequence[Row], videos: Sequence[Path]) -> Path:
    folder = order.out / "stills"
    folder.mkdir(exist_ok=True)
    parts = []
    for n, row in enumerate(rows):
        cells = []
        for k, still in enumerate(row.stills):
            name = f"{n + 1:02}-{k + 1:02}-{still.look}.jpg"
            still.image.save(folder / name, quality=90)
            cells.append(Cell(image=f"stills/{name}", caption=still.look))
        parts.append(Part(prompt=row.prompt, about=row.about, cells=cells, video=videos[n].name if videos else ""))
    out = order.out / "index.html"
    out.write_text(page(f"{len(rows)} prompts, flavor {order.flavor.name}", parts), encoding="utf-8")
    return out
