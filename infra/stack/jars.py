"""The jars of the local stack, downloaded once with jgo into the cache and checked against `jars.lock`."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from infra.stack import lock
from infra.stack.errors import DownloadError
from infra.stack.lock import Jar

#: Told how many more bytes have arrived.
Progress = Callable[[int], None]

_ATTEMPTS = 3
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
        from jgo.maven import MavenContext, PythonResolver

        repositories = {"mirror": mirror} if mirror else None
        resolver = PythonResolver(progress_callback=self._report)
        self.context = MavenContext(resolver, repo_cache=staging, remote_repos=repositories, timeout=30)
        self.progress = progress
        self.cancelled = threading.Event()

    def run(self, jars: list[Jar]) -> None:
        with ThreadPoolExecutor(12, thread_name_prefix="jars") as pool:
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
            except (OSError, RuntimeError) as error:
                jar.artifact(self.context).cached_path.unlink(missing_ok=True)
                if attempt == _ATTEMPTS or self.cancelled.is_set():
                    raise DownloadError(f"{jar.filename} could not be downloaded: {error}", hint=_HINT) from error

    def _try(self, jar: Jar) -> None:
        path: Path = jar.artifact(self.context).resolve()
        if hashlib.sha256(path.read_bytes()).hexdigest() != jar.sha256:
            raise OSError("its content is not what jars.lock says")
        path.replace(cache_dir() / jar.filename)

    @contextmanager
    def _report(self, _filename: str, _size: int) -> Iterator[Callable[[int], None]]:
        def update(count: int) -> None:
            if self.cancelled.is_set():
                raise OSError("cancelled")
            self.progress(count)

        yield update
