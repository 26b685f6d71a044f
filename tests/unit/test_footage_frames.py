"""Footage as frames: it fills the picture, moves smoothly, keeps its focus; what is broken is told in time."""

from __future__ import annotations

import struct
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.errors import BackendError
from gpu_consumers.footage.clip import ClipSource
from gpu_consumers.footage.errors import FootageError
from gpu_consumers.footage.image import ImageSource
from gpu_consumers.footage.view import cover, moved
from gpu_consumers.picture.renderer import ProceduralRenderer
from gpu_consumers.scenes.chain import first_good
from infra.flavors import Watermark
from schemas.footage import Move
from schemas.values import Format
from tests.unit.footage_kit import clip, kept, photo
from tests.unit.picture_kit import spec

sides = st.integers(16, 4000)
share = st.floats(0, 1)


@given(sides, sides, sides, sides, share, share, st.sampled_from([Move.IN, Move.OUT, Move.PAN]), share)
def test_a_view_lies_in_the_footage_and_has_the_pictures_shape(
    width: int, height: int, across: int, down: int, x: float, y: float, move: Move, at: float
) -> None:
    view = moved((width, height), (across, down), (x, y), move, at)
    assert view.left >= -1e-6 and view.left + view.width <= width + 1e-6
    assert view.top >= -1e-6 and view.top + view.height <= height + 1e-6
    assert view.width / view.height == pytest.approx(across / down, rel=1e-6)


def test_what_is_in_focus_stays_in_view() -> None:
    left, right = (cover((1600, 900), (900, 1600), (x, 0.5)) for x in (0.0, 1.0))
    assert (left.left, right.left + right.width) == (0.0, 1600.0)


def image(
    folder: Path, data: bytes, size: tuple[int, int] = (90, 160), suffix: str = "jpg", **more: object
) -> ImageSource:
    footage, files = kept(folder, data, suffix, **more)
    return ImageSource(files[footage.artifact.name], footage, size, 30, 1)


def test_an_image_fills_the_picture_and_moves_a_little_with_every_frame(tmp_path: Path) -> None:
    source = image(tmp_path, photo(), move=Move.PAN, focus_x=0.5)
    lumas = [source.frame(n).planes[0].astype(int) for n in range(30)]
    assert lumas[0].min() > 20  # no black borders
    changed = [float(np.abs(after - before).mean()) for before, after in pairwise(lumas)]
    assert min(changed[8:22]) > 0.05
    assert max(changed) < 12


def test_the_focus_decides_what_is_seen(tmp_path: Path) -> None:
    bright, dark = (image(tmp_path, photo(), focus_x=x, move=Move.IN).frame(29).planes[0].mean() for x in (0.0, 1.0))
    assert bright > dark + 60


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it unpacks to that many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data", [b"", b"hello", photo()[:200], bomb(30_000, 30_000), bomb(300, 300), b"#EXTM3U\nhttp://x/\n"]
)
def test_an_image_that_cannot_be_shown_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(FootageError):
        image(tmp_path, data, suffix="png")


def test_a_clip_begins_anew_at_its_end(tmp_path: Path) -> None:
    footage, files = kept(tmp_path, clip(tmp_path, frames=12), "mp4")
    source = ClipSource(files[footage.artifact.name], footage, (96, 160), 30)
    seen = [source.frame(n).planes[0].copy() for n in range(30)]
    assert np.array_equal(seen[0], seen[12])
    assert np.array_equal(seen[5], seen[17])
    assert not np.array_equal(seen[5], seen[6])


def test_a_clip_begins_where_it_shall(tmp_path: Path) -> None:
    footage, files = kept(tmp_path, clip(tmp_path, frames=30), "mp4", start_s=0.5)
    whole = footage.model_copy(update={"start_s": 0.0})
    path = files[footage.artifact.name]
    later = ClipSource(path, whole, (96, 160), 30)
    at_half = [later.frame(n).planes[0].copy() for n in range(16)][15]
    assert np.abs(ClipSource(path, footage, (96, 160), 30).frame(0).planes[0].astype(int) - at_half).mean() < 1


@pytest.mark.parametrize("data", [b"", b"\0\0\0\x18ftypmp42" + bytes(100), b"#EXTM3U\n"])
def test_a_clip_that_cannot_be_shown_is_refused(tmp_path: Path, data: bytes) -> None:
    footage, files = kept(tmp_path, data, "mp4")
    with pytest.raises(FootageError):
        ClipSource(files[footage.artifact.name], footage, (96, 160), 30).frame(0)


@pytest.mark.parametrize("hybrid", [True, False])
def test_a_scene_with_footage_is_drawn_over_it(tmp_path: Path, hybrid: bool) -> None:
    footage, files = kept(tmp_path, photo(), "jpg")
    asked = spec(duration_ms=300, footage=footage, files=files, hybrid=hybrid, draft=3, watermark=Watermark(text="@me"))
    made = first_good(ProceduralRenderer(), asked, tmp_path / "clip.mp4", lambda *_: None)
    assert (made.clip.look, made.fallbacks) == ("footage", ())


def test_footage_is_repeatable_to_the_byte(tmp_path: Path) -> None:
    footage, files = kept(tmp_path, clip(tmp_path, frames=12), "mp4")
    asked = spec(duration_ms=600, footage=footage, files=files, format=Format.SQUARE, draft=3)
    first, second = (
        ProceduralRenderer().render(asked, tmp_path / f"{n}.mp4", lambda *_: None).path.read_bytes() for n in (1, 2)
    )
    assert first == second


def test_broken_footage_leads_to_a_look_and_the_reason_is_told(tmp_path: Path) -> None:
    data = clip(tmp_path, frames=60)
    broken = data[: len(data) // 3] + bytes(len(data) - len(data) // 3)
    footage, files = kept(tmp_path, broken, "mp4")
    asked = spec(duration_ms=1500, footage=footage, files=files, draft=4)
    made = first_good(ProceduralRenderer(), asked, tmp_path / "clip.mp4", lambda *_: None)
    assert made.clip.look != "footage"
    assert [each.backend.startswith("procedural (footage") for each in made.fallbacks] == [True]


def test_captions_that_leave_the_safe_area_are_set_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpu_consumers.scenes.chain._overflows", lambda spec: spec.caption_style == "punch")
    asked = spec(duration_ms=200, caption_style="punch", draft=4, look="counter")
    made = first_good(ProceduralRenderer(), asked, tmp_path / "clip.mp4", lambda *_: None)
    assert made.spec.caption_style == "clean"


def test_a_renderer_that_always_fails_says_all_it_tried(tmp_path: Path) -> None:
    class Broken(ProceduralRenderer):
        def render(self, *_: object) -> None:  # type: ignore[override]
            raise BackendError("no luck")

    with pytest.raises(BackendError, match=r"no luck.*mesh.*no luck"):
        first_good(Broken(), spec(duration_ms=100), tmp_path / "clip.mp4", lambda *_: None)
