"""Stretches: half a second that stands still or is black is seen, whatever key frames fall into it; calm ones pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.assembly.stretches import FOOTAGE_S, Look, Stretches, unmoved
from gpu_consumers.errors import QualityError
from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import BLACK, Rgb
from gpu_consumers.picture.encode import ClipWriter
from gpu_consumers.picture.looks import LOOKS
from gpu_consumers.picture.painter import Painter
from gpu_consumers.picture.renderer import ProceduralRenderer
from gpu_consumers.ports import Clip, Progress, SceneSpec
from gpu_consumers.scenes.chain import first_good
from schemas.footage import Footage, FootageKind
from schemas.values import Artifact
from tests.unit.picture_kit import small_clip, spec


def clip(path: Path, held: range, *, frames: int = 100, black: bool = False) -> Path:
    """A square that moves over a soft picture, but for the frames that are held."""
    canvas, soft = Canvas.blank(96, 160), np.add.outer(np.arange(160), np.arange(96)).astype(np.uint8) // 2 + 40
    with ClipWriter(path, 96, 160, 30) as writer:
        for frame in range(frames):
            shown = held.start if frame in held else frame
            canvas.fill(BLACK)  # its colours too: what is on a new canvas is undefined
            canvas.planes[0][:] = soft
            canvas.fill(Rgb(250, 200, 40), 2 * (shown % 31), 40, 30, 30)
            if black and frame in held:
                canvas.fill(BLACK)
            writer.write(canvas)
    return path


@pytest.mark.parametrize("start", [12, 20, 52, 66, 83])
def test_half_a_second_that_stands_still_is_seen(tmp_path: Path, start: int) -> None:
    # given a clip that stands still for 15 frames, some with a key frame among them
    (failure,) = unmoved(clip(tmp_path / "a.mp4", range(start, start + 15)))
    # then it is told where
    assert failure.gate == "frozen" and failure.at_s is not None
    assert start <= failure.at_s * 30 <= start + 15


@pytest.mark.parametrize("start", [20, 52])
def test_half_a_second_of_black_is_seen(tmp_path: Path, start: int) -> None:
    found = unmoved(clip(tmp_path / "a.mp4", range(start, start + 15), black=True))
    assert "black" in {failure.gate for failure in found}


@pytest.mark.parametrize("start", [20, 52])
def test_a_blink_is_none(tmp_path: Path, start: int) -> None:
    assert unmoved(clip(tmp_path / "a.mp4", range(start, start + 7))) == []
    assert unmoved(clip(tmp_path / "b.mp4", range(start, start + 5), black=True)) == []


def test_footage_may_rest_for_a_while(tmp_path: Path) -> None:
    resting = clip(tmp_path / "a.mp4", range(20, 50))
    assert unmoved(resting, least_s=FOOTAGE_S) == []
    assert unmoved(small_clip(tmp_path / "b.mp4", 90, moving=False), least_s=FOOTAGE_S) != []


@pytest.mark.parametrize("said", ["Well.", "8,336,912"])
@pytest.mark.parametrize("look", sorted(LOOKS))
def test_no_look_is_so_calm(tmp_path: Path, look: str, said: str) -> None:
    # given a scene in which little is said, or one word that takes seconds, in any look
    calm = spec(look=look, duration_ms=4000, narration=said, heading="Well", draft=3)
    made = ProceduralRenderer().render(calm, tmp_path / "a.mp4", lambda *_: None)
    # then none of its moments is taken for a fault
    assert made.faults == ()


@pytest.mark.parametrize("stop", [18, 40])
def test_what_is_drawn_is_looked_at_frame_by_frame(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stop: int) -> None:
    # given a painter that stops at some frame
    paint = Painter.paint
    monkeypatch.setattr(Painter, "paint", lambda self, frame: paint(self, min(frame, stop)))
    made = ProceduralRenderer().render(
        spec(duration_ms=2000, look="mesh", draft=3), tmp_path / "a.mp4", lambda *_: None
    )
    # then the clip says so, and from when on
    assert made.faults is not None
    (fault,) = made.faults
    assert fault.gate == "frozen" and fault.at_s is not None and stop <= fault.at_s * 30 <= stop + 15


class Stuck:
    """Draws with a fault wherever there is no look that is asked for."""

    name = ProceduralRenderer.name

    def fingerprint(self) -> str:
        return "stuck"

    def render(self, spec: SceneSpec, out: Path, progress: Progress) -> Clip:
        clip(out, range(20, 36) if spec.look is None else range(0))
        faults = None if spec.footage else tuple(unmoved(out))
        return Clip(path=out, frames=100, look=spec.look or "stuck", details={}, faults=faults)


def test_a_scene_that_stands_still_for_a_moment_is_drawn_in_another_way(tmp_path: Path) -> None:
    made = first_good(Stuck(), spec(), tmp_path / "a.mp4", lambda *_: None)
    assert made.clip.look == "mesh"
    assert ["frozen" in each.reason for each in made.fallbacks] == [True, True]


def test_with_footage_that_rests_it_is_not(tmp_path: Path) -> None:
    view = Artifact(sha256="0" * 64, suffix="png", media_type="image/png", size=1)
    shown = Footage(artifact=view, kind=FootageKind.IMAGE)
    made = first_good(Stuck(), spec(footage=shown), tmp_path / "a.mp4", lambda *_: None)
    assert made.fallbacks == ()


def test_a_fault_that_goes_through_every_way_is_told(tmp_path: Path) -> None:
    class Frozen(Stuck):
        def render(self, spec: SceneSpec, out: Path, progress: Progress) -> Clip:
            return Clip(path=small_clip(out, 60, moving=False), frames=60, look="stuck", details={})

    with pytest.raises(QualityError, match=r"stands still from 0\.0 s"):
        first_good(Frozen(), spec(), tmp_path / "a.mp4", lambda *_: None)


@given(still=st.lists(st.booleans(), min_size=1, max_size=60), least=st.integers(1, 9))
def test_it_is_told_exactly_of_runs_that_last(still: list[bool], least: int) -> None:
    # given frames an eighth of a second apart, each as the one before or not
    levels = np.cumsum([0 if same else 7 for same in still]) % 100 + 60
    looks = [Look(n / 8, np.full((4, 4), level, np.int16)) for n, level in enumerate(levels)]
    runs, begun = [], 0
    for n in range(1, len(still) + 1):
        if n == len(still) or not still[n]:
            runs.append(n - 1 - begun)
            begun = n
    # then there is one failure for each run that is long enough
    seen = Stretches(least / 8)
    assert sum(len(seen.see(look)) for look in looks) == sum(run >= least for run in runs)
