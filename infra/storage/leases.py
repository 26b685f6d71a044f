"""Leases: who is making an artefact just now, so that others wait for it and do not make it as well.

A lease is a small file, made by a link, so that of several processes one makes it. Its holder touches it. One that was
not touched for long, or whose process is gone, counts no more, and whoever is first makes the one with the next number:
nothing is ever taken away from anybody. Leases save work and guard nothing; what is made twice all the same is equal.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra.telemetry import logs

log = logs.get("leases")

#: How long anybody waits for another, in seconds.
LEASE_S = 30.0
#: A lease is touched so often within that time, and counts no more when it was not touched for so much of it.
BEATS, SILENT = 20, 0.25
POLL_S = 0.1


class Clock(Protocol):
    """What is needed of the module `time`."""

    def time(self) -> float: ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Found:
    """A lease as it lies on the disk. `rank`: the larger, the less urgent."""

    number: int
    home: str
    pid: int
    rank: int
    touched: float


@dataclass
class _Own:
    """A lease of this process, and how many of its threads share it."""

    path: Path
    released: threading.Event
    sharers: int = 1


class Leases:
    """Leases below one folder, shared by all processes that share the folder."""

    def __init__(self, folder: Path, lease_s: float = LEASE_S, *, clock: Clock = time, home: str = "") -> None:
        self._folder, self._lease_s, self._clock = folder, lease_s, clock
        self._home = home or _home()
        self._own: dict[str, _Own] = {}
        self._lock = threading.Lock()

    @contextmanager
    def alone(self, key: str, rank: int = 0) -> Iterator[bool]:
        """Keep other processes from making the artefact meanwhile; yields whether that could be had.

        Waits for whoever makes it now, but never longer than `lease_s`, and not at all for somebody less urgent: then
        it goes on all the same. After it, look whether the artefact is there. Threads of one process share a lease:
        what they ask of a device is brought together there.
        """
        mine = self._had(key, rank)
        try:
            yield mine
        finally:
            if mine:
                self._release(key)

    def _had(self, key: str, rank: int) -> bool:
        try:
            return self._waited(key, rank)
        except OSError as error:  # a folder without links, a full disk: what needs no lease goes on
            log.warning("no leases here", folder=str(self._folder), why=str(error))
            return False

    def _waited(self, key: str, rank: int) -> bool:
        deadline, told = self._clock.monotonic() + self._lease_s, False
        while not self._share(key):
            holder = self._current(key)
            if holder is None or not self._counts(holder):
                if self._take(key, holder.number + 1 if holder else 0, rank):
                    return True
                continue  # another was first
            if holder.rank > rank or self._clock.monotonic() >= deadline:
                return False
            if not told:
                log.info("another worker is at it", key=key[:12], pid=holder.pid)
                told = True
            self._clock.sleep(POLL_S)
        return True

    def _share(self, key: str) -> bool:
        with self._lock:
            if own := self._own.get(key):
                own.sharers += 1
            return own is not None

    def _take(self, key: str, number: int, rank: int) -> bool:
        """Make the lease of that number; False where somebody has."""
        path = self._folder / f"{key}.{number}"
        with self._lock:
            if key in self._own or not self._linked(path, rank):
                return False
            self._own[key] = own = _Own(path, threading.Event())
        threading.Thread(target=self._beat, args=(own,), name="lease", daemon=True).start()
        return True

    def _linked(self, path: Path, rank: int) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True)
        told = {"home": self._home, "pid": os.getpid(), "rank": rank}
        with tempfile.NamedTemporaryFile("w", dir=self._folder, prefix=".") as fresh:
            json.dump(told, fresh)
            fresh.flush()
            _touch(Path(fresh.name), self._clock.time())
            try:
                path.hardlink_to(fresh.name)
            except FileExistsError:
                return False
        return True

    def _beat(self, own: _Own) -> None:
        while not own.released.wait(self._lease_s / BEATS):
            _touch(own.path, self._clock.time())

    def _release(self, key: str) -> None:
        with self._lock:
            own = self._own[key]
            own.sharers -= 1
            if own.sharers:
                return
            del self._own[key]
            own.released.set()
            own.path.unlink(missing_ok=True)

    def _current(self, key: str) -> Found | None:
        """The lease with the highest number."""
        numbers = [int(path.name.rpartition(".")[2]) for path in self._folder.glob(f"{key}.*")]
        return _read(self._folder / f"{key}.{max(numbers)}", max(numbers)) if numbers else None

    def _counts(self, holder: Found) -> bool:
        if holder.home == self._home and not _lives(holder.pid):
            return False
        return self._clock.time() - holder.touched < self._lease_s * SILENT


def _read(path: Path, number: int) -> Found | None:
    """None where it has gone."""
    try:
        touched, text = path.stat().st_mtime, path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        told = json.loads(text)
        return Found(number, str(told["home"]), int(told["pid"]), int(told["rank"]), touched)
    except (ValueError, KeyError, TypeError):  # written by other code: it counts as long as it is touched
        return Found(number, "", 0, 0, touched)


def _touch(path: Path, now: float) -> None:
    with contextlib.suppress(OSError):
        os.utime(path, (now, now))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _home() -> str:
    """Where process ids mean the same: a machine, and on it a namespace of them."""
    with contextlib.suppress(OSError):
        return f"{platform.node()}/{Path('/proc/self/ns/pid').stat().st_ino}"
    return platform.node()
