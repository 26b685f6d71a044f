"""The models on a device, and those that made way and wait in the host's memory to come back."""

from __future__ import annotations

import gc
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gpu_consumers.generation import boundaries, tiles
from gpu_consumers.generation.embeddings import Embeddings
from gpu_consumers.generation.host import Host
from gpu_consumers.generation.loading import shell
from gpu_consumers.generation.manifest import Manifest, manifest
from gpu_consumers.generation.resident import Resident
from gpu_consumers.generation.shelf import Shelf
from gpu_consumers.generation.swaps import swaps
from infra.settings import Settings
from infra.telemetry import logs, metrics

if TYPE_CHECKING:
    from gpu_consumers.generation.takeover import Takeover

log = logs.get("device")

#: A model that could not be read ahead is tried again after so many seconds.
RETRY_S = 60.0


class Residents:
    """Used by whoever has the turn on the device, but for `serving`, `find` and `near`.

    `timed` is called with the seconds that bringing a model onto the device took, and whether it came from the host.
    """

    def __init__(
        self, config: Settings, place: Any, host: Host, engines: Takeover, timed: Callable[[str, float, bool], object],
        capacity: int,
    ) -> None:  # fmt: skip
        self._config, self._place, self._host, self._engines, self._timed = config, place, host, engines, timed
        self._capacity = capacity
        self._here: dict[str, Resident] = {}
        self._shelf: Shelf[Resident] = Shelf(host.budget, self._bound)
        self._users: Counter[str] = Counter()
        self._awaited: set[str] = set()  #: read ahead because they are to stand in for others
        self._reading: set[str] = set()  #: being read ahead now
        self._failed: dict[str, float] = {}  #: when reading them ahead last failed
        self._coming: set[str] = set()  #: next on the device, once others have left it
        self._embeddings, self._lock = Embeddings(), threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The models on the device."""
        return tuple(self._here)

    def near(self, name: str) -> bool:
        """Whether a model waits in the host's memory."""
        return name in self._shelf

    def find(self, name: str) -> Resident | None:
        """A model on the device or in the host's memory."""
        return self._here.get(name) or self._shelf.get(name)

    def of(self, name: str) -> Resident:
        """A model, on the device: brought there where it is not yet."""
        if name not in self._here:
            self._arrive(manifest(name, self._config))
        return self._here[name]

    def pipe(self, name: str) -> Any:
        """Its pipeline."""
        return self.of(name).pipe

    def shell(self, name: str) -> Any:
        """A pipeline for one clip."""
        own = shell(self.pipe(name))
        self._embeddings.lend(name, own)
        return own

    @contextmanager
    def using(self, name: str) -> Iterator[None]:
        """Until the end the model is not let go for good: who waits in the middle of a clip goes on with this one."""
        with self._lock:
            self._users[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._users[name] -= 1
            self._expect()
            self._shelf.trim()
            self._count()

    @contextmanager
    def expecting(self, name: str | None) -> Iterator[None]:
        """Until the end a model that waits in the host's memory stays there for its turn, which is next."""
        self._coming = {name} if name else set()
        try:
            yield
        finally:
            self._coming = set()

    def serving(self, name: str, before: str) -> str:
        """The model to use now where `name` stands in for `before`: that one until `name` is in the host's memory."""
        if self.find(name) or not self.find(before):
            return name
        with self._lock:
            lately = name in self._failed and time.monotonic() - self._failed[name] < RETRY_S
            if not (lately or self.find(name)):
                self._awaited.add(name)
                if name not in self._reading:
                    self._reading.add(name)
                    threading.Thread(target=self._read_ahead, args=(name,), daemon=True).start()
        return before

    def _read_ahead(self, name: str) -> None:
        try:
            read = Resident(manifest(name, self._config), self._config)
            self._expect()
            with self._lock:
                if name in self._awaited:  # else somebody could not wait, or nobody wants it any more
                    self._shelf.put(name, read, read.size)
        except Exception as error:  # noqa: BLE001 - whatever it is, the old model goes on
            log.error("the model that was to stand in cannot be loaded", model=name, reason=str(error))
            with self._lock:
                self._awaited.discard(name)
                self._failed[name] = time.monotonic()
        finally:
            with self._lock:
                self._reading.discard(name)
        self._count()

    def _expect(self) -> None:
        """Count no longer on models whose swap was undone."""
        standing = set(swaps(self._config).values())
        with self._lock:
            self._awaited &= standing

    def keep(self, kept: str) -> list[str]:
        """Let all models but that one leave the device; their names."""
        left = [name for name in self._here if name != kept]
        for name in left:
            self._leave(name)
        self.free()
        return left

    def drop(self, name: str) -> None:
        """Let a model, if it is there, leave the device: for the host's memory if that has room for it, else for good;
        and let go of the memory that nobody holds any more."""
        if name in self._here:
            self._leave(name)
        self.free()

    def free(self) -> None:
        """Let go of the device's memory that nobody holds any more."""
        gc.collect()
        if self._place.type == "cuda":
            import torch

            torch.cuda.empty_cache()

    def _leave(self, name: str) -> None:
        began, leaving = time.monotonic(), self._here.pop(name)
        self._embeddings.forget(name)
        if self._shelf.takes(name, size := leaving.size):
            self.free()  # what was let go for it, before it needs that room
            self._engines.leaving(leaving.pipe)
            try:
                leaving.move("cpu", self._host.moved)
            except (RuntimeError, MemoryError) as error:  # half of it is there: nobody can use that
                log.error("model lost on its way to the host's memory", model=name, reason=str(error))
                return
            self._shelf.put(name, leaving, size)
            seconds = round(time.monotonic() - began, 2)
            log.info("model moved to the host's memory", model=name, device=str(self._place), seconds=seconds)
        else:
            log.info("model dropped", model=name, device=str(self._place))
        self._count()

    def _arrive(self, wanted: Manifest) -> None:
        began, name, found = time.monotonic(), wanted.name, self._waiting(wanted)
        if wanted.fp8:
            from gpu_consumers.generation.float8 import fuses

            fuses(self._place)  # refused before all is read for nothing
        arriving = found or Resident(wanted, self._config)
        if tiles.needed(arriving.wanted, self._capacity):
            tiles.use(arriving.pipe.vae)
        try:
            with boundaries.undisturbed(), arriving.cache.aside():
                arriving.arrive(self._place, self._host.moved)
                self._engines.promised(arriving.wanted, arriving.pipe)
        except BaseException:
            self._engines.leaving(arriving.pipe, all_of_them=True)
            arriving.move("cpu", self._host.moved)  # whole, for the next time
            raise
        self._here[name] = arriving
        with self._lock:
            self._awaited.discard(name)
            self._shelf.pop(name)
        settle(self._place)
        seconds, source = time.monotonic() - began, "host" if found else "disk"
        self._timed(name, seconds, found is not None)
        self._count()
        metrics.MODEL_LOADS.labels(source=source).inc()
        log.info("model loaded", model=name, device=str(self._place), source=source, seconds=round(seconds, 2))

    def _waiting(self, wanted: Manifest) -> Resident | None:
        """The model that waits in the host's memory, unless its manifest says something else by now."""
        found = self._shelf.get(wanted.name)
        return found if found and (found.wanted == wanted or self._users[wanted.name]) else None

    def _bound(self, name: str) -> bool:
        return self._users[name] > 0 or name in self._awaited or name in self._coming

    def _count(self) -> None:
        metrics.HOST_CACHE.set(self._shelf.held)


def settle(place: Any) -> None:
    """Wait until a device has done what it was asked to."""
    if place.type == "cuda":
        import torch

        torch.cuda.synchronize(place)
