"""The assembly stage on real files: what is published is whole, signed and the same again; what fails its gates is made
once more, and what fails twice is kept for those who look for the reason."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import pytest

from gpu_consumers.assembly.gates import Expected, failures
from gpu_consumers.assembly.track import decoded
from gpu_consumers.errors import BackendMissingError
from gpu_consumers.picture.colour import BLACK
from gpu_consumers.picture.renderer import ProceduralRenderer
from gpu_consumers.ports import Failure
from gpu_consumers.provenance.verify import verify
from gpu_consumers.scenes.chain import first_good
from gpu_consumers.stages import assembly, wav
from gpu_consumers.stages.drawing import kept_as
from gpu_consumers.stages.joining import RejectedVideoError
from gpu_consumers.stages.redo import drawn_again, faulty, other_seed, redrawn
from gpu_consumers.stages.specs import BREATH_MS, scene_spec
from gpu_consumers.voice.chain import VoiceChain
from gpu_consumers.workshop import Workshop
from infra import flavors
from infra.errors import NotFoundError
from infra.flavors import Flavor
from infra.settings import Settings
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from infra.storage.damage import VerifiedBlobStore
from schemas import ids
from schemas.charts import Chart, ChartValue
from schemas.envelope import Envelope, root
from schemas.scripts import Scene, Script
from schemas.tasks import AssembleVideo, ScenePart
from schemas.values import Artifact, Lane, Origin
from schemas.videos import VideoPublished
from schemas.works import Cost
from tests.unit.picture_kit import speech

FLAVOR = Flavor(name="default", format="1080x1080", draft=3, fps=15, renditions=(180,), looks=("counter", "hills"))
VIDEO = ids.video_id("a test")
CHART = Chart(values=(ChartValue(label="Rent", text="1", value=1), ChartValue(label="Food", text="2", value=2)))


@dataclass
class Silent:
    """A producer that nobody listens to."""

    def send(self, *_: object) -> None: ...

    def publish_all(self, *_: object) -> None: ...


@pytest.fixture(autouse=True)
def only_flavor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flavors, "get_flavor", lambda *_: FLAVOR)


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return made_shop(tmp_path)


def made_shop(folder: Path) -> Workshop:
    folder.mkdir(exist_ok=True)
    return Workshop(
        settings=Settings(data_dir=folder), blobs=LocalBlobStore(folder / "media"),
        index=LocalArtifactIndex(folder / "index"), producer=Silent(), name="test",  # type: ignore[arg-type]
    )  # fmt: skip


SCRIPT = Script(
    title="Why do cats purr?", subject="cats", archetype="explainer",
    scenes=tuple(
        Scene(
            scene_number=n, beat="turn", narration="Hello there.", visuals="a", on_screen_text=f"Part {n}", duration_s=2
        )
        for n in (1, 2)
    ),
)  # fmt: skip


def part(shop: Workshop, scene: Scene, clip: Artifact | None = None) -> ScenePart:
    said = speech(1.6)
    spec = scene_spec(
        scene, scene_count=2, title=SCRIPT.title, language="en", flavor=FLAVOR, words=said.words,
        spoken_ms=said.duration_ms, seed=ids.scene_seed(VIDEO, scene.scene_number),
    )  # fmt: skip
    path = shop.settings.data_dir / f"{scene.scene_number}.mp4"
    drawn = kept_as(shop, first_good(ProceduralRenderer(), spec, path, lambda *_: None), "procedural")
    values = {name: value for name, value in dict(drawn).items() if name in ScenePart.model_fields}
    if clip:
        values |= {"clip": clip, "renditions": ()}
    return ScenePart(
        scene_id=ids.scene_id(VIDEO, 1, scene.scene_number), scene_number=scene.scene_number, words=said.words,
        audio=shop.blobs.put_bytes(wav.encode(said), "wav"), duration_ms=spec.frames * 1000 // FLAVOR.fps, **values,
    )  # fmt: skip


def task(shop: Workshop, *clips: Artifact | None, revision: int = 1) -> Envelope[AssembleVideo]:
    given = clips or (None, None)
    parts = tuple(part(shop, scene, clip) for scene, clip in zip(SCRIPT.scenes, given, strict=True))
    data = AssembleVideo(
        video_id=VIDEO, revision=revision, origin=Origin.PERSON, lane=Lane.INTERACTIVE, flavor="default", after_us=1,
        script=SCRIPT, parts=parts, cost=Cost(), asked_us=1_795_000_000_000_000,
    )  # fmt: skip
    return root(data, source="/test")


def published(shop: Workshop, cause: Envelope[AssembleVideo]) -> VideoPublished:
    (made,) = assembly.work(shop, cause)
    assert isinstance(made.data, VideoPublished)
    return made.data


def size(path: Path) -> tuple[int, int, int, int]:
    """(width, height, frames, number of streams); a third stream names the chapters."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        return video.width, video.height, video.frames, len(container.streams)


def test_what_is_published_is_whole(shop: Workshop) -> None:
    made = published(shop, task(shop))
    path = shop.blobs.path(made.video.name)
    frames = size(path)[2]
    # the whole video, once more smaller, and three seconds of that without sound
    (small,) = made.renditions
    assert size(path) == (360, 360, frames, 3)
    assert size(shop.blobs.path(small.artifact.name)) == (180, 180, frames, 3)
    assert made.preview is not None and made.chapters is not None
    preview = size(shop.blobs.path(made.preview.name))
    assert preview[:2] == (180, 180) and 40 <= preview[2] <= 45 and preview[3] == 1
    assert (
        shop.blobs.path(made.chapters.name).read_text().startswith("WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.867\nPart 1")
    )
    assert made.fallbacks == ()
    # and each of the three files says where it comes from
    for each in (made.video, small.artifact, made.preview):
        found = verify(shop.blobs.path(each.name))
        assert (found.state, found.development) == ("valid", True)
        assert found.made is not None and found.made.video_id == VIDEO
        assert [scene.seed for scene in found.made.scenes] == [ids.scene_seed(VIDEO, n) for n in (1, 2)]


def test_a_signed_video_passes_every_gate(shop: Workshop) -> None:
    made = published(shop, task(shop))
    path = shop.blobs.path(made.video.name)
    assert failures(path, Expected(width=360, height=360, fps=15, frames=size(path)[2])) == []


def test_another_picture_costs_no_sound(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a published video, and its second scene drawn differently
    cause = task(shop)
    first = published(shop, cause)
    changed = part(shop, SCRIPT.scenes[1].model_copy(update={"on_screen_text": "Another part"}))
    parts = (cause.data.parts[0], changed)
    other = replace(cause, data=cause.data.model_copy(update={"revision": 2, "parts": parts}))
    # when it is assembled where no sound can be mixed
    with monkeypatch.context() as patch:
        patch.setattr("gpu_consumers.assembly.soundtrack.mix", lambda *_: pytest.fail("mixed again"))
        made = published(shop, other)
    # then it sounds the same
    heard = [decoded(shop.blobs.path(each.video.name)) for each in (first, made)]
    assert first.video != made.video and np.array_equal(*heard)
    # and once its sound is swept away, it is mixed again to the same bytes
    for sound in (shop.settings.data_dir / "media").rglob("*.m4a"):
        sound.unlink()
    again = replace(other, data=other.data.model_copy(update={"asked_us": 1_795_000_000_000_001}))
    assert np.array_equal(decoded(shop.blobs.path(published(shop, again).video.name)), heard[0])


def test_made_again_without_any_cache_it_is_the_same_to_the_byte(tmp_path: Path) -> None:
    # given two stores that share only who signs
    shops = [made_shop(tmp_path / name) for name in ("one", "two")]
    first = published(shops[0], task(shops[0]))
    (tmp_path / "two" / "credentials").mkdir()
    for file in (tmp_path / "one" / "credentials").glob("development.*"):
        (tmp_path / "two" / "credentials" / file.name).write_bytes(file.read_bytes())
    # when
    second = published(shops[1], task(shops[1], revision=2))
    # then
    assert (first.video, first.preview, first.renditions) == (second.video, second.preview, second.renditions)


def test_a_scene_that_is_black_is_drawn_again_with_another_seed(shop: Workshop) -> None:
    # given a second scene whose clip is black
    whole = task(shop)
    frames = size(shop.blobs.path(whole.data.parts[1].clip.name))[2]
    dark = blackened(shop, whole.data.parts[1], frames)
    # when
    made = published(shop, task(shop, None, dark))
    # then it is published, and says so
    assert [each.reason.partition(":")[0] for each in made.fallbacks] == ["black"]
    found = verify(shop.blobs.path(made.video.name)).made
    assert found is not None
    seeds = [ids.scene_seed(VIDEO, n) for n in (1, 2)]
    assert [scene.seed for scene in found.scenes] == [seeds[0], other_seed(seeds[1])]


def test_what_fails_twice_is_not_published_and_is_kept(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a gate that never opens
    monkeypatch.setattr(
        "gpu_consumers.stages.joining.failures", lambda *_: [Failure("loudness", "-30.0 LUFS instead of -14")]
    )
    # when
    with pytest.raises(RejectedVideoError, match="loudness") as caught:
        assembly.work(shop, task(shop))
    # then
    report, video = caught.value.debug
    tries = json.loads(shop.blobs.path(report.name).read_text())["tries"]
    assert [each["seed"] for each in tries] == [ids.seed(VIDEO), other_seed(ids.seed(VIDEO))]
    assert size(shop.blobs.path(video.name))[:2] == (360, 360)


@pytest.mark.parametrize(
    ("wrong", "scenes"),
    [
        ([Failure("loudness", "")], set()),
        ([Failure("black", "", 0.5)], {1}),
        ([Failure("black", "", 2.0)], {2}),
        ([Failure("black", "", 3.0), Failure("silence", "")], {2}),
        ([Failure("duration", "")], {1, 2}),
    ],
)
def test_only_the_scenes_at_fault_are_drawn_again(wrong: list[Failure], scenes: set[int]) -> None:
    blank = Artifact(sha256="0" * 64, suffix="mp4", media_type="video/mp4", size=1)
    parts = [
        ScenePart(scene_id=VIDEO, scene_number=n, clip=blank, audio=None, words=(), duration_ms=2000) for n in (1, 2)
    ]
    assert faulty(parts, wrong) == scenes


@pytest.mark.parametrize("damaged", [True, False])
def test_what_was_lost_of_a_scene_is_made_again_as_it_was(tmp_path: Path, damaged: bool) -> None:
    # given a video whose second scene was spoken and drawn, and lost its files; or on whose disk bits have flipped
    shop = replace(made_shop(tmp_path), blobs=VerifiedBlobStore(tmp_path / "media"))
    cause = task(shop)
    said = VoiceChain.of(FLAVOR).speak(SCRIPT.scenes[1].narration, language="en").speech
    spoken = {"audio": shop.blobs.put_bytes(wav.encode(said), "wav"), "words": said.words}
    first, second = cause.data.parts
    second = second.model_copy(update=spoken | {"duration_ms": said.duration_ms + BREATH_MS})
    second = redrawn_with(shop, cause.data, second)
    cause = replace(cause, data=cause.data.model_copy(update={"parts": (first, second)}))
    files = [second.clip, second.audio, *(small.artifact for small in second.renditions)]
    for file in files:
        path = shop.blobs.path(file.name)
        path.write_bytes(b"x" + path.read_bytes()[1:]) if damaged else path.unlink()
    # when it is put together, by a process that has not looked at them yet
    shop = replace(shop, blobs=VerifiedBlobStore(tmp_path / "media"))
    video = published(shop, cause)
    # then it is published, and they are there again, bit for bit
    assert shop.blobs.exists(video.video) and all(map(shop.blobs.exists, files))


def redrawn_with(shop: Workshop, asked: AssembleVideo, changed: ScenePart) -> ScenePart:
    return drawn_again(shop, asked, FLAVOR, changed, SCRIPT.scenes[changed.scene_number - 1], changed.seed)


def test_a_narration_that_no_voice_says_again_stays_lost(shop: Workshop) -> None:
    cause = task(shop)
    audio = cause.data.parts[0].audio
    assert audio
    shop.blobs.path(audio.name).unlink()
    with pytest.raises(NotFoundError, match=audio.name):
        assembly.work(shop, cause)


def blackened(shop: Workshop, like: ScenePart, frames: int) -> Artifact:
    from gpu_consumers.picture.canvas import Canvas
    from gpu_consumers.picture.encode import ClipWriter

    path = shop.settings.data_dir / "black.mp4"
    canvas = Canvas.blank(360, 360)
    with ClipWriter(path, 360, 360, 15) as writer:
        for _ in range(frames):
            canvas.fill(BLACK)
            writer.write(canvas)
    assert like.duration_ms == frames * 1000 // 15
    return shop.blobs.put_file(path, "mp4")


@pytest.mark.parametrize(
    ("able", "chart", "by"), [(True, None, "model"), (False, None, "procedural"), (True, CHART, "procedural")]
)
def test_it_is_drawn_again_by_what_draws_such_a_scene(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, able: bool, chart: Chart | None, by: str
) -> None:
    # given a flavor whose scenes are drawn by a model, which may be missing here
    class Model(ProceduralRenderer):
        name = "model"

    def renderer(name: str, *_: object, draft: bool = False) -> ProceduralRenderer:
        if name == "model" and not able:
            raise BackendMissingError("there is no device")
        return Model() if name == "model" else ProceduralRenderer()

    monkeypatch.setattr("gpu_consumers.stages.redo.backends.renderer", renderer)
    cause = task(shop)
    scenes = (SCRIPT.scenes[0], SCRIPT.scenes[1].model_copy(update={"chart": chart}))
    data = cause.data.model_copy(update={"script": SCRIPT.model_copy(update={"scenes": scenes})})
    # when its second scene is at fault
    flavor = FLAVOR.model_copy(update={"scene_backend": "model"})
    first, second = redrawn(shop, data, flavor, [Failure("black", "", 2.5)])
    # then that one alone is drawn again, by the model or else on the CPU, which alone draws charts
    assert first == cause.data.parts[0]
    assert second.backend == by
    assert second.seed == other_seed(cause.data.parts[1].seed)
