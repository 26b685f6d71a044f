"""The models on a device: loaded when they are first asked for, and all that is loaded with them."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from gpu_consumers.generation import boundaries, previews
from gpu_consumers.generation.caches import StepCache
from gpu_consumers.generation.embeddings import Embeddings
from gpu_consumers.generation.loading import load, shell
from gpu_consumers.generation.manifest import Manifest, manifest
from gpu_consumers.generation.networks import Networks
from gpu_consumers.generation.showing import show
from gpu_consumers.generation.styles import Styles
from gpu_consumers.generation.weights import locate
from infra.settings import Settings
from infra.telemetry import logs

log = logs.get("device")


class Residents:
    """Used by whoever has the turn on the device, but for `serving`.

    `arrived` is called with each pipeline before its first clip, `timed` with the seconds that loading took.
    """

    def __init__(
        self, config: Settings, place: Any, arrived: Callable[[Manifest, Any], object],
        timed: Callable[[str, float], object],
    ) -> None:  # fmt: skip
        self._config, self._place, self._arrived, self._timed = config, place, arrived, timed
        self.pipes: dict[str, Any] = {}
        #: Those that a model's frames go through, once they are loaded.
        self.networks: dict[str, Networks] = {}
        self._shows: dict[str, previews.Show | None] = {}
        self._embeddings = Embeddings()
        self._styles: dict[str, Styles] = {}
        self._caches: dict[str, StepCache] = {}
        self._waiting: dict[str, Future[Any]] = {}  #: loaded, or being loaded, into the host's memory
        self._lock = threading.Lock()

    def pipe(self, name: str) -> Any:
        """The pipeline of a model, on the device: loaded where it is not yet."""
        if name not in self.pipes:
            self.pipes[name] = self._load(manifest(name, self._config))
        return self.pipes[name]

    def serving(self, name: str, before: str) -> str:
        """The model to use now where `name` stands in for `before`: that one until `name` is loaded beside it."""
        if name in self.pipes or before not in self.pipes:
            return name
        with self._lock:
            if name not in self._waiting:
                self._waiting[name] = Future()
                threading.Thread(target=self._warm, args=(name, self._waiting[name]), daemon=True).start()
        loaded = self._waiting[name]
        return name if loaded.done() and loaded.exception() is None else before

    def _warm(self, name: str, loaded: Future[Any]) -> None:
        try:
            wanted = manifest(name, self._config)
            loaded.set_result(load(wanted, locate(wanted, self._config)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the old model goes on
            log.error("the model that was to stand in cannot be loaded", model=name, reason=str(error))
            loaded.set_exception(error)

    def shell(self, name: str) -> Any:
        """A pipeline for one clip."""
        own = shell(self.pipe(name))
        self._embeddings.lend(name, own)
        return own

    def styles(self, name: str) -> Styles:
        """The styles of a loaded model."""
        self.pipe(name)
        return self._styles[name]

    def cache(self, name: str) -> StepCache:
        """The step cache of a loaded model."""
        self.pipe(name)
        return self._caches[name]

    def show(self, name: str) -> previews.Show | None:
        """From the latents of a loaded model to a picture, for previews; None where nothing can tell."""
        return self._shows.get(name)

    def keep(self, kept: str) -> None:
        """Let go of all models but that one."""
        for name in [name for name in self.pipes if name != kept]:
            self.drop(name)
        self.drop("")

    def drop(self, name: str) -> None:
        """Let go of a model, if it is here, and of the memory that nobody holds any more."""
        self._embeddings.forget(name)
        self._shows.pop(name, None)
        self._styles.pop(name, None)
        self._caches.pop(name, None)
        self.networks.pop(name, None)
        if self.pipes.pop(name, None) is not None:
            log.info("model dropped", model=name, device=str(self._place))
        gc.collect()
        if self._place.type == "cuda":
            import torch

            torch.cuda.empty_cache()

    def _load(self, wanted: Manifest) -> Any:
        began, waiting = time.monotonic(), self._waiting.pop(wanted.name, None)
        ready = waiting.result() if waiting and waiting.done() and not waiting.exception() else None
        from gpu_consumers.generation.float8 import fuses, placed

        if wanted.fp8:
            fuses(self._place)  # refused before all is read for nothing
        pipe = placed(ready or load(wanted, locate(wanted, self._config)), self._place)
        self._caches[wanted.name] = StepCache(pipe, wanted)
        self._arrived(wanted, pipe)
        boundaries.install(pipe, blocks=wanted.boundaries == "blocks")
        self._shows[wanted.name] = show(pipe, wanted, self._place)
        self._styles[wanted.name] = Styles(pipe, wanted, self._config)
        settle(self._place)
        self._timed(wanted.name, time.monotonic() - began)
        log.info("model loaded", model=wanted.name, device=str(self._place), seconds=round(time.monotonic() - began, 2))
        return pipe


def settle(place: Any) -> None:
    """Wait until a device has done what it was asked to."""
    if place.type == "cuda":
        import torch

        torch.cuda.synchronize(place)
