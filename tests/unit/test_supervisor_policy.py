from __future__ import annotations

import pytest

from infra.supervisor.policy import Backoff, describe_exit


def test_delays_double_up_to_the_longest() -> None:
    backoff = Backoff(first=0.5, longest=30)

    assert [backoff.delay(failures) for failures in (1, 2, 3, 4, 7, 8, 10_000)] == [0.5, 1, 2, 4, 30, 30, 30]


def test_failures_count_up_until_a_life_was_stable() -> None:
    backoff = Backoff(stable=20)

    assert backoff.failures(before=4, lived=19.9) == 5
    assert backoff.failures(before=4, lived=20.0) == 1


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
        (-9, "was killed by SIGKILL"),
        (-250, "was killed by signal 250"),
    ],
)
def test_an_exit_is_described(code: int, text: str) -> None:
    assert describe_exit(code) == text
