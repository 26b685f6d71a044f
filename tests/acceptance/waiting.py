"""Waiting for what will come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(ask: Callable[[], T | None], timeout: float = 120) -> T:
    """The first answer that is neither None nor an empty list."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        answer = ask()
        if answer is not None and answer != []:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"nothing within {timeout} s")
