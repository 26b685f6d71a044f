"""Scenes of a video over partitions: near ones go to different workers, and one scene always to the same partition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.tasks import RenderScene
from schemas.topics import TOPICS, lane_topic
from schemas.values import Lane, Origin, Scene

PARTITIONS = TOPICS[lane_topic(Lane.INTERACTIVE)].partitions


def in_blocks(partition: int, workers: int) -> int:
    """Whose it is where each worker has neighbouring partitions."""
    return partition * workers // PARTITIONS


def in_turn(partition: int, workers: int) -> int:
    """Whose it is where partitions are dealt out one by one."""
    return partition % workers


def partition_of(video_id: str, number: int) -> int:
    scene = Scene(scene_number=number, visuals="a wave", narration="Waves.", beat="hook", duration_s=3.0)
    task = RenderScene(
        video_id=video_id, after_us=1, lane=Lane.INTERACTIVE, origin=Origin.PERSON, flavor="default",
        scene_id="00000000-0000-4000-8000-000000000001", scene=scene, scene_count=8, title="Waves", language="en",
        seed=1,
    )  # fmt: skip
    return task.slot % PARTITIONS


@pytest.mark.parametrize("whose", [in_blocks, in_turn])
@pytest.mark.parametrize("workers", [2, 4, 8])
@given(video=st.uuids(), scenes=st.integers(1, 16))
def test_scenes_are_spread_over_workers(
    workers: int, whose: Callable[[int, int], int], video: UUID, scenes: int
) -> None:
    # Given any video, when its scenes go to their partitions
    shares = Counter(whose(partition_of(str(video), number), workers) for number in range(1, scenes + 1))
    # Then no worker has more than its share, rounded up
    assert max(shares.values()) == -(-scenes // workers)


def test_first_scenes_are_spread_too() -> None:
    # Given many videos, when each has its first scene made, then every partition gets some
    videos = (uuid5(NAMESPACE_OID, str(number)) for number in range(300))
    assert len({partition_of(str(video), 1) for video in videos}) == PARTITIONS
