"""Take a file in: to disk as it comes, by its bytes known, decoded once, and then into the media store as a whole."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import BadInputError, UnavailableError
from query_api.uploads.kinds import HEAD, KINDS, Kind, known

#: Seconds that decoding may take, that a file waits for its turn, and how many are decoded at a time.
PROBE_S, TURN_S, AT_A_TIME = 30.0, 10.0, 2
TAKEN = ", ".join(kind.media_type for kind in KINDS)


class NotTakenError(BadInputError):
    """The file is of no type that is taken."""


class UndecodableError(BadInputError):
    """The file is not what it says."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What is in a file."""

    kind: Kind
    width: int
    height: int
    duration_ms: int


@contextlib.asynccontextmanager
async def received(chunks: AsyncIterator[bytes]) -> AsyncIterator[Path]:
    """The file while the block runs; whatever happens, nothing of it stays. Raises NotTakenError on its first bytes."""
    number, name = tempfile.mkstemp(prefix="upload-")  # for its owner alone
    path = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            await _written(chunks, file)
        yield path
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def _written(chunks: AsyncIterator[bytes], file: Any) -> None:
    head = b""
    async for chunk in chunks:
        if len(head) < HEAD:
            head += chunk[: HEAD - len(head)]
            if len(head) == HEAD and known(head) is None:
                raise NotTakenError(f"Taken are {TAKEN}.")
        await asyncio.to_thread(file.write, chunk) if len(chunk) > 262_144 else file.write(chunk)
    if known(head) is None:
        raise NotTakenError(f"Taken are {TAKEN}.")


class Prober:
    """Looks into files, a few at a time."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(AT_A_TIME)

    async def probe(self, path: Path) -> Probed:
        """What is in a file. Raises NotTakenError, UndecodableError, and UnavailableError when too many wait."""
        with path.open("rb") as file:
            kind = known(file.read(HEAD))
        if kind is None:
            raise NotTakenError(f"Taken are {TAKEN}.")
        try:
            await asyncio.wait_for(self._room.acquire(), TURN_S)
        except TimeoutError as error:
            raise UnavailableError("Too many files are being looked at.") from error
        try:
            return Probed(kind, **await _decoded(path, kind))
        finally:
            self._room.release()


async def _decoded(path: Path, kind: Kind) -> dict[str, int]:
    command = [sys.executable, "-m", "query_api.uploads.probe", str(path), kind.kind.value]
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    try:
        told, _ = await asyncio.wait_for(process.communicate(), PROBE_S)
    except TimeoutError as error:
        raise UndecodableError("Looking at it takes too long.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        found = json.loads(told)
    except ValueError as error:  # the decoder was killed by its limits, or crashed
        raise UndecodableError("It cannot be decoded.") from error
    if process.returncode:
        raise UndecodableError(str(found["why"]))
    return {name: int(found[name]) for name in ("width", "height", "duration_ms")}
