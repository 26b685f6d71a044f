"""What is changed while a scene is being made: it stops at its next step, and begins anew at little cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gpu_consumers import backends, telling
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.manifest import manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.ports import Urgency
from gpu_consumers.stages import scene
from gpu_consumers.stages.stopping import while_wanted
from gpu_consumers.workshop import Workshop
from infra import flavors
from infra.settings import Settings
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from infra.telemetry import metrics
from schemas import ids
from schemas.base import Message, now_us
from schemas.envelope import Envelope, root
from schemas.scripts import Scene
from schemas.takes import Style
from schemas.tasks import RenderScene
from schemas.values import Lane, Origin
from schemas.videos import RevisionDropped, SceneRendered, Stage, WorkStopped
from tests.models.pipelines_kit import configured, save, write_flavor, write_manifest
from tests.models.test_scene_models import quiet, small
from tests.models.test_styles import random_lora

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

NAME, VIDEO = "tiny-ltx", ids.video_id("restyling")


class Producer:
    """Calls `when` at each progress of a scene with the fraction done."""

    def __init__(self) -> None:
        self.when: Callable[[float], object] = lambda _fraction: None
        self.left = list[float | None]()  #: seconds, as they were told

    def send(self, progress: Envelope[Any]) -> None:
        if progress.data.stage is Stage.SCENE:
            self.left.append(progress.data.left_s)
            self.when(progress.data.fraction)

    def publish_all(self, *_: object) -> None:
        """Nobody listens."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("restyling")
    torch.set_num_threads(1)
    file = folder / "ink.safetensors"
    random_lora(NAME, file, 1)
    weights, styles = save(NAME, folder / "weights"), {"ink": {"file": str(file)}}
    write_manifest(NAME, weights, folder / "models", styles=styles, guidance=3.0)
    write_flavor(NAME, folder / "flavors", styles={"ink": 1.0})
    return configured(folder)


@pytest.fixture
def shop(config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    monkeypatch.setattr(flavors, "settings", lambda: config)
    monkeypatch.setattr(telling, "TELL_EVERY_S", 0.0)
    return Workshop(
        settings=config, blobs=LocalBlobStore(tmp_path / "media"), index=LocalArtifactIndex(tmp_path / "artifacts"),
        producer=Producer(), name="test",  # type: ignore[arg-type]
    )  # fmt: skip


def asked(revision: int, **changes: Any) -> Envelope[RenderScene]:
    told = Scene(scene_number=1, beat="hook", narration="Cats purr.", visuals="a purring cat", duration_s=1)
    task = RenderScene(
        video_id=VIDEO, revision=revision, origin=Origin.PERSON, lane=Lane.INTERACTIVE, flavor=NAME,
        after_us=now_us(), scene_id=ids.scene_id(VIDEO, revision, 1), scene=told, scene_count=1, title="Cats",
        language="en", seed=5, **changes,
    )  # fmt: skip
    return root(task, source="/test")


def made(shop: Workshop, cause: Envelope[RenderScene]) -> Message:
    told = while_wanted(shop, cause, Stage.SCENE, lambda: scene.work(shop, cause))
    return next(event.data for event in told if isinstance(event.data, SceneRendered | WorkStopped))


def test_another_style_while_it_is_made_stops_it_at_the_next_step_and_costs_no_encoding_and_no_loading(
    shop: Workshop, config: Settings, tmp_path: Path
) -> None:
    # given a model that is loaded, and what the other style gives when nothing came before it
    device, told = backends.device(config), list[str]()
    pipe = device.pipe(NAME)
    weaker = replace(small(), styles=(("ink", 0.25),))
    alone = DiffusersRenderer(Device(config), manifest(NAME, config), config)
    expected = alone.render(weaker, tmp_path / "alone.mp4", quiet).path.read_bytes()
    hooks = [
        pipe.text_encoder.register_forward_hook(lambda *_: told.append("encoded")),
        pipe.transformer.register_forward_hook(lambda *_: told.append("step")),
        pipe.vae.decoder.register_forward_hook(lambda *_: told.append("decoded")),
    ]

    # when its revision is overtaken while its first step is told
    def drop(fraction: float) -> None:
        if fraction > 0:
            shop.wanted.learn(RevisionDropped(video_id=VIDEO, revision=1, ts_us=1, by="revisions", overtaken_by=2))

    shop.producer.when = drop  # type: ignore[attr-defined]
    stopped = made(shop, asked(1))
    # then no more than the second step was made, of four, and what it cost is known
    assert isinstance(stopped, WorkStopped) and stopped.fraction == pytest.approx(0.8 * 2 / 5, abs=1e-3)
    assert told.count("step") == 2 and "decoded" not in told and stopped.cost.gpu_seconds > 0
    # when the same scene is made with the other style
    encoded = told.count("encoded")
    shop.producer.left.clear()  # type: ignore[attr-defined]
    again = made(shop, asked(2, styles=(Style(name="ink", weight=0.25),)))
    for hook in hooks:
        hook.remove()
    # then neither was the prompt encoded nor the model loaded anew
    assert isinstance(again, SceneRendered) and again.fallbacks == ()
    assert told.count("encoded") == encoded and device.pipe(NAME) is pipe
    # and it was told how long it would take, until the device was done with it
    left = shop.producer.left  # type: ignore[attr-defined]
    assert any(left) and left[-1] is None
    # and the model computes what it would have, had nothing been stopped before
    after = DiffusersRenderer(device, manifest(NAME, config), config)
    assert after.render(weaker, tmp_path / "after.mp4", quiet).path.read_bytes() == expected


def test_a_deadline_that_cannot_be_kept_is_counted_when_the_clip_comes(config: Settings, tmp_path: Path) -> None:
    def count() -> float:
        return metrics.INFEASIBLE.labels(lane="prefetch")._value.get()

    device, model, before = Device(config), manifest(NAME, config), count()
    for seconds in (-1, 3600):
        urgency = Urgency(lane=Lane.PREFETCH, deadline=time.time() + seconds)
        DiffusersRenderer(device, model, config, urgency).render(small(), tmp_path / "a.mp4", quiet)
    assert count() == before + 1


def test_guidance_is_the_scenes_own_and_its_passes_are_known(config: Settings, tmp_path: Path) -> None:
    device, model = Device(config), manifest(NAME, config)

    def clip(guidance: float | None) -> tuple[bytes, int]:
        asked = replace(small(), guidance=guidance)
        found = DiffusersRenderer(device, model, config).render(asked, tmp_path / "a.mp4", quiet)
        return found.path.read_bytes(), found.details["work"].passes

    usual, same, more, none = clip(None), clip(3.0), clip(7.0), clip(1.0)
    assert usual == same and len({usual[0], more[0], none[0]}) == 3
    assert (usual[1], more[1], none[1]) == (0, 0, 1)
