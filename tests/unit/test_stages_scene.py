"""The scene stage on real files: what is drawn, from whose footage, and what the event says where something failed."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from prometheus_client import REGISTRY

from gpu_consumers.stages import scene
from gpu_consumers.workshop import Workshop
from infra import flavors
from infra.flavors import Flavor, VoiceSpec, Watermark
from infra.settings import Settings
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from schemas import ids
from schemas.charts import Chart, ChartValue
from schemas.envelope import Envelope, root
from schemas.footage import Footage
from schemas.scripts import Scene
from schemas.tasks import RenderScene, ScenePart
from schemas.values import Lane, Origin
from schemas.videos import AnomalyFound, SceneRendered
from tests.unit.footage_kit import clip, kept, photo

VIDEO = ids.video_id("a test")
FLAVOR = Flavor(
    name="default", format="1080x1080", draft=4, fps=10, renditions=(180,), voices=(VoiceSpec(backend="silent"),),
    watermark=Watermark(text="@me"),
)  # fmt: skip


class Silent:
    """A producer that nobody listens to."""

    def send(self, *_: object) -> None: ...

    def publish_all(self, *_: object) -> None: ...


@pytest.fixture(autouse=True)
def only_flavor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flavors, "get_flavor", lambda *_: FLAVOR)


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(
        settings=Settings(data_dir=tmp_path), blobs=LocalBlobStore(tmp_path / "media"),
        index=LocalArtifactIndex(tmp_path / "index"), producer=Silent(), name="test",  # type: ignore[arg-type]
    )  # fmt: skip


def asked(footage: Footage | None = None) -> Envelope[RenderScene]:
    wanted = Scene(
        scene_number=1, beat="turn", narration="A cat purrs.", visuals="a cat", duration_s=2, footage=footage
    )
    task = RenderScene(
        video_id=VIDEO, origin=Origin.PERSON, lane=Lane.INTERACTIVE, flavor="default", after_us=1, scene=wanted,
        scene_id=ids.scene_id(VIDEO, 1, 1), scene_count=2, title="Cats", language="en", seed=5,
    )  # fmt: skip
    return root(task, source="/test")


def rendered(shop: Workshop, cause: Envelope[RenderScene]) -> SceneRendered:
    found = [event.data for event in scene.work(shop, cause) if isinstance(event.data, SceneRendered)]
    assert len(found) == 1
    return found[0]


def placed(number: int, count: int, first_number: int | None = None) -> Envelope[RenderScene]:
    """The same scene at another place, in another revision."""
    cause = asked()
    there = {"scene_number": number, "first_number": first_number}
    scene_ = cause.data.scene.model_copy(update=there)
    return root(cause.data.model_copy(update={"scene": scene_, "scene_count": count}), source="/test")


def test_a_scene_that_is_moved_between_others_costs_no_picture(shop: Workshop) -> None:
    first = rendered(shop, placed(2, 4))
    assert not first.reused
    for cause in (placed(3, 4, 2), placed(2, 9), placed(8, 9, 2)):
        again = rendered(shop, cause)
        assert again.reused and again.clip == first.clip
    # at an end it is another picture
    for cause in (placed(1, 4, 2), placed(4, 4, 2)):
        again = rendered(shop, cause)
        assert not again.reused and again.clip != first.clip


def test_a_scene_has_its_renditions_and_passes_on_what_the_assembly_needs(shop: Workshop) -> None:
    made = rendered(shop, asked())
    (small,) = made.renditions
    with av.open(str(shop.blobs.path(small.artifact.name))) as container:
        assert (container.streams.video[0].width, small.width, small.height) == (180, 180, 180)
    assert (made.footage, made.fallbacks, made.seed, made.backend) == (None, (), 5, "procedural")
    part = ScenePart.model_validate(made.model_dump())
    assert (part.look, part.seed, part.renditions) == (made.look, 5, made.renditions)


def test_a_chart_is_drawn_where_other_scenes_are_generated(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a flavor whose scenes come from a model, and a scene that tells figures
    monkeypatch.setattr(flavors, "get_flavor", lambda *_: FLAVOR.model_copy(update={"scene_backend": "ltx"}))
    figures = tuple(
        ChartValue(label=label, text=f"{value} mm", value=value) for label, value in (("May", 3), ("June", 9))
    )
    task = asked().data
    shown = task.scene.model_copy(update={"chart": Chart(values=figures), "narration": "May, 3 mm; June, 9 mm."})
    # When
    made = rendered(shop, root(task.model_copy(update={"scene": shown}), source="/test"))
    # Then nothing was tried before, and no library was asked
    assert (made.look, made.backend, made.fallbacks, made.footage) == ("chart", "procedural", (), None)


def test_its_pictures_are_measured_and_a_reused_scene_has_the_same_figures(shop: Workshop) -> None:
    first, again = rendered(shop, asked()), rendered(shop, asked())
    assert first.quality is not None and first.quality == again.quality and again.reused
    assert first.quality.sharpness > 0 and first.quality.frames >= 5
    assert first.quality.width > first.renditions[0].width, "of the whole pictures, while they are drawn"


def test_a_scene_that_is_far_off_what_is_usual_is_told_with_its_cause(shop: Workshop) -> None:
    # given a process that has seen scenes of this kind that were cheap and soft
    cause = asked()
    made = rendered(shop, cause)
    assert made.quality is not None
    for number in range(40):
        soft = made.quality.model_copy(update={"sharpness": made.quality.sharpness / 20})
        shop.alerts.judged(made.model_copy(update={"quality": soft, "seed": number, "reused": False}))
    # when one is drawn anew
    for entry in (shop.settings.data_dir / "index").rglob("*.json"):
        entry.unlink()
    *_, scene_event, alert = scene.work(shop, cause)
    # then an alert follows it
    assert isinstance(scene_event.data, SceneRendered) and isinstance(alert.data, AnomalyFound)
    assert "sharpness" in {one.figure for one in alert.data.outliers}
    assert alert.causation_id == scene_event.causation_id and alert.data.ts_us > scene_event.data.ts_us
    assert alert.data.scene_id == scene_event.data.scene_id


@pytest.mark.parametrize("kind", ["image", "clip"])
def test_its_own_footage_is_shown(shop: Workshop, tmp_path: Path, kind: str) -> None:
    data, suffix = (photo(), "jpg") if kind == "image" else (clip(tmp_path), "mp4")
    shop.blobs.put_bytes(data, suffix)
    footage, _ = kept(tmp_path, data, suffix, credit="Ada")
    made = rendered(shop, asked(footage))
    assert (made.look, made.footage, made.fallbacks) == ("footage", footage, ())
    again = rendered(shop, asked(footage))
    assert again.clip == made.clip


def test_footage_that_is_gone_or_broken_is_told_and_a_look_takes_its_place(shop: Workshop, tmp_path: Path) -> None:
    gone, _ = kept(tmp_path, photo(), "jpg")
    without = rendered(shop, asked(gone))
    broken_bytes = photo()[:300]
    shop.blobs.put_bytes(broken_bytes, "jpg")
    broken, _ = kept(tmp_path, broken_bytes, "jpg")
    second = rendered(shop, asked(broken))
    for made in (without, second):
        assert made.footage is None
        assert made.look != "footage"
        assert len(made.fallbacks) == 1
    assert "cannot be read" in second.fallbacks[0].reason


def test_what_had_to_be_made_another_way_or_came_too_late_is_counted(shop: Workshop, tmp_path: Path) -> None:
    def counted() -> list[float]:
        fallbacks = REGISTRY.get_sample_value("swipestream_fallbacks_total", {"stage": "scene", "backend": "footage"})
        late = REGISTRY.get_sample_value("swipestream_scenes_late_total", {"lane": "interactive"})
        return [fallbacks or 0.0, late or 0.0]

    gone, _ = kept(tmp_path, photo(), "jpg")
    cause, before = asked(gone), counted()
    scene.work(shop, cause)
    assert counted() == [before[0] + 1, before[1]]
    # one that was due long ago is late, and what is only found again is no new fallback
    due = root(cause.data.model_copy(update={"deadline_us": 1}), source="/test")
    scene.work(shop, due)
    assert counted()[1] == before[1] + 1


def test_a_voice_that_was_given_up_is_counted_when_it_is_and_not_when_its_words_are_found_again(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a flavor whose first voice has no weights
    voices = (VoiceSpec(backend="piper", model=str(tmp_path / "none.onnx")), VoiceSpec(backend="silent"))
    monkeypatch.setattr(flavors, "get_flavor", lambda *_: FLAVOR.model_copy(update={"voices": voices}))

    def counted() -> float:
        labels = {"stage": "voice", "backend": "piper"}
        return REGISTRY.get_sample_value("swipestream_fallbacks_total", labels) or 0.0

    before = counted()
    for _ in range(2):
        scene.work(shop, asked())
        assert counted() == before + 1
