"""Real pipelines with random weights, through the renderer, the turnstile and the scene stage."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from gpu_consumers import backends
from gpu_consumers.errors import BackendMissingError
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.generation.swaps import swap
from gpu_consumers.ports import SceneSpec, Urgency
from gpu_consumers.stages import scene
from gpu_consumers.workshop import Workshop
from infra import flavors
from infra.settings import Settings
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from schemas import ids
from schemas.base import now_us
from schemas.envelope import Envelope, root
from schemas.scripts import Scene
from schemas.tasks import RenderScene
from schemas.values import Lane, Origin
from schemas.videos import SceneRendered
from tests.models.pipelines_kit import PIPELINES, every_kind, write_flavor, write_manifest
from tests.unit.picture_kit import spec

#: diffusers 0.39 hands a tensor to numpy 2 in a way that numpy is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

TIMEOUT = 60
INTERACTIVE, BULK = Urgency(lane=Lane.INTERACTIVE), Urgency(lane=Lane.BULK)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("models")
    for name in PIPELINES:
        write_flavor(name, folder / "flavors")
    return every_kind(folder)


@pytest.fixture(autouse=True)
def _settings(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flavors, "settings", lambda: config)


def renderer(name: str, config: Settings, urgency: Urgency = INTERACTIVE) -> DiffusersRenderer:
    found = backends.renderer(name, config, urgency)
    assert isinstance(found, DiffusersRenderer)
    return found


def small(seed: int = 7, duration_ms: int = 1000) -> SceneSpec:
    return spec(duration_ms=duration_ms, draft=6, seed=seed)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT
    while not true() and time.monotonic() < end:
        time.sleep(0.005)


def quiet(_part: float, _picture: bytes | None) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("name", PIPELINES)
def test_a_scene_is_a_clip_of_the_videos_size_and_length_and_the_same_each_time(
    name: str, config: Settings, tmp_path: Path
) -> None:
    told: list[float] = []
    clip = renderer(name, config).render(small(), tmp_path / "a.mp4", lambda part, _: told.append(part))
    with av.open(str(clip.path)) as film:
        video = film.streams.video[0]
        assert (video.width, video.height, sum(1 for _ in film.decode(video))) == (180, 320, 30)
    assert told == sorted(told) and told[-1] == 1.0
    again = renderer(name, config).render(small(), tmp_path / "b.mp4", quiet)
    other = renderer(name, config).render(small(seed=8), tmp_path / "c.mp4", quiet)
    assert clip.path.read_bytes() == again.path.read_bytes() != other.path.read_bytes()
    work = clip.details["work"]
    assert (work.model, work.steps, work.preemptions, work.device) == (name, 4, 0, "cpu")
    assert work.step_s > 0 and work.decode_s > 0 and clip.details["gpu_seconds"] >= 4 * work.step_s * 0.5


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("where", ["in the denoising", "in the decoding"])
def test_a_clip_that_gave_way_is_bit_for_bit_the_clip_that_it_would_have_been(
    name: str, where: str, config: Settings, tmp_path: Path
) -> None:
    # given clips made undisturbed, long enough that Wan's VAE decodes five pieces, each with frames of the one before
    alone = [renderer(name, config).render(small(seed, 2000), tmp_path / f"{seed}.mp4", quiet) for seed in (1, 2)]
    device = backends.device(config)
    reached, ended = threading.Event(), []
    calls = {"count": 0}

    def gate(*_: Any) -> None:
        """Hold the first clip at its second step (or piece) until something urgent waits."""
        calls["count"] += 1
        if calls["count"] == 2:
            reached.set()
            until(lambda: len(device.turnstile._places) == 2)

    pipe = device.pipe(name)
    module = pipe.vae.decoder if where == "in the decoding" else getattr(pipe, "transformer", None) or pipe.unet

    def run(seed: int, urgency: Urgency) -> Any:
        clip = renderer(name, config, urgency).render(small(seed, 2000), tmp_path / f"{seed}-again.mp4", quiet)
        ended.append(seed)
        return clip

    hook = module.register_forward_hook(gate)
    if where == "in the decoding" and name == "tiny-ltx":
        hook.remove()
        pytest.skip("its VAE decodes in one piece")
    try:
        with ThreadPoolExecutor(2) as pool:
            bulk = pool.submit(run, 1, BULK)
            assert reached.wait(TIMEOUT)
            urgent = pool.submit(run, 2, INTERACTIVE)
            clips = [bulk.result(TIMEOUT), urgent.result(TIMEOUT)]
    finally:
        hook.remove()
    # then the urgent one was made in between, and both are what they were
    assert clips[0].details["work"].preemptions >= 1
    assert [clip.path.read_bytes() for clip in clips] == [clip.path.read_bytes() for clip in alone]


def test_equal_scenes_in_flight_are_made_once_and_paid_for_once(config: Settings, tmp_path: Path) -> None:
    device, name = backends.device(config), "tiny-wan"
    begun = threading.Event()

    def hold(_part: float, _picture: bytes | None) -> None:
        begun.set()
        until(lambda: [job.askers for job in device.turnstile._scheduler._jobs.values()] != [1])

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(renderer(name, config, BULK).render, small(9), tmp_path / "1.mp4", hold)
        assert begun.wait(TIMEOUT)
        second = pool.submit(renderer(name, config).render, small(9), tmp_path / "2.mp4", quiet)
        clips = [first.result(TIMEOUT), second.result(TIMEOUT)]
    assert clips[0].path.read_bytes() == clips[1].path.read_bytes()
    assert [clip.details["gpu_seconds"] > 0 for clip in clips] == [True, False]
    assert clips[1].details["work"] is None


@pytest.mark.parametrize("name", ["tiny-ltx", "tiny-wan"])
def test_a_prompt_is_encoded_once_and_the_clip_is_the_same(name: str, config: Settings, tmp_path: Path) -> None:
    # given a device that has encoded nothing yet
    device, calls = Device(config), []
    model = manifest(name, config)
    device.pipe(name).text_encoder.register_forward_hook(lambda *_: calls.append(1))
    # when a scene is made twice, then with another seed, then with another prompt
    other = replace(small(), scene=small().scene.model_copy(update={"visuals": "a dog"}))
    clips, counts = [], []
    for spec_ in (small(), small(), small(8), other):
        clips.append(DiffusersRenderer(device, model, config).render(spec_, tmp_path / "a.mp4", quiet))
        clips[-1] = clips[-1].path.read_bytes()
        counts.append(len(calls))
    # then only the other prompt was encoded anew
    assert counts[0] == counts[1] == counts[2] < counts[3]
    assert clips[0] == clips[1] and len(set(clips)) == 3


class Silent:
    """A producer that keeps what is published."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def send(self, _progress: Envelope[Any]) -> None:
        """Progress is of no interest here."""

    def publish_all(self, envelopes: list[tuple[Envelope[Any], str | None]]) -> None:
        self.events += [envelope.data for envelope, _ in envelopes]


@pytest.fixture
def shop(config: Settings, tmp_path: Path) -> Workshop:
    return Workshop(
        settings=config, blobs=LocalBlobStore(tmp_path / "media"), index=LocalArtifactIndex(tmp_path / "artifacts"),
        producer=Silent(), name="test",  # type: ignore[arg-type]
    )  # fmt: skip


def rendered(
    shop: Workshop, flavor: str, model: str | None = None, seed: int = 5, *, draft: bool = False
) -> SceneRendered:
    video = ids.video_id(f"{flavor}-{model}-{seed}")
    told = Scene(scene_number=1, beat="hook", narration="Cats purr.", visuals="a purring cat", duration_s=1)
    task = RenderScene(
        video_id=video, origin=Origin.PERSON, lane=Lane.INTERACTIVE, flavor=flavor, after_us=now_us(),
        scene_id=ids.scene_id(video, 1, 1), scene=told, scene_count=1, title="Cats", language="en", seed=seed,
        model=model, draft=draft,
    )  # fmt: skip
    (made,) = (event.data for event in scene.work(shop, root(task, source="/test")) if event.type == "SceneRendered")
    assert isinstance(made, SceneRendered)
    return made


def test_the_flavor_decides_which_model_draws_and_the_event_tells_what_it_took(shop: Workshop) -> None:
    first = rendered(shop, "tiny-ltx")
    assert (first.backend, first.model, first.look, first.fallbacks) == ("diffusers", "tiny-ltx", "generated", ())
    assert first.work is not None and first.work.accelerator == "eager" and first.cost.gpu_seconds > 0
    assert first.cost.amount >= first.cost.gpu_seconds * shop.settings.price_gpu_second
    # and its figures are those of the model's own frames, before they are enlarged and written on
    assert first.quality is not None and first.quality.sharpness > 0
    assert (first.quality.width, first.quality.height, first.quality.frames) == (32, 64, first.work.frames)
    # and once it is made it is reused
    again = rendered(shop, "tiny-ltx")
    assert (again.clip, again.reused, again.cost.gpu_seconds, again.work) == (first.clip, True, 0.0, None)
    assert again.quality == first.quality


def test_a_task_may_name_another_model(shop: Workshop) -> None:
    assert rendered(shop, "tiny-ltx", model="tiny-svd").model == "tiny-svd"
    assert rendered(shop, "tiny-ltx", model="procedural").backend == "procedural"


def test_a_model_without_weights_falls_back_and_says_why_unless_it_was_asked_for(
    shop: Workshop, config: Settings, tmp_path: Path
) -> None:
    write_manifest("tiny-ltx", tmp_path / "nowhere", config.model_dirs[0].parent / "others")
    found = config.model_dirs[0].parent / "models" / "gone"
    found.mkdir()
    (found / "model.yaml").write_text((config.model_dirs[0].parent / "others/tiny-ltx/model.yaml").read_text())
    write_flavor("gone", config.flavor_dirs[0])
    drawn = rendered(shop, "gone")
    assert (drawn.backend, drawn.fallbacks[0].backend) == ("procedural", "gone")
    assert "the weights of gone are not on this machine" in drawn.fallbacks[0].reason
    with pytest.raises(BackendMissingError, match="not on this machine"):
        rendered(shop, "tiny-ltx", model="gone")


def test_a_draft_takes_few_steps_and_the_full_one_is_another_clip(shop: Workshop, config: Settings) -> None:
    root_of = config.model_dirs[0].parent
    write_manifest("tiny-ltx", root_of / "weights" / "tiny-ltx", root_of / "drafts", draft_steps=1)
    found = root_of / "models" / "quick"
    found.mkdir()
    (found / "model.yaml").write_text((root_of / "drafts/tiny-ltx/model.yaml").read_text())
    write_flavor("quick", config.flavor_dirs[0], draft_first=True, scene_backend="quick")
    # when a scene is made as a draft, then in full
    draft, full = rendered(shop, "quick", draft=True), rendered(shop, "quick")
    # then the draft took one step of four
    assert draft.work is not None and full.work is not None
    assert (draft.work.steps, full.work.steps, full.reused) == (1, 4, False)
    assert draft.clip != full.clip and draft.duration_ms == full.duration_ms
    # and the full one says how like its draft it is; the draft has nothing to be compared with
    assert draft.quality is not None and full.quality is not None
    assert (draft.quality.reference, draft.quality.psnr_db, full.quality.reference) == (None, None, "draft")
    assert full.quality.psnr_db is not None and 0 < full.quality.psnr_db < 100
    assert full.quality.ssim is not None and full.quality.ssim < 1
    # and a model whose manifest says nothing of drafts draws them
    assert rendered(shop, "tiny-wan", draft=True).backend == "procedural"


def test_a_model_is_swapped_under_load_and_no_scene_is_lost(shop: Workshop, config: Settings) -> None:
    # given scenes that are being made by one model
    device, used, stop = backends.device(config), [], threading.Event()
    rendered(shop, "tiny-ltx", seed=100)

    def work(first: int) -> None:
        for seed in range(first, first + 1000):
            if stop.is_set():
                return
            used.append(rendered(shop, "tiny-ltx", seed=seed).model)

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(work, first) for first in (1000, 3000)]
        until(lambda: len(used) >= 2)
        # when another one is to stand in for it
        swap(config, "tiny-ltx", "tiny-wan")
        until(lambda: used[-2:] == ["tiny-wan", "tiny-wan"])
        stop.set()
        for job in jobs:
            job.result(TIMEOUT)
    swap(config, "tiny-ltx", None)
    # then every scene was made, first by the one and then by the other
    assert set(used) == {"tiny-ltx", "tiny-wan"} and used.count("tiny-wan") >= 2
    assert set(device.models.names) >= {"tiny-ltx", "tiny-wan"}
