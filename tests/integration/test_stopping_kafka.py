"""A worker hears from the log that nobody wants what it is at, and goes on with the next task."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gpu_consumers import backends, worker
from gpu_consumers.errors import UnwantedError
from gpu_consumers.stages import scene
from gpu_consumers.wanted import Wanted
from gpu_consumers.worker import Station, Worker, workshop
from infra import flavors
from infra.contracts.slices import Slice
from infra.flavors import Flavor, VoiceSpec
from infra.kafka.admin import apply_topics
from infra.kafka.producer import EventProducer
from infra.settings import Settings
from infra.stack import Stack
from schemas import ids
from schemas.base import Message, now_us
from schemas.envelope import root
from schemas.scripts import Scene
from schemas.tasks import RenderScene
from schemas.values import Lane, Origin
from schemas.videos import RevisionDropped, SceneRendered, Stage, WorkStopped
from tests.integration.failures_kit import consumer_with_topics, running, until

pytestmark = pytest.mark.timeout(300)

#: Two minutes to be drawn in full size: no machine is so fast that it is there before it is stopped.
LONG, SHORT = "Cats purr. " * 180, "Cats purr."


def task(video: str, revision: int, words: str = SHORT) -> RenderScene:
    told = Scene(scene_number=1, beat="turn", narration=words.strip(), visuals="a cat", duration_s=4)
    return RenderScene(
        video_id=video, revision=revision, origin=Origin.PERSON, lane=Lane.INTERACTIVE, flavor="default",
        after_us=now_us(), scene_id=ids.scene_id(video, revision, 1), scene=told, scene_count=2, title="Cats",
        language="en", seed=5,
    )  # fmt: skip


def dropped(video: str) -> RevisionDropped:
    return RevisionDropped(video_id=video, revision=1, ts_us=now_us(), by="revisions", why="changed", overtaken_by=2)


@contextmanager
def working(stack: Stack, folder: Path, group: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    flavor = Flavor(name="default", renditions=(), voices=(VoiceSpec(backend="silent"),))
    monkeypatch.setattr(flavors, "get_flavor", lambda *_: flavor)
    monkeypatch.setattr(backends, "stop", lambda: None)  # it is for the whole process, and this is a thread
    station = Station(stage=Stage.SCENE, group=group, topics=(topic,), work=scene.work)
    monkeypatch.setattr(worker, "STATIONS", (station,))
    made = Worker(workshop(Settings(kafka=stack.kafka, data_dir=folder), "test"), (Stage.SCENE,))
    with running(made, 60):
        yield made


def told(stack: Stack, video: str, since_us: int) -> list[Message]:
    with Slice(stack.kafka, "video-events", since_ms=since_us // 1000 - 1000) as part:
        return [one.decode().data for one in part if one.key == video.encode()]


def test_a_scene_whose_revision_is_dropped_stops_and_the_next_one_is_drawn(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_topics(stack.kafka)
    video, begun = ids.fresh(), now_us()
    with consumer_with_topics(stack.kafka, 4) as (topic, group):

        def ask(asked: RenderScene) -> None:
            producer.publish_all([(root(asked, source="/test"), topic)])

        with working(stack, tmp_path, group, topic, monkeypatch) as one:
            producer, fractions = one._shop.producer, list[float]()
            send = producer.send

            def heard(envelope: Any, *more: Any, **named: Any) -> Any:
                if envelope.type == "RenderProgress" and envelope.data.stage is Stage.SCENE:
                    fractions.append(envelope.data.fraction)
                return send(envelope, *more, **named)

            monkeypatch.setattr(producer, "send", heard)
            # given a long scene that is being drawn, and a short one of the next revision that waits
            ask(task(video, 1, LONG))
            until(lambda: bool(fractions), 120)
            ask(task(video, 2))
            # when the first revision is dropped
            producer.publish_all([(root(dropped(video), source="/test"), None)])
            until(lambda: any(isinstance(event, SceneRendered) for event in told(stack, video, begun)), 120)
    # then it stopped, and said what it had cost; the other one is there
    events = told(stack, video, begun)
    (stopped,) = (event for event in events if isinstance(event, WorkStopped))
    (drawn,) = (event for event in events if isinstance(event, SceneRendered))
    assert (stopped.revision, stopped.why, drawn.revision) == (1, "changed", 2)
    assert 0 <= stopped.fraction < 1 and stopped.cost.cpu_seconds > 0


def test_what_was_dropped_before_a_worker_began_is_known(stack: Stack) -> None:
    apply_topics(stack.kafka)
    video, ending, wanted = ids.fresh(), threading.Event(), Wanted()
    producer = EventProducer(stack.kafka, "stopping-test")
    producer.publish_all([(root(dropped(video), source="/test"), None)])
    producer.close()
    thread = threading.Thread(target=wanted.follow, args=(stack.kafka, ending))
    thread.start()

    def unwanted() -> bool:
        try:
            wanted.check(task(video, 1))
        except UnwantedError:
            return True
        return False

    until(unwanted, 60)
    ending.set()
    thread.join(30)
    assert not thread.is_alive()
