"""What the parts of the local stack have in common: ports of this machine, a folder that holds all of it, a JVM."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from infra.stack import jars
from infra.stack.java import find_java

_JVM = (
    "-XX:+UseSerialGC",
    # The quick compiler alone: half the CPU while it starts and warms up, which on few cores is what counts.
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
)


@dataclass(frozen=True, slots=True)
class LocalPart:
    """A server on `127.0.0.1:port`, another port of its own next to it, and everything it keeps in `data_dir`."""

    data_dir: Path
    port: int

    @property
    def address(self) -> str:
        """Where clients begin."""
        return f"127.0.0.1:{self.port}"

    @property
    def ports(self) -> tuple[int, ...]:
        """Every port it listens on."""
        return self.port, self.port + 1

    def _cleared(self) -> Path:
        """Its folder, with an empty one for temporary files: what a process left there that was killed goes."""
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._temporary.mkdir(parents=True)
        return self.data_dir

    def _java(self, part: str, *options: str) -> list[str]:
        """The command that runs a main class of `part`, but for its name."""
        temporary = f"-Djava.io.tmpdir={self._temporary}"
        return [str(find_java()), *_JVM, temporary, *options, "-cp", jars.class_path(part)]

    @property
    def _temporary(self) -> Path:
        return self.data_dir / "tmp"
