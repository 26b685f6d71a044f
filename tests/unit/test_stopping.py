"""Work that nobody wants any more: what is not begun, what stops at its next step, and what is told of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gpu_consumers.errors import UnwantedError
from gpu_consumers.once import once
from gpu_consumers.scheduling import turnstile as turnstile_module
from gpu_consumers.scheduling.places import Turn
from gpu_consumers.scheduling.turnstile import Turnstile
from gpu_consumers.scheduling.work import Estimate
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
from schemas.scripts import Scene
from schemas.takes import Style
from schemas.tasks import AssembleVideo, RenderScene, VideoTask, WriteScript
from schemas.values import Lane, Origin
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


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


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


def test_a_drawn_scene_is_the_same_whatever_a_model_would_have_been_told(shop: Workshop) -> None:
    plain = task(RenderScene)
    told = task(RenderScene, 2).model_copy(update={"guidance": 7.0, "styles": (Style(name="ink", weight=0.5),)})
    clips = [one for asked in (plain, told) for one in drawn(shop, root(asked, source="/test"))]
    first, second = (one for one in clips if isinstance(one, SceneRendered))
    assert (second.clip, first.reused, second.reused) == (first.clip, False, True)


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
        until(lambda: turnstile._scheduler.askers("same") == 2)
        # when the first gives up
        go.set()
        # then
        with pytest.raises(UnwantedError):
            first.result(TIMEOUT)
        assert second.result(TIMEOUT) == "made by second"


class Heard:
    """Notes how long it will still take; does not want it any more from the moment `gone` is set."""

    def __init__(self) -> None:
        self.left, self.gone = list[float](), threading.Event()

    def __call__(self, left: Estimate) -> None:
        self.left.append(left.typical)
        if self.gone.is_set():
            raise UnwantedError("another is wanted")


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits hears more often than it would."""
    monkeypatch.setattr(turnstile_module, "HEED_EVERY_S", 0.01)


@pytest.mark.usefixtures("often")
def test_who_waits_hears_when_it_will_be_there_and_leaves_the_line_when_it_is_not_wanted() -> None:
    # given a device at work, and two clips of four steps of a second that wait for it
    turnstile, go, begun = Turnstile(scheduler()), threading.Event(), threading.Event()
    heard, other = Heard(), Heard()

    def busy(turn: Turn, _items: object) -> list[str]:
        begun.set()
        assert go.wait(TIMEOUT)
        turn.boundary()
        return ["first"]

    def quickly(_turn: Turn, items: Sequence[str]) -> list[str]:
        return [f"made {item}" for item in items]

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(turnstile.run, request("first", deadline=0), "first", busy)
        assert begun.wait(TIMEOUT)
        second = pool.submit(turnstile.run, request("second", deadline=1e12), "second", quickly, heard)
        until(lambda: len(heard.left) > 2)
        third = pool.submit(turnstile.run, request("third", deadline=2e12), "third", quickly, other)
        until(lambda: len(other.left) > 2)
        # then they hear of the whole line before them
        assert (heard.left[0], other.left[-1]) == (pytest.approx(8.0), pytest.approx(12.0))
        assert turnstile.left("of nobody") is None and turnstile.feasible("of nobody")
        # when the one in the middle is not wanted any more
        heard.gone.set()
        with pytest.raises(UnwantedError):
            second.result(TIMEOUT)
        # then it has left the line, and the last one hears of less
        until(lambda: other.left[-1] < 9)
        go.set()
        assert (first.result(TIMEOUT), third.result(TIMEOUT)) == ("first", "made third")
    assert turnstile._scheduler.in_hand == 0 and not turnstile._places


@pytest.mark.usefixtures("often")
def test_what_others_asked_for_too_goes_on_without_who_asked_first() -> None:
    turnstile, heard, made = Turnstile(scheduler()), Heard(), list[str]()
    begun, go = threading.Event(), threading.Event()

    def slowly(turn: Turn, items: Sequence[str]) -> list[str]:
        begun.set()
        assert go.wait(TIMEOUT)
        heard.gone.set()
        time.sleep(0.02)
        for _ in range(3):
            turn.boundary()
            if turn.give_up():
                raise UnwantedError("nobody is left")
        made.extend(items)
        return [f"made by {items[0]}"]

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(turnstile.run, request("same"), "first", slowly, heard)
        assert begun.wait(TIMEOUT)
        second = pool.submit(turnstile.run, request("same"), "second", slowly)
        until(lambda: turnstile._scheduler.askers("same") == 2)
        go.set()
        assert second.result(TIMEOUT) == first.result(TIMEOUT) == "made by first"
    assert made == ["first"] and len(heard.left) >= 1


@pytest.mark.usefixtures("often")
def test_who_joined_and_leaves_takes_nothing_from_the_others() -> None:
    turnstile, heard = Turnstile(scheduler()), Heard()
    begun, go = threading.Event(), threading.Event()
    heard.gone.set()

    def slowly(_turn: Turn, items: Sequence[str]) -> list[str]:
        begun.set()
        assert go.wait(TIMEOUT)
        return [f"made by {items[0]}"]

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(turnstile.run, request("same"), "first", slowly)
        assert begun.wait(TIMEOUT)
        second = pool.submit(turnstile.run, request("same"), "second", slowly, heard)
        with pytest.raises(UnwantedError):
            second.result(TIMEOUT)
        assert turnstile._scheduler.askers("same") == 1
        go.set()
        assert first.result(TIMEOUT) == "made by first"


def test_how_long_it_will_take_is_told_with_the_progress(shop: Workshop) -> None:
    told = list[Any]()
    shop.producer.send = lambda envelope: told.append(envelope.data)  # type: ignore[method-assign, assignment]
    tell = shop.progress(root(task(RenderScene), source="/test"), Stage.SCENE)
    tell.expect(40.0)
    tell(1.0)
    tell.expect(None)
    assert [one.fraction for one in told] == [0, 1, 1] and (told[0].scene_number, told[0].scene_count) == (1, 3)
    assert 39 < told[0].left_s <= 40 and 39 < told[1].left_s <= 40 and told[2].left_s is None
    # and what waits hears that it is not wanted any more
    shop.wanted.learn(dropped())
    with pytest.raises(UnwantedError):
        tell.expect(40.0)
