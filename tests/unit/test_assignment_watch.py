"""The watch over the assignment: it ends a process that holds nothing, and leaves one that works alone."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from processors.watch import AssignmentWatch


def watched(partitions: set[Any]) -> threading.Event:
    ended = threading.Event()
    app: Any = SimpleNamespace(consumer=SimpleNamespace(assignment=lambda: partitions))
    AssignmentWatch(app, patience_s=0.1, every_s=0.01, end=ended.set).start()
    return ended


def test_an_app_without_partitions_is_ended() -> None:
    assert watched(set()).wait(10)


def test_an_app_that_holds_some_is_left_alone_until_it_loses_them() -> None:
    partitions = {("prompts", 0)}
    ended = watched(partitions)
    assert not ended.wait(0.5)
    partitions.clear()
    assert ended.wait(10)
