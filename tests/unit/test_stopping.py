"""Work that nobody wants any more: what is not begun, what stops at its next step, and what is told of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gpu_consumers.errors import UnwantedError
from gpu_consumers.once import once
from gpu_consumers.scheduling.turnstile import Turn, Turnstile
from gpu_consumers.stages import scene
from gpu_consumers.stages.stopping import while_wanted
from gpu_consumers.wanted import Wanted
from gpu_consumers.workshop import Workshop
from infra.settings import Settings
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from schemas import ids
from schemas.base import Message, now_us
from schemas.envelope import Envelope, root
from schemas.tasks import AssembleVideo, RenderScene, VideoTask, WriteScript
from schemas.values import Lane, Origin, Scene
from schemas.videos import RevisionDropped, SceneRendered, Stage, VideoWithdrawn, WorkStopped
from tests.unit.scheduling_kit import request, scheduler

VIDEO = ids.video_id("stopping")
TIMEOUT = 30


def dropped(revision: int = 1, needed: tuple[int, ...] = ()) -> RevisionDropped:
    return RevisionDropped(
        video_id=VIDEO, revision=revision, ts_us=1, by="ann", why="another is wanted", needed=needed, overtaken_by=9
    )


def withdrawn(revision: int) -> VideoWithdrawn:
    return VideoWithdrawn(video_id=VIDEO, revision=revision, ts_us=1, reason="spam", by="ann")


def task(kind: type[VideoTask], revision: int = 1, number: int = 1, **more: Any) -> VideoTask:
    common = {
        "video_id": VIDEO, "revision": revision, "origin": Origin.PERSON, "lane": Lane.INTERACTIVE,
        "flavor": "default", "after_us": now_us(),
    }  # fmt: skip
    if kind is WriteScript:
        return WriteScript(**common, text="Why?", **more)
    if kind is AssembleVideo:
        return AssembleVideo.model_construct(**common)
    told = Scene(scene_number=number, beat="hook", narration="Cats purr.", visuals="a purring cat", duration_s=1)
    return RenderScene(
        **common, scene_id=ids.scene_id(VIDEO, revision, number), scene=told, scene_count=3, title="Cats",
        language="en", seed=5,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("event", "asked", "why"),
    [
        (dropped(), task(RenderScene), "another is wanted"),
        (dropped(), task(AssembleVideo), "another is wanted"),
        (dropped(), task(WriteScript), "another is wanted"),
        (dropped(), task(RenderScene, revision=2), ""),
        (dropped(needed=(2, 3)), task(RenderScene, number=2), ""),
        (dropped(needed=(2, 3)), task(RenderScene, number=1), "another is wanted"),
        (dropped(needed=(2, 3)), task(AssembleVideo), "another is wanted"),
        (withdrawn(2), task(RenderScene, revision=1), "spam"),
        (withdrawn(2), task(RenderScene, revision=2), "spam"),
        (withdrawn(2), task(RenderScene, revision=3), ""),
        (dropped(), task(WriteScript, project_id=ids.derive("a", "project")), ""),
    ],
)
def test_what_is_wanted(event: Message, asked: VideoTask, why: str) -> None:
    wanted = Wanted()
    wanted.check(asked)
    wanted.learn(event)
    if not why:
        return wanted.check(asked)
    with pytest.raises(UnwantedError, match=why):
        wanted.check(asked)


def test_the_videos_that_were_heard_of_last_are_remembered() -> None:
    wanted = Wanted(most=2)
    videos = [ids.video_id(name) for name in ("a", "b", "c")]
    for video in (*videos[:2], videos[0], videos[2]):
        wanted.learn(dropped().model_copy(update={"video_id": video}))
    asked = [task(RenderScene).model_copy(update={"video_id": video}) for video in videos]
    wanted.check(asked[1])
    for one in (asked[0], asked[2]):
        with pytest.raises(UnwantedError):
            wanted.check(one)


class Quiet:
    """A producer that calls `when` at the progress of a scene."""

    def __init__(self) -> None:
        self.when: Callable[[], object] = lambda: None

    def send(self, progress: Envelope[Any]) -> None:
        if progress.data.stage is Stage.SCENE:
            self.when()

    def publish_all(self, *_: object) -> None:
        """Nobody listens."""


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(
        settings=Settings(data_dir=tmp_path, price_cpu_second=1.0), blobs=LocalBlobStore(tmp_path / "media"),
        index=LocalArtifactIndex(tmp_path / "artifacts"), producer=Quiet(), name="test",  # type: ignore[arg-type]
    )  # fmt: skip


def drawn(shop: Workshop, cause: Envelope[Any]) -> list[Message]:
    told = once(shop, cause, lambda: while_wanted(shop, cause, Stage.SCENE, lambda: scene.work(shop, cause)))
    return [event.data for event in told]


def test_a_scene_stops_at_its_next_frame_and_what_it_cost_is_told_once(shop: Workshop) -> None:
    # given a scene whose revision is dropped when its first progress is told
    cause = root(task(RenderScene), source="/test")
    shop.producer.when = lambda: shop.wanted.learn(dropped())  # type: ignore[attr-defined]
    # when
    (stopped,) = drawn(shop, cause)
    # then it is not drawn to the end
    assert isinstance(stopped, WorkStopped) and 0 < stopped.fraction < 1
    assert (stopped.stage, stopped.scene_number, stopped.why) == (Stage.SCENE, 1, "another is wanted")
    assert stopped.cost.amount == pytest.approx(stopped.cost.cpu_seconds, abs=1e-3) and stopped.cost.cpu_seconds > 0
    # and a task that comes again tells the same
    assert drawn(shop, cause) == [stopped]
    # and the same scene of a revision that is wanted is drawn
    shop.producer.when = lambda: None  # type: ignore[attr-defined]
    assert any(isinstance(one, SceneRendered) for one in drawn(shop, root(task(RenderScene, 2), source="/test")))


def test_what_nobody_wants_is_not_begun_and_nothing_is_told(shop: Workshop) -> None:
    shop.wanted.learn(dropped())
    assert drawn(shop, root(task(RenderScene), source="/test")) == []
    assert not list((shop.settings.data_dir / "media").rglob("*.mp4"))


def test_who_asked_for_the_same_gets_it_from_another_once_its_maker_gives_up() -> None:
    # given one that makes a clip, and one that waits for the same
    turnstile, begun, go = Turnstile(scheduler()), threading.Event(), threading.Event()

    def unwanted(_turn: Turn, _items: object) -> list[str]:
        begun.set()
        assert go.wait(TIMEOUT)
        raise UnwantedError("another is wanted")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(turnstile.run, request("same"), "first", unwanted)
        assert begun.wait(TIMEOUT)
        second = pool.submit(turnstile.run, request("same"), "second", lambda _turn, items: [f"made by {items[0]}"])
        while turnstile._scheduler._jobs["same"].askers < 2:
            pass
        # when the first gives up
        go.set()
        # then
        with pytest.raises(UnwantedError):
            first.result(TIMEOUT)
        assert second.result(TIMEOUT) == "made by second"
