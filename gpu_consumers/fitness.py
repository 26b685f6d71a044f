"""Whether this worker may take scenes: its device passes the self-test, and its models are loaded and warm."""

from __future__ import annotations

from collections.abc import Callable

from gpu_consumers import backends
from infra.errors import SwipestreamError
from infra.settings import Settings
from infra.telemetry import logs, metrics

log = logs.get("fitness")


class Fitness:
    """Asked before the worker joins the group of the scenes, and by `/readyz`."""

    def __init__(self, config: Settings, warm: Callable[[Settings], None] | None = None) -> None:
        self._config, self._warm = config, warm or warm_up
        #: Why no scenes are taken; empty: they are.
        self.why = ""
        self._say("" if not self.needed else "it is warming up")

    @property
    def needed(self) -> bool:
        """Only where a device or models are named: a worker that draws on the CPU needs neither."""
        return bool(self._config.warm_models) or self._config.device.startswith("cuda")

    @property
    def ready(self) -> bool:
        """Whether scenes are taken."""
        return not self.why

    def tried(self) -> bool:
        """Test and warm; whether all is well now. Says why not, and may be called again."""
        try:
            self._warm(self._config)
        except SwipestreamError as error:
            self._say(str(error))
            log.error("no scenes are taken", why=self.why, hint=error.hint)
            return False
        self._say("")
        return True

    def lost(self, why: str) -> None:
        """The device has failed at work."""
        self._say(why)

    def _say(self, why: str) -> None:
        self.why = why
        metrics.READY.set(self.ready)


def warm_up(config: Settings) -> None:
    """Test the device, then load each model of the setting `warm_models` and make a step with it."""
    device = backends.device(config)
    for name in config.warm_models:
        device.warm(name)
