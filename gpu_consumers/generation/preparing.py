"""A model on its way from eager to the fastest that works here, in a thread that no clip waits for.

By turns on the device: look what is in the engine cache, prove it, let it take over. What is not there is built between
those turns by a process of its own; what fails is given up with its reason, and the next accelerator tried.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from gpu_consumers.acceleration.backends import Eager
from gpu_consumers.acceleration.cache import LONGEST_BUILD_S
from gpu_consumers.acceleration.chain import Choice
from gpu_consumers.errors import BackendError
from gpu_consumers.generation.builder import Ordered
from gpu_consumers.generation.manifest import GIB
from infra.errors import UnavailableError
from infra.telemetry import logs
from schemas.videos import Fallback

if TYPE_CHECKING:
    from gpu_consumers.generation.device import Device
    from gpu_consumers.generation.takeover import Takeover

log = logs.get("engines")

EAGER = Choice(Eager.name, Eager.name)
MEANWHILE = replace(
    EAGER, fallbacks=(Fallback(backend="accelerators", reason="they are being prepared"),), settled=False
)  # fmt: skip


class Preparing:
    """Of one model on one device. `choice` is what it runs on; whoever has the turn changes it."""

    def __init__(self, device: Device, engines: Takeover, name: str) -> None:
        self._device, self._engines, self._name = device, engines, name
        self.choice = MEANWHILE
        self.progress = "looking what is built"
        #: Why an accelerator is given up, by stage (`denoiser`, `vae`) and name.
        self.refused: dict[str, dict[str, str]] = defaultdict(dict)
        #: What had been built before has taken over, or nothing had.
        self.tried = threading.Event()
        self.done = threading.Event()

    def start(self) -> None:
        """Begin, in a thread."""
        threading.Thread(target=self._run, name=f"prepare-{self._name}", daemon=True).start()

    def _run(self) -> None:
        try:
            self._settle()
        except UnavailableError:
            log.info("the worker stops, nothing more is prepared", model=self._name)
        except Exception as error:  # noqa: BLE001 - whatever it is, clips are made eagerly
            log.error("the accelerators cannot be prepared", model=self._name, reason=str(error))
            told = Fallback(backend="accelerators", reason=f"{type(error).__name__}: {error}"[:2000])
            self.choice = replace(EAGER, fallbacks=(told,))
        self.tried.set()
        self.done.set()

    def _settle(self) -> None:
        built = set[str]()
        while (wanted := self._engines.attempt(self._name, self)) is not None:
            self.tried.set()
            label = wanted.order.label
            try:
                if label in built:
                    raise BackendError(
                        "what was built is not in the cache: does that hold so much (SWIPESTREAM_ENGINE_CACHE_GIB)?"
                    )
                built.add(label)
                self._build(wanted)
            except BackendError as error:
                log.warning("engines cannot be built", model=self._name, what=label, reason=str(error))
                self.refused[wanted.stage][wanted.order.accelerator] = str(error)

    def _build(self, wanted: Ordered) -> None:
        """Beside the clips: so much memory is left to it that neither it nor they run out."""
        self.progress = f"{wanted.order.label}: waits for its turn"
        with self._engines.builder.alone(), self._room(wanted):
            self._engines.builder.build(wanted, self._told)

    @contextmanager
    def _room(self, wanted: Ordered) -> Iterator[None]:
        turnstile, end = self._device.turnstile, time.monotonic() + LONGEST_BUILD_S
        needed = self._engines.needed(self._name, wanted.size)
        while not turnstile.set_aside(needed):
            if time.monotonic() > end:
                raise BackendError(f"there was no memory to build it in beside the clips: {needed / GIB:.1f} GiB")
            time.sleep(0.2)
        try:
            self._engines.make_way(self._name)
            yield
        finally:
            turnstile.set_aside(0)

    def _told(self, progress: str) -> None:
        self.progress = progress
