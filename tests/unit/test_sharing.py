"""How many processes share the tests of a machine."""

from __future__ import annotations

import pytest

from tests.sharing import EACH, processes


@pytest.mark.parametrize(
    ("cores", "memory", "shared_among"),
    [
        (1, 64 * EACH, 0),  # one core: no other process
        (2, 64 * EACH, 2),
        (16, 3 * EACH, 3),  # no more than there is memory for
        (16, EACH // 2, 0),
        (64, 64 * EACH, 8),  # no more than have something to do
    ],
)
def test_one_process_a_core_as_far_as_there_is_memory(cores: int, memory: int, shared_among: int) -> None:
    assert processes(cores, memory) == shared_among
