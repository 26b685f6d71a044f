"""The engine cache: built engines on disk, each with a manifest that says exactly what it was built for.

An entry is used only if its manifest names the very key, format and size that are wanted and the bytes have the
checksum that it states; anything else is removed and built again. Bytes are handed out as bytes: nothing is unpickled.
Processes that want the same engine wait for the one that builds it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from infra.storage.artifacts import fingerprint
from infra.storage.locks import locked
from infra.storage.scratch import own_folder
from infra.telemetry import logs

log = logs.get("engines")

T = TypeVar("T")
FORMAT = 1
ENGINE, MANIFEST = "engine", "manifest.json"
#: Nobody builds for longer than that, in seconds.
LONGEST_BUILD_S = 3600.0


class EngineCache:
    """Engines below one folder, no more than `most` bytes of them; the least recently used go first."""

    def __init__(self, root: Path, most: int) -> None:
        self._root, self._most = root, most

    @property
    def place(self) -> tuple[Path, int]:
        """Where it is and how large it may become: what another process needs to open it."""
        return self._root, self._most

    def has(self, facts: Mapping[str, str]) -> bool:
        """Whether there is an engine for exactly these facts, by its manifest and its size; `get` reads its bytes."""
        return self._whole(facts, _described) is not None

    def get(self, facts: Mapping[str, str]) -> bytes | None:
        """The engine that was built for exactly these facts (graph, shapes, dtype, weights, GPU, driver, versions)."""
        return self._whole(facts, _read)

    def _whole(self, facts: Mapping[str, str], look: Callable[[Path, str], T]) -> T | None:
        """What `look` finds in the entry for these facts; one that is not what it should be is removed."""
        key = fingerprint(**facts)
        folder = self._root / key
        if not folder.is_dir():
            return None
        try:
            found = look(folder, key)
            os.utime(folder / MANIFEST)
        except (OSError, ValueError) as error:
            log.warning("engine not used, it is built again", key=key[:12], reason=str(error))
            shutil.rmtree(folder, ignore_errors=True)
            return None
        return found

    def put(self, facts: Mapping[str, str], engine: bytes) -> None:
        """Keep an engine; others make room for it. One larger than the whole cache is not kept."""
        if len(engine) > self._most:
            return
        key = fingerprint(**facts)
        self._root.mkdir(parents=True, exist_ok=True)
        told = {
            "format": FORMAT, "key": key, "size": len(engine), "sha256": hashlib.sha256(engine).hexdigest(),
            "built": time.time(), "facts": dict(facts),
        }  # fmt: skip
        with own_folder(self._root / ".building") as place:
            made = place / key
            made.mkdir()
            _write(made / ENGINE, engine)
            _write(made / MANIFEST, json.dumps(told, indent=1).encode())
            shutil.rmtree(self._root / key, ignore_errors=True)
            made.rename(self._root / key)
        self._make_room()

    def get_or_build(self, facts: Mapping[str, str], build: Callable[[], bytes]) -> bytes:
        """The engine, built where there is none; by one process at a time. Raises what `build` raises."""
        if (engine := self.get(facts)) is not None:
            return engine
        with self.alone(fingerprint(**facts)):
            if (engine := self.get(facts)) is not None:  # another process was faster
                return engine
            engine = build()
            self.put(facts, engine)
            return engine

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Until the end no other process has the lock of that name. Raises `DeadlineError` after too long a wait."""
        self._root.mkdir(parents=True, exist_ok=True)
        with locked(self._root / f".{key}.lock", LONGEST_BUILD_S):
            yield

    def _make_room(self) -> None:
        entries = sorted(self._root.glob(f"*/{MANIFEST}"), key=lambda path: path.stat().st_mtime)
        sizes = {path: sum(each.stat().st_size for each in path.parent.iterdir()) for path in entries}
        total = sum(sizes.values())
        for path in entries[:-1]:  # the newest is the one that room is made for
            if total <= self._most:
                return
            total -= sizes[path]
            shutil.rmtree(path.parent, ignore_errors=True)


def _described(folder: Path, key: str) -> str:
    """The checksum that an entry states. Raises OSError and ValueError where it is not the one for that key."""
    told = json.loads((folder / MANIFEST).read_bytes())
    if not isinstance(told, dict) or told.get("format") != FORMAT or told.get("key") != key:
        raise ValueError("the manifest is not of this engine")
    if fingerprint(**told.get("facts", {})) != key:
        raise ValueError("it was built for something else")
    if told.get("size") != (folder / ENGINE).stat().st_size:
        raise ValueError("it is not as large as what was built")
    return str(told.get("sha256"))


def _read(folder: Path, key: str) -> bytes:
    """The engine. Raises as `_described`, and for bytes that have another checksum."""
    stated, engine = _described(folder, key), (folder / ENGINE).read_bytes()
    if stated != hashlib.sha256(engine).hexdigest():
        raise ValueError("the bytes are not those that were built")
    return engine


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
