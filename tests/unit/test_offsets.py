"""Gap-free commits: whatever order tasks finish in, nothing unfinished is ever behind the committed offset."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra.kafka.offsets import GapFreeOffsets

P = ("scene-tasks.bulk", 0)


def test_the_offset_after_the_last_gap_free_task_is_committable() -> None:
    # Given three tasks of which the second is unfinished
    offsets = GapFreeOffsets()
    for offset in (5, 6, 7):
        offsets.start(P, offset)
    offsets.finish(P, 5)
    offsets.finish(P, 7)
    # Then only the first may be committed
    assert offsets.committable() == {P: 6}
    # And when the gap closes, all three
    offsets.finish(P, 6)
    assert offsets.committable() == {P: 8}


def test_what_was_committed_is_not_committed_again() -> None:
    offsets = GapFreeOffsets()
    offsets.start(P, 0)
    offsets.finish(P, 0)
    offsets.committed(offsets.committable())
    assert offsets.committable() == {}


def test_a_revoked_partition_is_forgotten() -> None:
    offsets = GapFreeOffsets()
    offsets.start(P, 3)
    offsets.forget(P)
    offsets.finish(P, 3)
    assert offsets.committable() == {}


@given(st.permutations(range(12)), st.integers(0, 12))
def test_no_unfinished_task_is_ever_behind_the_committed_offset(order: list[int], done: int) -> None:
    offsets = GapFreeOffsets()
    for offset in range(12):
        offsets.start(P, offset)
    for offset in order[:done]:
        offsets.finish(P, offset)
        committable = offsets.committable()
        offsets.committed(committable)
    unfinished = set(order[done:])
    committed = max([*committable.values(), 0]) if done else 0
    assert all(offset >= committed for offset in unfinished)
