"""What consumers do about what their client tells them."""

from __future__ import annotations

from typing import Any

import pytest

from infra.kafka import trouble


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
def test_a_process_ends_only_where_its_partitions_would_never_be_read(
    monkeypatch: pytest.MonkeyPatch, text: str, ends: bool
) -> None:
    ended: list[bool] = []
    monkeypatch.setattr(trouble, "drain", lambda: ended.append(True))
    error: Any = Told(text)
    trouble.note(error, None)
    assert bool(ended) is ends
