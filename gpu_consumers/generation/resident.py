"""One loaded model with all that goes where it goes: to the host's memory, and back as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gpu_consumers.generation import boundaries, previews
from gpu_consumers.generation.caches import StepCache
from gpu_consumers.generation.loading import denoisers, load
from gpu_consumers.generation.manifest import Manifest
from gpu_consumers.generation.networks import Networks
from gpu_consumers.generation.showing import show
from gpu_consumers.generation.styles import Styles
from gpu_consumers.generation.weights import locate
from infra.settings import Settings

#: A tensor's values in the memory of a torch device.
Moved = Callable[[Any, Any], Any]


class Resident:
    """Read by any thread, onto the host; used by whoever has the turn on the device.

    Its modules and tensors are the same objects wherever their values lie, so all that knows them goes on knowing them:
    hooks, engines that compute with them, clips that wait in the middle, the mix of styles that is merged into them.
    """

    def __init__(self, wanted: Manifest, config: Settings) -> None:
        """Raises as `locate`, `load` and `StepCache`."""
        self.wanted, self.pipe = wanted, load(wanted, locate(wanted, config))
        self.cache = StepCache(self.pipe, wanted)
        self.styles = Styles(self.pipe, wanted, config)
        #: From its latents to a picture, for previews; None where nothing can tell. A tiny VAE stays on the device.
        self.show: previews.Show | None = None
        #: Those that its frames go through, once they are loaded.
        self.networks: Networks | None = None
        boundaries.install(self.pipe, blocks=wanted.boundaries == "blocks")

    @property
    def size(self) -> int:
        """Bytes that it takes on the host: its weights, and what its styles keep there."""
        return sum(int(one.nbytes) for one in self._tensors()) + self.styles.held

    def arrive(self, place: Any, moved: Moved) -> None:
        """Onto the device. Raises as `readied`, and what torch raises without the memory."""
        from gpu_consumers.generation.float8 import readied

        for _, module in denoisers(self.pipe):
            readied(module, place)
        self.move(place, moved)
        self.show = self.show or show(self.pipe, self.wanted, place)

    def move(self, place: Any, moved: Moved) -> None:
        """Let the values of all its tensors lie there."""
        for one in self._tensors():
            one.data = moved(one.data, place)

    def _tensors(self) -> list[Any]:
        """Each once: some are in several modules."""
        found = (one for module in self._modules() for one in (*module.parameters(), *module.buffers()))
        return list({id(one): one for one in found}.values())

    def _modules(self) -> Iterator[Any]:
        yield from (part for part in self.pipe.components.values() if hasattr(part, "parameters"))
        yield from self.networks.modules if self.networks else ()
