"""The jars of the local stack, pinned: `jars.lock` names each one with its size and SHA-256.

`python -m infra.stack.lock` resolves them anew with jgo and rewrites the file.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCK_FILE = Path(__file__).with_name("jars.lock")

#: What each part asks for. Each is resolved on its own: together, jgo lets one root manage the versions of another.
ROOTS = {
    "kafka": ("org.apache.kafka:kafka_2.13:4.3.1", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"),
    "cassandra": ("org.apache.cassandra:cassandra-all:5.0.9",),
}

#: Native libraries of systems that the local stack does not run on.
_FOREIGN = ("windows-", "linux-riscv64")


@dataclass(frozen=True, slots=True)
class Jar:
    """One published file: `group:artifact:version[:classifier]`, its size in bytes and its SHA-256 in hex."""

    coordinate: str
    size: int
    sha256: str

    @property
    def filename(self) -> str:
        """The name it has in the repository, unique within the lock."""
        _, artifact, version, *classifier = self.coordinate.split(":")
        return "-".join((artifact, version, *classifier)) + ".jar"

    @property
    def path(self) -> str:
        """Where it lies in a Maven repository."""
        group, artifact, version, *_ = self.coordinate.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.filename}"

    def artifact(self, context: Any) -> Any:
        """The jgo artifact, for a jgo `MavenContext`."""
        group, name, version, *classifier = self.coordinate.split(":")
        return context.project(group, name).at_version(version).artifact(*classifier)


def read(part: str, path: Path | None = None) -> tuple[Jar, ...]:
    """The jars of `part` (`kafka` or `cassandra`), in class path order."""
    rows = (line.split() for line in (path or LOCK_FILE).read_text().splitlines() if line and not line.startswith("#"))
    return tuple(Jar(coordinate, int(size), sha256) for name, coordinate, size, sha256 in rows if name == part)


def write(path: Path = LOCK_FILE) -> None:
    """Resolve every root, hash every jar, and rewrite the lock."""
    lines = ["# part group:artifact:version[:classifier] bytes sha256  (made by: python -m infra.stack.lock)"]
    with tempfile.TemporaryDirectory() as cache, ThreadPoolExecutor(16) as pool:
        for part in ROOTS:
            jars = pool.map(_hashed, _resolve(part, Path(cache)))
            lines += [f"{part} {jar.coordinate} {jar.size} {jar.sha256}" for jar in jars]
    path.write_text("\n".join(lines) + "\n")


def _resolve(part: str, cache: Path) -> list[Any]:
    from jgo.maven import Dependency, MavenContext

    context = MavenContext(repo_cache=cache, timeout=60)
    found: dict[tuple[str, str, str], Any] = {}
    for root in ROOTS[part]:
        inputs, transitive = context.resolver.resolve([Dependency(Jar(root, 0, "").artifact(context), "compile")])
        for dependency in (*inputs, *transitive):
            # The first root wins: it is the part itself, the others only add to it.
            found.setdefault((dependency.groupId, dependency.artifactId, dependency.classifier), dependency)
    return [each.artifact for each in found.values() if not each.classifier.startswith(_FOREIGN)]


def _hashed(artifact: Any) -> Jar:
    content = artifact.resolve().read_bytes()
    names = (artifact.groupId, artifact.artifactId, artifact.version, artifact.classifier)
    return Jar(":".join(filter(None, names)), len(content), hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:]))
