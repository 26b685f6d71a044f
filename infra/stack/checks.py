"""What must be true before anything is started, each failure one clear line."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.stack import ports
from infra.stack.errors import DiskFullError, LowMemoryError, NotWritableError, PortInUseError

#: What an empty system with its first videos takes.
DISK_BYTES = 1_500_000_000
#: What both JVMs and the other parts take, measured, and room to render.
MEMORY_BYTES = 1_800_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port that a part will listen on, and the setting that moves it."""

    part: str
    port: int
    setting: str
    host: str = "127.0.0.1"


def check_ports(wanted: list[Wanted]) -> None:
    """Raise PortInUseError for the first port that something else listens on, or that two of `wanted` would share."""
    parts: dict[int, Wanted] = {}
    for each in wanted:
        if (first := parts.setdefault(each.port, each)) is not each:
            raise PortInUseError(
                f"Port {each.port} is meant for both {first.part} and {each.part}.",
                hint=f"Set {first.setting} or {each.setting} to another port.",
            )
        if ports.in_use(each.port, each.host):
            owner = _listener(each.port)
            raise PortInUseError(
                f"Port {each.port}, which {each.part} needs, is in use{owner and f' by {owner}'}.",
                hint=f"Stop that program, or set {each.setting} to another port.",
            )


def check_writable(folder: Path) -> None:
    """Make `folder` and raise NotWritableError when files cannot be made in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise NotWritableError(
            f"{folder} cannot be written: {os.strerror(error.errno or 0)}.",
            hint="Change its owner or mode, or set SWIPESTREAM_DATA_DIR to another folder.",
        ) from error


def check_disk(folder: Path, needed: int = DISK_BYTES) -> None:
    """Raise DiskFullError when fewer than `needed` bytes are free where `folder` is."""
    if (free := shutil.disk_usage(folder).free) < needed:
        raise DiskFullError(
            f"{folder} has {_size(free)} free, {_size(needed)} are needed.",
            hint="Make room, or set SWIPESTREAM_DATA_DIR to a folder on another disk.",
        )


def check_memory(needed: int = MEMORY_BYTES) -> None:
    """Raise LowMemoryError when fewer than `needed` bytes are free by the machine or its container."""
    if (free := available_memory()) < needed:
        raise LowMemoryError(
            f"{_size(free)} of memory are free, {_size(needed)} are needed.",
            hint="Close other programs, or name a Kafka and a Cassandra that run elsewhere in SWIPESTREAM_KAFKA and "
            "SWIPESTREAM_CASSANDRA.",
        )


def available_memory(group: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that new processes can take: what the machine has, or what the limit of its container leaves, if less."""
    free = int(psutil.virtual_memory().available)
    # Absent, or "max", where there is no limit; what the page cache holds is given back when it is needed.
    with contextlib.suppress(OSError, ValueError):
        used = int((group / "memory.current").read_text()) - _page_cache(group)
        free = min(free, int((group / "memory.max").read_text()) - used)
    return free


def _page_cache(group: Path) -> int:
    rows = (line.split() for line in (group / "memory.stat").read_text().splitlines())
    return next((int(value) for key, value in rows if key == "file"), 0)


def _listener(port: int) -> str:
    """Who listens on `port`, where the system lets us know; else an empty string."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
