"""A worker whose device is not fit is no member of the scenes' group: what was in hand comes to another one."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient

from gpu_consumers import backends, worker
from gpu_consumers.fitness import Fitness
from gpu_consumers.generation.faults import SickError
from gpu_consumers.worker import Station, Worker, workshop
from infra.errors import UnavailableError
from infra.settings import Settings
from infra.stack import Stack
from schemas.videos import Stage
from tests.integration.failures_kit import consumer_with_topics, put, running, until

pytestmark = pytest.mark.timeout(240)


def joined(stack: Stack, group: str) -> bool:
    """Whether the group has members. (Descriptions of groups of the new protocol name none.)"""
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    states = {one.group_id: one.state for one in admin.list_consumer_groups().result(30).valid}
    return states.get(group, ConsumerGroupState.EMPTY) is not ConsumerGroupState.EMPTY


class Scenes:
    """A scene station of its own, whose device can be told to fail."""

    def __init__(self, stack: Stack, folder: Path, group: str, topic: str) -> None:
        self.stack, self.folder, self.group, self.topic = stack, folder, group, topic
        self.done: list[str] = []
        self.fail_in = ""

    def work(self, name: str, task: Any) -> list[Any]:
        if name == self.fail_in:
            why = "the device fails its self-test: it multiplies wrongly"
            for told in backends._sick:
                told(why)
            raise SickError(why)
        self.done.append(name)
        return []

    @contextmanager
    def worker(self, name: str, monkeypatch: pytest.MonkeyPatch, warm: Any) -> Iterator[Worker]:
        config = Settings(kafka=self.stack.kafka, data_dir=self.folder, warm_models=("a",))
        station = Station(
            stage=Stage.SCENE, group=self.group, topics=(self.topic,),
            work=lambda shop, cause: self.work(shop.name, cause),
        )  # fmt: skip
        monkeypatch.setattr(worker, "STATIONS", (station,))
        made = Worker(workshop(config, name), (Stage.SCENE,))
        made.fitness = Fitness(config, warm)
        with running(made, 60):
            yield made


@pytest.fixture
def scenes(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scenes]:
    monkeypatch.setattr(backends, "_sick", [])
    monkeypatch.setattr(backends, "_told", [])
    monkeypatch.setattr(backends, "stop", lambda: None)  # it is for the whole process, and these are threads
    monkeypatch.setattr(worker, "RETEST_S", 0.1)
    with consumer_with_topics(stack.kafka) as (topic, group):
        yield Scenes(stack, tmp_path, group, topic)


def test_it_joins_when_it_is_warm_and_not_before(scenes: Scenes, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a device that fails its self-test
    tried, healthy = list[str](), threading.Event()

    def warm(_config: Settings) -> None:
        tried.append("")
        if not healthy.is_set():
            raise UnavailableError("it multiplies wrongly")

    with scenes.worker("one", monkeypatch, warm) as one:
        until(lambda: len(tried) > 3)
        # then nobody has joined, and it is said why
        assert not joined(scenes.stack, scenes.group)
        assert (one.fitness.ready, one.fitness.why) == (False, "it multiplies wrongly")
        # when it works again
        healthy.set()
        until(lambda: joined(scenes.stack, scenes.group))
        assert one.fitness.ready


def test_a_device_that_fails_at_work_leaves_and_its_task_is_done_elsewhere(
    scenes: Scenes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two workers, of which one has a device that fails at its first task
    scenes.fail_in = "sick"
    with scenes.worker("sick", monkeypatch, lambda _config: None) as sick:
        until(lambda: joined(scenes.stack, scenes.group))
        put(sick._shop.producer, scenes.topic, f"scene {uuid.uuid4()}")
        # when it fails
        until(lambda: bool(sick.failed))
        # then it has left, and says that it should be started anew
        until(lambda: not joined(scenes.stack, scenes.group))
        assert not sick.fitness.ready
        with scenes.worker("well", monkeypatch, lambda _config: None):
            until(lambda: scenes.done == ["well"])
