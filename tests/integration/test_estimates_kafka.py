"""The cost model learns from the log."""

from __future__ import annotations

import uuid

from gpu_consumers.estimates.formula import CHIPS, Architecture
from gpu_consumers.estimates.history import recall
from gpu_consumers.estimates.model import CostModel
from gpu_consumers.scheduling.work import Work
from infra.kafka.admin import apply_topics
from infra.kafka.producer import EventProducer
from infra.stack import Stack
from schemas import ids
from schemas.base import now_us
from schemas.envelope import root
from schemas.videos import SceneRendered
from schemas.works import RenderWork
from tests.unit.read_kit import life


def test_what_a_device_did_before_is_known_again(stack: Stack) -> None:
    # given twelve clips in the log, six of them of this device
    apply_topics(stack.kafka)
    device, producer = f"test {uuid.uuid4()}", EventProducer(stack.kafka, "estimates-test")
    rendered = next(event.data for event in life(ids.fresh(), now_us()) if isinstance(event.data, SceneRendered))
    for number in range(12):
        work = RenderWork(
            model="small", width=480, height=832, frames=81, steps=4, accelerator="eager",
            device=device if number % 2 else "another", encode_s=0.5, step_s=2.5 if number % 2 else 99.0, decode_s=3.0,
        )  # fmt: skip
        producer.publish_all([(root(rendered.model_copy(update={"work": work}), source="/test"), None)])
    producer.close()
    small = Architecture(parameters=1.3e9, layers=30, width=1536)
    costs = CostModel(lambda work: CHIPS["H100"].phases(small, work))
    # when
    assert recall(stack.kafka, device, costs.learn) == 6
    # then
    asked = Work(model="small", width=480, height=832, frames=81, steps=4, backend="eager")
    assert costs.known(asked) == 6 and 2.0 < costs.step(asked).typical < 3.0


def test_without_a_broker_it_begins_anew() -> None:
    assert recall("127.0.0.1:1", "any", lambda _work: None) == 0
