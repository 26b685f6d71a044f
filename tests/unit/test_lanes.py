"""Lanes: interactive before prefetch before bulk, and none starves."""

from __future__ import annotations

from infra.kafka.lanes import Lanes

HOT, WARM, COLD = ("hot", 0), ("warm", 0), ("cold", 0)


def lanes() -> Lanes[str]:
    return Lanes(["hot", "warm", "cold"], ageing_s=10)


def test_the_most_urgent_lane_goes_first_whatever_came_first() -> None:
    waiting = lanes()
    waiting.add(COLD, "bulk", 0)
    waiting.add(WARM, "prefetch", 0)
    waiting.add(HOT, "interactive", 1)
    assert [waiting.take(2) for _ in range(4)] == ["interactive", "prefetch", "bulk", None]


def test_within_a_lane_the_oldest_goes_first_whatever_partition_it_came_from() -> None:
    waiting = lanes()
    waiting.add(("hot", 1), "second", 0, age=7)
    waiting.add(("hot", 0), "first", 1, age=5)
    waiting.add(("hot", 0), "third", 1, age=7)
    assert [waiting.take(2) for _ in range(3)] == ["first", "second", "third"]


def test_a_task_that_waited_long_overtakes() -> None:
    # Given a bulk task that has waited for three ageing periods
    waiting = lanes()
    waiting.add(COLD, "old", 0)
    waiting.add(HOT, "new", 31)
    # Then it goes before an interactive one that has just come
    assert waiting.take(31) == "old"


def test_a_revoked_partition_is_dropped_and_the_others_stay() -> None:
    waiting = lanes()
    waiting.add(("hot", 0), "gone", 0)
    waiting.add(("hot", 1), "stays", 0)
    waiting.drop(("hot", 0))
    assert [waiting.take(1), waiting.take(1)] == ["stays", None]


def test_a_place_may_be_kept_for_the_most_urgent_lane() -> None:
    # given bulk that waits, however long
    waiting = lanes()
    waiting.add(COLD, "bulk", 0)
    assert waiting.take(100, urgent=True) is None
    waiting.add(HOT, "interactive", 100)
    assert [waiting.take(101, urgent=True), waiting.take(101)] == ["interactive", "bulk"]
