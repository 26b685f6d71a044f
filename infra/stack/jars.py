"""The jars of the local stack, downloaded once into the cache and checked against `jars.lock`, which jgo resolved."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.stack import lock
from infra.stack.errors import DownloadError
from infra.stack.lock import Jar

#: Told how many more bytes have arrived.
Progress = Callable[[int], None]

_ATTEMPTS = 3
_AT_ONCE = 12
_CHUNK = 64 * 1024
_HINT = "Check the network and run it again; what has arrived is kept. SWIPESTREAM_MAVEN may name a mirror."


def cache_dir() -> Path:
    """Where jars are kept between runs: `$XDG_CACHE_HOME/swipestream/jars`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "swipestream" / "jars"


def class_path(part: str) -> str:
    """The class path of `part`, whose jars `fetch` has brought."""
    return os.pathsep.join(str(cache_dir() / jar.filename) for jar in lock.read(part))


def missing(*parts: str) -> list[Jar]:
    """The jars that are not in the cache yet."""
    wanted = {jar.filename: jar for part in parts for jar in lock.read(part)}
    return [jar for jar in wanted.values() if not _present(jar)]


def fetch(*parts: str, mirror: str = "", progress: Progress = lambda _: None) -> None:
    """Download the jars of `parts` that are missing, from Maven Central or the repository at `mirror`.

    Safe to interrupt, and to run in several processes at once: a jar appears in the cache whole
    and checked, or not at all.
    """
    if not (jars := missing(*parts)):
        return
    cache_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=cache_dir()) as staging:
        _Download(Path(staging), mirror, progress).run(jars)


def _present(jar: Jar) -> bool:
    try:
        return (cache_dir() / jar.filename).stat().st_size == jar.size
    except OSError:
        return False


class _Download:
    def __init__(self, staging: Path, mirror: str, progress: Progress) -> None:
        # Imported here: a run that finds every jar in the cache need not load an HTTP client.
        import httpx
        from jgo.constants import MAVEN_CENTRAL_URL

        self.repository = (mirror or MAVEN_CENTRAL_URL).rstrip("/")
        # One client for all: jgo's own download makes a connection and a TLS context for each file.
        self.client = httpx.Client(timeout=30, follow_redirects=True)
        self.staging, self.progress = staging, progress
        self.cancelled = threading.Event()

    def run(self, jars: list[Jar]) -> None:
        with self.client, ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="jars") as pool:
            try:
                # The large ones first: they decide how long it takes.
                for _ in pool.map(self._one, sorted(jars, key=lambda jar: -jar.size)):
                    pass
            except BaseException:
                self.cancelled.set()
                pool.shutdown(cancel_futures=True)
                raise

    def _one(self, jar: Jar) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._try(jar)
            # Not httpx's own error alone: the disk and the hash may be wrong as well.
            except Exception as error:
                self.progress(-self._arrived(jar))
                if attempt == _ATTEMPTS or self.cancelled.is_set():
                    raise DownloadError(f"{jar.filename} could not be downloaded: {error}", hint=_HINT) from error

    def _arrived(self, jar: Jar) -> int:
        file = self.staging / jar.filename
        return file.stat().st_size if file.exists() else 0

    def _try(self, jar: Jar) -> None:
        digest, file = hashlib.sha256(), self.staging / jar.filename
        with self.client.stream("GET", f"{self.repository}/{jar.path}") as answer, file.open("wb") as output:
            for chunk in answer.raise_for_status().iter_bytes(_CHUNK):
                if self.cancelled.is_set():
                    return
                output.write(chunk)
                digest.update(chunk)
                self.progress(len(chunk))
        if digest.hexdigest() != jar.sha256:
            raise ValueError("its content is not what jars.lock says")
        file.replace(cache_dir() / jar.filename)
