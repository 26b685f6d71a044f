"""The gallery: a draft is what the workers make, stills are frames of the clip, sheet and page hold them all."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from gpu_consumers.gallery.draft import draft
from gpu_consumers.gallery.make import Order, make
from gpu_consumers.gallery.page import Cell, Part, page
from gpu_consumers.gallery.sheet import Row, sheet
from gpu_consumers.gallery.stills import Still, stills
from gpu_consumers.picture.renderer import ProceduralRenderer
from infra.flavors import Flavor
from schemas import ids
from tests.unit.picture_kit import spec


def still(colour: int) -> Still:
    return Still(look="mesh", width=20, height=36, pixels=bytes([colour]) * (20 * 36 * 3))


def test_a_draft_has_the_seeds_and_the_lengths_that_the_workers_use() -> None:
    made = draft("Why do cats purr?", Flavor(name="default"), seconds=15)
    assert len(made.specs) == len(made.script.scenes) == len(made.speech)
    assert made.specs[1].seed == ids.scene_seed(made.video_id, 2)
    assert made.specs[1].duration_ms == made.speech[1].duration_ms + 250


@pytest.mark.parametrize("look", ["tiles", "particles"])
def test_a_still_is_a_frame_of_the_clip(tmp_path: Path, look: str) -> None:
    # given
    asked = spec(look=look, duration_ms=500)
    clip = ProceduralRenderer().render(asked, tmp_path / "clip.mp4", lambda _fraction, _preview: None)
    with av.open(str(clip.path)) as container:
        frame = list(container.decode(video=0))[10].reformat(format="rgb24", src_colorspace=1, src_color_range=1)
    # when
    (_, found) = stills(asked, (0.1, 0.7), 270)
    # then
    small = Image.fromarray(frame.to_ndarray()).resize((270, 480), Image.Resampling.LANCZOS)
    assert np.abs(np.asarray(small, int) - np.asarray(found.image, int)).mean() < 3


def test_the_sheet_has_a_row_for_each_prompt_and_a_cell_for_each_scene() -> None:
    rows = [Row(prompt="One", about="list", stills=[still(200)] * 3), Row(prompt="Two", about="", stills=[still(90)])]
    image = np.asarray(sheet(rows))
    assert (image == 200).all(axis=2).sum() == 3 * 20 * 36
    assert (image == 90).all(axis=2).sum() == 20 * 36


def test_the_page_escapes_what_people_write() -> None:
    made = page("T", [Part(prompt="<b>&", about="", cells=[Cell(image='a"b.jpg', caption="<i>")], video="v.mp4")])
    assert "<b>" not in made
    assert "&lt;b&gt;&amp;" in made
    assert 'src="a&quot;b.jpg"' in made
    assert '<video src="v.mp4"' in made


def test_a_whole_gallery_with_a_video(tmp_path: Path) -> None:
    # given
    told: list[tuple[int, int, str]] = []
    flavor = Flavor(name="default", format="1080x1080", fps=10, target_seconds=15)
    order = Order(prompts=["Why?"], flavor=flavor, out=tmp_path / "g", look="counter", videos=True)
    # when
    made = make(order, lambda *news: told.append(news))
    # then
    assert told[-1][0] == told[-1][1] > 1
    with Image.open(made.sheet) as image:
        assert image.size[0] > 500
    assert made.page.read_text().count("<img") == len(list((tmp_path / "g" / "stills").iterdir()))
    assert made.videos[0].name in made.page.read_text()
    assert not [path for path in (tmp_path / "g").iterdir() if path.name.startswith(".")]
    with av.open(str(made.videos[0])) as container:
        assert container.streams.video[0].frames > 100
