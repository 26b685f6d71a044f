"""Scenes of a video over partitions: near ones go to different workers, and one scene always to the same partition."""

from __future__ import annotations

from collections import Counter
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.kafka.dealing import REFRESH_S, Dealing
from schemas.base import SLOTS
from schemas.scripts import Scene
from schemas.tasks import RenderScene
from schemas.topics import TOPICS, lane_topic
from schemas.values import Lane, Origin

TOPIC = lane_topic(Lane.INTERACTIVE)
PARTITIONS = TOPICS[TOPIC].partitions


def slot_of(video_id: str, number: int) -> int:
    scene = Scene(scene_number=number, visuals="a wave", narration="Waves.", beat="hook", duration_s=3.0)
    task = RenderScene(
        video_id=video_id, after_us=1, lane=Lane.INTERACTIVE, origin=Origin.PERSON, flavor="default",
        scene_id="00000000-0000-4000-8000-000000000001", scene=scene, scene_count=8, title="Waves", language="en",
        seed=1,
    )  # fmt: skip
    return task.slot


@pytest.mark.parametrize("workers", [2, 4, 8, 16, 64, 128])
@given(video=st.uuids(), scenes=st.integers(1, 16), wide=st.integers(0, 4))
def test_scenes_are_spread_over_workers(workers: int, video: UUID, scenes: int, wide: int) -> None:
    # Given any video, and workers of which each has a block of partitions
    partitions = max(PARTITIONS, workers) << wide
    dealing = Dealing(lambda topic: partitions)
    dealing.partition(TOPIC, 0)
    dealing.refresh()
    # When its scenes go to their partitions
    places = [dealing.partition(TOPIC, slot_of(str(video), number)) or 0 for number in range(1, scenes + 1)]
    shares = Counter(place * workers // partitions for place in places)
    # Then no worker has more than its share, rounded up
    assert max(shares.values()) == -(-scenes // workers)


def test_first_scenes_are_spread_too() -> None:
    # Given many videos, when each has its first scene made, then every partition gets some
    videos = (uuid5(NAMESPACE_OID, str(number)) for number in range(300))
    assert len({slot_of(str(video), 1) * PARTITIONS // SLOTS for video in videos}) == PARTITIONS


def test_a_topic_that_grew_is_noticed() -> None:
    # Given a broker that cannot be asked, then as many partitions count as were declared
    now, known = [0.0], [0]
    dealing = Dealing(lambda topic: known[0], clock=lambda: now[0])
    assert dealing.partition(TOPIC, SLOTS - 1) == PARTITIONS - 1
    dealing.refresh()
    assert dealing.partition(TOPIC, SLOTS - 1) == PARTITIONS - 1
    # When it answers, and the topic has grown, then all of them are used, from the next question on
    known[0] = 100
    dealing.refresh()
    assert dealing.partition(TOPIC, SLOTS - 1) == PARTITIONS - 1
    now[0] = REFRESH_S
    dealing.refresh()
    assert dealing.partition(TOPIC, SLOTS - 1) == 99
    assert dealing.partition(TOPIC, None) is None


def test_one_topic_is_asked_about_a_turn_and_an_error_keeps_what_is_known() -> None:
    # Given three lanes, and a broker that can tell of two of them
    asked, lanes = [], [lane_topic(lane) for lane in Lane]

    def ask(topic: str) -> int:
        asked.append(topic)
        if topic == lanes[1]:
            raise KeyError(topic)
        return 16

    dealing = Dealing(ask, clock=lambda: 0.0)
    for lane in lanes:
        dealing.partition(lane, 0)
    # When it is refreshed, then each turn asks about one of them, and only once
    for turns in (1, 2, 3, 3):
        dealing.refresh()
        assert asked == lanes[:turns]
    # and what is not known stays as it was
    assert [dealing.partition(lane, SLOTS - 1) for lane in lanes] == [15, PARTITIONS - 1, 15]
