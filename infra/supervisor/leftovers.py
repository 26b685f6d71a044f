"""Processes that a killed supervisor left behind: found by the mark in their environment, and ended."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil

from infra.supervisor.state import MARK


def find(data_dir: Path) -> list[psutil.Process]:
    """Every living process that was started for this data folder, by whatever supervisor."""
    mark = str(data_dir.resolve())
    return [each for each in psutil.process_iter() if each.pid != os.getpid() and _mark(each) == mark]


def end(data_dir: Path, grace: float = 3.0) -> int:
    """End them, SIGTERM first, and return how many there were."""
    count = len(found := find(data_dir))
    _send(found, "terminate")
    deadline = time.monotonic() + grace
    while found and time.monotonic() < deadline:
        time.sleep(0.05)
        found = find(data_dir)
    _send(found, "kill")
    return count


def _send(processes: list[psutil.Process], how: str) -> None:
    for each in processes:
        try:
            getattr(each, how)()
        except psutil.Error:
            continue


def _mark(process: psutil.Process) -> str | None:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None
