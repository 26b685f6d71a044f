"""Scene backends by name: `procedural`, any model that has a manifest, or any hosted one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from gpu_consumers.errors import BackendMissingError
from gpu_consumers.hosted.delivery import stopping
from gpu_consumers.picture.renderer import ProceduralRenderer
from gpu_consumers.ports import SceneRenderer, Urgency
from infra.errors import NotFoundError
from infra.settings import Settings

if TYPE_CHECKING:
    from gpu_consumers.generation.device import Device
    from gpu_consumers.hosted.renderer import FilingDesk

INSTALL = "Install the extra `gpu`: pip install 'swipestream[gpu]'"
PROCEDURAL = ProceduralRenderer.name
#: Told of each device when it is first used, in a thread of its own.
Begun = Callable[["Device"], object]
_lock = threading.Lock()
_devices: dict[str, Device] = {}
_told: list[Begun] = []
_sick: list[Callable[[str], object]] = []


def renderer(
    name: str, config: Settings, urgency: Urgency | None = None, desk: FilingDesk | None = None, *, draft: bool = False
) -> SceneRenderer:
    """The renderer of that name. Raises `BackendMissingError` where it cannot run here, `ConfigurationError`.

    Hosted ones need the desk of a scene task: what they buy is told there. A draft is made with few steps where the
    manifest says how many, else by the procedural one: nothing is bought for it.
    """
    if name == PROCEDURAL:
        return ProceduralRenderer()
    from gpu_consumers.hosted.manifest import hosted

    bought = hosted(config).get(name)
    if bought is not None and draft:
        return ProceduralRenderer()
    if bought is not None and desk is not None:
        from gpu_consumers.hosted.renderer import RemoteRenderer

        return RemoteRenderer(bought, config, desk)
    from gpu_consumers.generation.manifest import manifest
    from gpu_consumers.generation.swaps import swaps

    try:
        found = manifest(swaps(config).get(name, name), config)
    except NotFoundError as error:
        raise BackendMissingError(f"there is no scene backend {name!r}", hint=error.hint) from error
    if draft and found.draft_steps is None:
        return ProceduralRenderer()
    from gpu_consumers.generation.renderer import DiffusersRenderer

    own = device(config)
    if found.name != name and own.models.serving(found.name, name) == name:
        found = manifest(name, config)
    found = found.drafted() if draft else found
    return DiffusersRenderer(own, found, config, urgency)


def device(config: Settings) -> Device:
    """The device that these settings name, tested: one for each process.

    Raises `BackendMissingError` without torch, `SickError` where it fails its self-test.
    """
    with _lock:
        key = repr(config)
        if key not in _devices:
            from gpu_consumers.generation.device import Device

            try:
                made = Device(config)
                made.when_sick.extend(_sick)
                made.diagnose()
                _devices[key] = made
            except ImportError as error:
                raise BackendMissingError("generative models need torch and diffusers", hint=INSTALL) from error
            except (RuntimeError, AssertionError) as error:  # torch's answers to a GPU that is not there
                raise BackendMissingError(f"the device {config.device} cannot be used: {error}") from error
            for begun in _told:
                threading.Thread(target=begun, args=(_devices[key],), name="begun", daemon=True).start()
        return _devices[key]


def when_begun(begun: Begun) -> None:
    """Be told of each device when it is first used."""
    _told.append(begun)


def when_sick(told: Callable[[str], object]) -> None:
    """Be told why a device that is in use fails its self-test."""
    _sick.append(told)
    for each in tuple(_devices.values()):
        each.when_sick.append(told)


def stop() -> None:
    """Let the clips go that wait for a device or a provider: their tasks come again."""
    stopping.set()
    for each in tuple(_devices.values()):
        each.stop()
