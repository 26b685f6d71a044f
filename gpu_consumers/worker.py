"""A worker process: one consumer for each stage, side by side in threads, over the same workshop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from gpu_consumers import backends
from gpu_consumers.estimates.history import recall
from gpu_consumers.fitness import Fitness
from gpu_consumers.hosted.late import keep_collecting
from gpu_consumers.once import once
from gpu_consumers.stages import assembly, scene, script
from gpu_consumers.stages.commissions import BoughtClips
from gpu_consumers.stages.stopping import while_wanted
from gpu_consumers.workshop import SOURCE, Workshop
from infra.ending import vital
from infra.errors import explained
from infra.kafka.execution import Effects
from infra.kafka.producer import EventProducer
from infra.kafka.records import Received
from infra.kafka.tasks import TaskConsumer
from infra.settings import Settings
from infra.storage.space import DiskSpace
from infra.storage.stores import artifact_index, media_store
from infra.telemetry import logs
from schemas import base
from schemas.envelope import Envelope, caused_by
from schemas.projects import DraftFailed
from schemas.tasks import VideoTask, WriteScript
from schemas.topics import lane_topic
from schemas.values import Lane
from schemas.videos import Stage, VideoFailed, VideoPublished

log = logs.get("worker")

#: What is nearly done may finish, in seconds. A scene takes longer; it is handed back and costs one scene at most.
DRAIN_S = 1.5
#: A device that failed its self-test before the worker took any scenes is tested again after this long, in seconds.
RETEST_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Station:
    """A stage, the consumer group that does it, and the topics its tasks come from, most urgent first."""

    stage: Stage
    group: str
    topics: tuple[str, ...]
    work: Callable[[Workshop, Any], list[Any]]


STATIONS = (
    Station(stage=Stage.SCRIPT, group="script-worker", topics=("script-tasks",), work=script.work),
    Station(stage=Stage.SCENE, group="scene-worker", topics=tuple(map(lane_topic, Lane)), work=scene.work),
    Station(stage=Stage.ASSEMBLY, group="assembly-worker", topics=("assembly-tasks",), work=assembly.work),
)


def workshop(settings: Settings, name: str) -> Workshop:
    """The workshop over the stores that the settings name."""
    return Workshop(
        settings=settings,
        blobs=media_store(settings),
        index=artifact_index(settings),
        producer=EventProducer(settings.kafka_address, name),
        name=name,
    )


class Worker:
    """Runs the chosen stages until `stop`."""

    def __init__(self, shop: Workshop, stages: tuple[Stage, ...]) -> None:
        self._shop, self._ending = shop, threading.Event()
        self._stations = [station for station in STATIONS if station.stage in stages]
        self._consumers: list[TaskConsumer] = []
        self._joining = threading.RLock()
        #: Whether scenes may be taken, for `/readyz`.
        self.fitness = Fitness(shop.settings)
        #: Why the process should be started anew; empty: it need not.
        self.failed = ""

    def _consumer(self, station: Station) -> TaskConsumer:
        return TaskConsumer(
            self._shop.settings.kafka_address,
            station.group,
            station.topics,
            lambda received: self._do(station, received),
            self._shop.producer,
            on_failure=lambda received, error: self._failed(station, received, error),
            concurrency=self._at_once(station.stage),
            drain_s=DRAIN_S,
            shortage=DiskSpace.of(self._shop.settings).shortage,
        )

    def _at_once(self, stage: Stage) -> int:
        config = self._shop.settings
        return {Stage.SCENE: config.scenes_at_once, Stage.SCRIPT: config.scripts_at_once}.get(stage, 1)

    def _do(self, station: Station, received: Received) -> Effects:
        log.info("task", stage=station.stage.value, key=received.envelope.data.key)
        shop, cause = self._shop, cast(Envelope[VideoTask], received.envelope)
        told = once(shop, cause, lambda: while_wanted(shop, cause, station.stage, lambda: station.work(shop, cause)))
        for event in told:
            if isinstance(event.data, VideoPublished):
                _news(event.data)
        return [(event, None) for event in told]

    def _failed(self, station: Station, received: Received, error: Exception) -> Effects:
        """The task goes to the dead letters; whoever waits for the video is told."""
        task = received.envelope.data
        if not isinstance(task, VideoTask):
            return []
        if isinstance(task, WriteScript) and task.project_id:
            return [(_undrafted(received.envelope, task, error), None)]
        data = VideoFailed(
            video_id=task.video_id,
            revision=task.revision,
            ts_us=base.rising(task.after_us),
            stage=station.stage,
            error=type(error).__name__,
            reason=explained(error),
            origin=task.origin,
            viewer_id=task.viewer_id,
            attempts=received.attempt,
            debug=getattr(error, "debug", ()),
            replay_id=task.replay_id,
        )
        return [(caused_by(received.envelope, data, source=SOURCE, step="failed"), None)]

    def run(self) -> None:
        """Work until every consumer has stopped."""
        backends.when_begun(
            lambda device: recall(self._shop.settings.kafka_address, device.name, device.learn)
        )  # fmt: skip
        backends.when_sick(self._sick)
        threads = [vital(partial(self._serve, one), "consumer", daemon=False) for one in self._stations]
        for thread in threads:
            thread.start()
        if any(one.stage is Stage.SCENE for one in self._stations):
            address = (self._shop.settings.kafka_address,)
            threading.Thread(target=self._shop.alerts.recall, args=address, name="alerts", daemon=True).start()
        wanted = (self._shop.settings.kafka_address, self._ending)
        threading.Thread(target=self._shop.wanted.follow, args=wanted, name="wanted", daemon=True).start()
        late = (self._shop.settings, BoughtClips(self._shop), self._ending)
        threading.Thread(target=keep_collecting, args=late, name="late", daemon=True).start()
        log.info("ready", worker=self._shop.name)
        for thread in threads:
            thread.join()
        self._shop.producer.close()

    def _serve(self, station: Station) -> None:
        """Consume until `stop`. A worker whose device is not fit is no member of the scenes' group: others do them."""
        if station.stage is Stage.SCENE and self.fitness.needed:
            while not self._ending.is_set() and not self.fitness.tried():
                self._ending.wait(RETEST_S)
        with self._joining:
            if self._ending.is_set():
                return
            consumer = self._consumer(station)
            self._consumers.append(consumer)
        consumer.run()

    def _sick(self, why: str) -> None:
        """Leave the groups: others do what is in hand here. A fresh process may have a device that works."""
        if self.fitness.ready:
            self.failed = why
            self.stop()
        self.fitness.lost(why)

    def stop(self) -> None:
        """Finish what is in hand (within the drain time), commit, leave the groups."""
        with self._joining:
            self._ending.set()
            for consumer in self._consumers:
                consumer.stop()
        backends.stop()


def _news(video: VideoPublished) -> None:
    """The one line that people wait for: `swipestream up` shows it on the terminal. No title: it may be personal."""
    spent = round(video.total_cost.cpu_seconds, 1)
    log.info("published", video=video.video_id, seconds=video.duration_ms / 1000, cpu_s=spent)


def _undrafted(cause: Envelope[base.Message], task: WriteScript, error: Exception) -> Envelope[base.Message]:
    """No video failed, there is none yet: its project is told."""
    data = DraftFailed(**script.of_project(task), error=type(error).__name__, reason=explained(error))
    return caused_by(cause, data, source=SOURCE, step="draft-failed")
