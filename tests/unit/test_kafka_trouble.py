"""What consumers do about what their client tells them."""

from __future__ import annotations

from typing import Any

import pytest

from infra.kafka.trouble import note


class Told:
    """As librdkafka words it."""

    def __init__(self, text: str) -> None:
        self.str = lambda: text


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        (
            'Failed to fetch committed offsets for 0 partition(s) in group "script-worker": Broker: Not coordinator',
            True,
        ),
        ("FindCoordinator response error: Broker transport failure", False),
        ("Local: Bad message format", False),
    ],
)
def test_a_process_ends_only_where_its_partitions_would_never_be_read(text: str, ends: bool) -> None:
    ended: list[bool] = []
    error: Any = Told(text)
    note(error, None, end=lambda: ended.append(True))
    assert bool(ended) is ends
