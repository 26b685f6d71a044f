"""A part's log on disk, and its lines on the terminal."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO

_MOST_BYTES = 16 * 1024 * 1024
_LONGEST_LINE = 8 * 1024
#: How Kafka and Cassandra say it, and our own processes, in text and in JSON.
_TROUBLE = re.compile(
    r"^\S+ +(ERROR|FATAL)\b|^Exception in thread|java\.lang\.OutOfMemoryError"
    r'|^\S+ \[(warning|error|critical) *\]|^\{.*"level": "(warning|error|critical)"'
)
#: What people wait for.
_NEWS = re.compile(r'^\S+ \[info *\] published\b|^\{.*"event": "published"')
_RECORD = re.compile(r"\d+[-:]|\{")


class LogFile:
    """An append-only file that keeps its last 16 MB to 32 MB: when it is full it becomes `<name>.1`."""

    def __init__(self, path: Path, most_bytes: int = _MOST_BYTES) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._most = most_bytes
        self._file: IO[bytes] = path.open("ab")

    def write(self, data: bytes) -> None:
        """Append, and let it be read at once."""
        if self._file.tell() + len(data) > self._most:
            self._file.close()
            self.path.replace(self.path.with_name(self.path.name + ".1"))
            self._file = self.path.open("ab")
        self._file.write(data)
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class Lines:
    """Cuts a stream of bytes into lines of text and hands each to `show`; a line without end is cut after 8 KiB."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def feed(self, data: bytes) -> None:
        """Take some bytes."""
        *lines, self._rest = (self._rest + self._decode(data)).split("\n")
        for line in lines:
            self._show(line.rstrip("\r"))
        if len(self._rest) > _LONGEST_LINE:
            self.end()

    def end(self) -> None:
        """Show what is left without a line end."""
        if self._rest:
            self._show(self._rest)
            self._rest = ""


class Notable:
    """Whether a line of a quiet part belongs on the terminal all the same: trouble, with its traceback, and news."""

    def __init__(self) -> None:
        self._tracing = False

    def __call__(self, line: str) -> bool:
        """Asked for each line in turn."""
        if _RECORD.match(line):
            self._tracing = False
        elif line.startswith("Traceback"):
            self._tracing = True
        return self._tracing or bool(_TROUBLE.search(line) or _NEWS.search(line))


def tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log, for an error message."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16_384))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
