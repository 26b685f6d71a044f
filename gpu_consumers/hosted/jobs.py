"""The port of hosted generators: a job is created, and asked after until it has a file or has failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

#: What is sent to a generator.
Arguments = Mapping[str, Any]


class State(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """A job at a provider: its id, and the address that tells of it (empty: made from the id)."""

    id: str
    watch: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """What a provider says of a job."""

    state: State
    fraction: float | None = None  #: done, 0 to 1, where the provider tells
    file: str = ""  #: the clip's address, once it is done
    reason: str = ""  #: why it failed


class Generator(Protocol):
    """A hosted generator.

    Raises `BusyError` where a request was surely not taken, `LostError` where that is not known, `RefusedError`,
    `BackendMissingError` where the key is not good for it.
    """

    def create(self, arguments: Arguments, key: str) -> Job:
        """Buy a job. Where the provider knows idempotency keys, equal keys buy one."""
        ...

    def status(self, job: Job) -> Status:
        """How far it is. Raises `GoneError` too."""
        ...

    def find(self, arguments: Arguments, since: float) -> Job | None:
        """The job of these arguments that was created since then (seconds since the epoch), if there is one.

        Raises `DoubtError` where the provider cannot tell.
        """
        ...


def first_file(found: Any) -> str:
    """The first web address in an output, however deep: providers nest them as they like. Empty: there is none."""
    if isinstance(found, str):
        return found if found.startswith(("https://", "http://")) else ""
    parts = found.values() if isinstance(found, Mapping) else found if isinstance(found, list) else ()
    return next(filter(None, map(first_file, parts)), "")
