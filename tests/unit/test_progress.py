"""The watch over partitions that do not move."""

from __future__ import annotations

from faust.types.tuples import TP

from processors.progress import Progress

HERE, THERE = TP("prompts", 0), TP("prompts", 1)


def test_records_that_wait_all_that_time_are_noticed_and_only_where_nothing_moves() -> None:
    progress = Progress(patience_s=30)
    for now in range(0, 30, 5):
        assert not progress.stuck({HERE: 15, THERE: now}, {HERE: 16, THERE: 100}, now)
    assert progress.stuck({HERE: 15, THERE: 30}, {HERE: 16, THERE: 100}, 30) == {HERE}


def test_a_partition_without_records_may_stand_still_and_what_comes_then_has_its_time() -> None:
    progress = Progress(patience_s=30)
    for now in range(0, 100, 5):
        assert not progress.stuck({HERE: 16}, {HERE: 16}, now)
    for now in range(100, 130, 5):
        assert not progress.stuck({HERE: 16}, {HERE: 17}, now)
    assert progress.stuck({HERE: 16}, {HERE: 17}, 130) == {HERE}


def test_a_rebalance_and_a_kafka_that_does_not_answer_start_over() -> None:
    for reached, ends in (({}, {HERE: 16}), ({HERE: 15}, {})):
        progress = Progress(patience_s=30)
        progress.stuck({HERE: 15}, {HERE: 16}, 0)
        progress.stuck(reached, ends, 29)
        assert not progress.stuck({HERE: 15}, {HERE: 16}, 31)
        assert not progress.stuck({HERE: 15}, {HERE: 16}, 60)
        assert progress.stuck({HERE: 15}, {HERE: 16}, 61) == {HERE}
